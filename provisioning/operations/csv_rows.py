"""Rows of CSV (RFC 4180) that a spreadsheet opens as text. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

import msgspec

_FORMULA = re.compile(r"(^|[;\t\r\n])(?=\s*[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r\n])")
"""Where a spreadsheet may begin to read a formula (OWASP: CSV injection): at the beginning of a
cell, and behind what parts cells or lines where the comma does not, as in many countries.
"""


def csv_row(values: Iterable[object]) -> str:
    """One row with its line end. Nothing is empty; what is nested is JSON in one cell.

    A text that could be taken for a formula has an apostrophe before it.
    """
    text = io.StringIO(newline="")
    csv.writer(text).writerow([_cell(value) for value in values])
    return text.getvalue()


def _cell(value: object) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return _FORMULA.sub(r"\1'", text)
