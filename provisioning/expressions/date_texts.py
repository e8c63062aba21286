"""Dates and times in the texts that Entra and the HR systems write them in; all end in UTC.

Entra: CDate, Now, NumFromDate. .NET: "Standard date and time format strings", culture invariant.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import cache, lru_cache

MAX_LENGTH = 64
"""Characters of a text that is read as a date."""

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_MONTH_NUMBER = {
    text.lower(): number for number, name in enumerate(MONTHS, 1) for text in (name[:3], name)
}

_TIME = (
    r"(?:(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})"
    r"(?:[.,](?P<fraction>[0-9]{1,9}))?)?(?:\s*(?P<half>[AaPp])[Mm])?)"
)
_ZONE = r"(?:\s*(?P<zone>Z|GMT|UTC|[+-][0-9]{2}:?[0-9]{2}))"
_MONTH = "(?P<name>[A-Za-z]{3,9})"
_WEEKDAY = r"(?:[A-Za-z]{3,9},?\s+)?"
_CANONICAL = re.compile(
    r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}) ([0-9]{1,2}):([0-9]{2}):([0-9]{2}) ([AP])M"
)


@cache
def _forms() -> tuple[re.Pattern[str], ...]:
    """Made by the first date: most mappings have none."""
    dates = (
        r"(?P<year>[0-9]{4})[-/](?P<month>[0-9]{1,2})[-/](?P<day>[0-9]{1,2})",
        r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{4})",
        rf"{_WEEKDAY}(?P<day>[0-9]{{1,2}})[-\s]{_MONTH}[-\s](?P<year>[0-9]{{4}})",
        rf"{_WEEKDAY}{_MONTH}\s+(?P<day>[0-9]{{1,2}}),?\s+(?P<year>[0-9]{{4}})",
    )
    ends = rf"(?:[T\s]\s*{_TIME})?{_ZONE}?"
    return tuple(re.compile(date + ends, re.IGNORECASE | re.ASCII) for date in dates)


@lru_cache(maxsize=4096)
def parse(text: str) -> datetime | None:
    """The date and time of a text, in UTC and without a zone; ``None`` when it is none.

    Takes ISO 8601 and its variants (``2020-03-16-07:00``), ``M/d/yyyy``, and English dates with
    the name of the month. Without a zone it is UTC, without a time midnight.
    """
    if len(text) > MAX_LENGTH:
        return None
    stripped = text.strip()
    for form in _forms():
        found = form.fullmatch(stripped)
        if found is not None:
            return _moment(found)
    return None


def parse_canonical(text: str) -> datetime | None:
    """The date of a text in the form that functions give."""
    found = _CANONICAL.fullmatch(text)
    if found is None:
        return None
    month, day, year, hour, minute, second = (int(part) for part in found.groups()[:6])
    return moment(year, month, day, hour_of(hour, found[7]), minute, second)


def canonical(value: datetime) -> str:
    """A date as functions give it: ``M/d/yyyy h:mm:ss tt``."""
    hour = value.hour % 12 or 12
    half = "AM" if value.hour < 12 else "PM"
    return (
        f"{value.month}/{value.day}/{value.year:04} "
        f"{hour}:{value.minute:02}:{value.second:02} {half}"
    )


def hour_of(hour: int, half: str | None) -> int:
    """The hour of the day; ``half`` is AM or PM, or begins so. Not in the day when it is wrong."""
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        return -1
    return hour % 12 + (12 if half[0] in "Pp" else 0)


def moment(
    year: int, month: int, day: int, hour: int, minute: int, second: int, microsecond: int = 0
) -> datetime | None:
    """A date that exists; ``None`` for one that does not."""
    try:
        return datetime(year, month, day, hour, minute, second, microsecond)  # noqa: DTZ001 - all is UTC
    except ValueError:
        return None


def in_utc(local: datetime, zone: str | None) -> datetime | None:
    """The time in UTC of one with an offset such as ``-07:00``; ``None`` outside of the years."""
    offset = _offset(zone)
    try:
        return None if offset is None else local - offset
    except OverflowError:
        return None


def _offset(zone: str | None) -> timedelta | None:
    if zone is None or zone[0] not in "+-":
        return timedelta()
    digits = zone[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:] or "0")
    if hours > 14 or minutes > 59:
        return None
    size = timedelta(hours=hours, minutes=minutes)
    return -size if zone[0] == "-" else size


def _moment(found: re.Match[str]) -> datetime | None:
    parts = found.groupdict()
    name = parts.get("name")
    month = _month(name) if name else int(parts["month"])
    hour = hour_of(int(parts["hour"] or 0), parts["half"])
    fraction = (parts["fraction"] or "")[:6].ljust(6, "0")
    local = moment(
        int(parts["year"]),
        month,
        int(parts["day"]),
        hour,
        int(parts["minute"] or 0),
        int(parts["second"] or 0),
        int(fraction),
    )
    return None if local is None else in_utc(local, parts["zone"])


def _month(name: str) -> int:
    """The number of a month; 0, which is none, for another word."""
    return _MONTH_NUMBER.get(name.lower(), 0)
