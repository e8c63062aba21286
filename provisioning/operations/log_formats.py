"""Entries of the provisioning log as JSON Lines and as CSV. Pure.

A line of JSON Lines is the very document that the JSON answers list. In CSV the member that a
change is about has three columns, and lists (``modified_properties``, ``steps``) are JSON in one
cell.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from provisioning.errors import InvalidRequest, Problem, cut
from provisioning.operations.csv_rows import csv_row
from provisioning.operations.documents import Document

COLUMNS = (
    *("time", "status", "action", "object_type", "name", "reason_code", "reason"),
    *("error_code", "remedy", "source_id", "target_id"),
    *("member_name", "member_source_id", "member_target_id"),
    *(
        "cycle_id",
        "cause",
        "attempt",
        "duration_ms",
        "latency_ms",
        "change_id",
        "request_id",
        "trace_id",
    ),
    *("id", "job_id", "tenant_id", "service_principal_id", "target_system"),
    *("modified_properties", "steps"),
)
"""Of CSV, in their order; further ones are added at the end."""

_MEMBER = "member_"


class LogFormat(StrEnum):
    """How entries are written, one after another."""

    JSONL = "jsonl"
    CSV = "csv"

    @property
    def media_type(self) -> str:
        """As an HTTP answer names it."""
        return "application/jsonl" if self is LogFormat.JSONL else "text/csv; header=present"


def log_format(text: str) -> LogFormat:
    """The format of that name. Raises ``InvalidRequest``."""
    try:
        return LogFormat(text)
    except ValueError:
        shown = f"{cut(text, 100)!r} is none"
        remedy = f"Use one of {', '.join(LogFormat)}, or leave it out for JSON."
        raise InvalidRequest(Problem("format", shown, remedy)) from None


def head(format: LogFormat) -> str:
    """What comes before all entries: the names of the columns, or nothing."""
    return csv_row(COLUMNS) if format is LogFormat.CSV else ""


def lines(format: LogFormat, entries: Iterable[Document]) -> str:
    """The entries, a line each; in CSV a line break in a text is part of its cell."""
    if format is LogFormat.CSV:
        return "".join(csv_row(_values(entry)) for entry in entries)
    return "".join(msgspec.json.encode(entry).decode() + "\n" for entry in entries)


def _values(entry: Document) -> list[object]:
    member = entry["member"] or {}
    return [
        member.get(name.removeprefix(_MEMBER)) if name.startswith(_MEMBER) else entry[name]
        for name in COLUMNS
    ]
