"""How a function reads its arguments. Each reader gives ``None`` for no value."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from provisioning.dotnet_regex import InvalidPattern, Pattern, compile_pattern
from provisioning.expressions.comparison import is_true, number_of
from provisioning.expressions.date_formats import DateFormat, InvalidFormat, date_format
from provisioning.expressions.date_texts import parse
from provisioning.expressions.errors import Unfit
from provisioning.expressions.operands import Operand, single

Reader = Callable[[Operand], Any]
"""From an argument's value to what the function takes. Raises ``Unfit``."""

_LARGEST = 2**63
_CULTURE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_COMPARE = {"vbTextCompare": True, "vbBinaryCompare": False, "1": True, "0": False}
INTERVALS = ("yyyy", "m", "d", "ww", "h", "n", "s")
_STYLES = frozenset(
    (
        *("None", "AllowLeadingWhite", "AllowTrailingWhite", "AllowInnerWhite"),
        *("AllowWhiteSpaces", "NoCurrentDateDefault", "AdjustToUniversal", "AssumeLocal"),
        *("AssumeUniversal", "RoundtripKind"),
    )
)


class UnknownYet:
    """Stands in a check for an argument that depends on the object."""


class Absent:
    """Stands for an argument that was left blank or out, as opposed to one without a value."""


UNKNOWN_YET = UnknownYet()
ABSENT = Absent()


def ANY(operand: Operand) -> Operand:  # noqa: N802 - a reader like the others below
    """The value as it is."""
    return operand


def text(operand: Operand) -> str | None:
    """One text; none for several, which have no order to choose by."""
    return operand if isinstance(operand, str) else single(operand)


def whole_number(operand: Operand) -> int | None:
    """A whole number of 64 bits."""
    value = single(operand)
    if value is None or value == "":
        return None
    number = number_of(value)
    if number is None or number != number.to_integral_value() or not abs(number) < _LARGEST:
        raise Unfit("is no whole number.", "Give a whole number.", value=value)
    return int(number)


def condition(operand: Operand) -> bool:
    """Whether it holds."""
    return is_true(operand)


def date(operand: Operand) -> datetime | None:
    """A date in UTC."""
    value = single(operand)
    if value is None or value == "":
        return None
    found = parse(value)
    if found is None:
        raise Unfit(
            "is no date that can be read.",
            "Give a date such as 2020-03-16T07:00:00Z, or read it with FormatDateTime first.",
            value=value,
        )
    return found


def interval(operand: Operand) -> str | None:
    """A unit of time."""
    value = single(operand)
    if value is not None and value not in INTERVALS:
        raise Unfit("is no interval.", f"Write one of {', '.join(INTERVALS)}.", value=value)
    return value


def pattern(operand: Operand) -> Pattern | None:
    """A regular expression."""
    value = single(operand)
    if value is None:
        return None
    try:
        return compile_pattern(value)
    except InvalidPattern as error:
        raise Unfit(
            f"is no regular expression that can be used: {error}", error.remedy, value=value
        ) from None


def format_of_date(operand: Operand) -> DateFormat | None:
    """A pattern of a date."""
    value = single(operand)
    if value is None or value == "":
        return None
    try:
        return date_format(value)
    except InvalidFormat as error:
        raise Unfit(
            f"is no format of a date: {error}.",
            "Write one of .NET's, such as yyyy-MM-dd; letters that are text go into quotes.",
            value=value,
        ) from None


def styles(operand: Operand) -> frozenset[str] | None:
    """Names of ``DateTimeStyles``, separated by commas."""
    value = single(operand)
    if not value or not value.strip():
        return None
    names = frozenset(name.strip().rpartition(".")[2] for name in value.split(","))
    if not names <= _STYLES:
        raise Unfit(
            "names no style of reading dates.",
            f"Leave it blank, or write some of {', '.join(sorted(_STYLES))}.",
            value=value,
        )
    return names


def culture(operand: Operand) -> str | None:
    """The name of a culture, such as ``tr-TR``."""
    value = single(operand)
    if value and _CULTURE.fullmatch(value) is None:
        raise Unfit("is no name of a culture.", "Write one such as en-US.", value=value)
    return value.lower() if value else None


def ignoring_case(operand: Operand) -> bool | None:
    """``vbTextCompare`` or ``vbBinaryCompare``."""
    value = single(operand)
    if value is None:
        return None
    if value not in _COMPARE:
        raise Unfit("is no way to compare.", "Write vbTextCompare or vbBinaryCompare.", value=value)
    return _COMPARE[value]
