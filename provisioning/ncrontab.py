"""NCRONTAB schedules: six fields, second first, in UTC. Pure.

The meaning is that of the library that the host uses (atifaziz/NCrontab, ``CrontabFieldImpl`` and
``CrontabSchedule``). It differs from Vixie cron: the day of the month *and* the day of the week
must fit, and ``5/15`` means 5, 20, 35, 50. Stricter than the library in what it would take
silently for something else: a range that runs backwards (swapped there), a step of 0 (1 there) or
beyond its field, a name cut short (``J`` is January there), an empty element of a list.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

_YEARS_AHEAD = 40
"""How far to look: 29 February comes on a given weekday every 28 years, and 12 years later around
the turn of a century that has none."""


@dataclass(frozen=True, slots=True)
class _Field:
    what: str
    least: int
    most: int
    names: tuple[str, ...] = ()


_MONTHS = tuple(name.lower() for name in calendar.month_name[1:])
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_FIELDS = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 0, 6, _DAYS),
)
_SHORT = 3
"""Letters of a short name: Jan, Mon."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule, read. ``text`` is as it was written, with single spaces."""

    text: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def next_after(self, moment: datetime) -> datetime:
        """The first tick later than the moment, in UTC with whole seconds.

        ``moment`` must know its time zone. Raises ``ValueError`` for a schedule that never ticks,
        such as 30 February.
        """
        start = moment.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
        for day in self._days_from(start.date()):
            earliest = start.time() if day == start.date() else time.min
            for tick in self._ticks_from(earliest):
                return datetime.combine(day, tick, UTC)
        raise ValueError(f"The schedule {self.text!r} never comes.")

    def _days_from(self, first: date) -> Iterator[date]:
        for year in range(first.year, min(first.year + _YEARS_AHEAD, 9999) + 1):
            for month in sorted(self.months):
                if (year, month) < (first.year, first.month):
                    continue
                last = calendar.monthrange(year, month)[1]
                for number in sorted(self.days):
                    if number <= last:
                        day = date(year, month, number)
                        if day >= first and day.isoweekday() % 7 in self.weekdays:
                            yield day

    def _ticks_from(self, earliest: time) -> Iterator[time]:
        for hour in self.hours:
            for minute in self.minutes:
                if (hour, minute) < (earliest.hour, earliest.minute):
                    continue
                for second in self.seconds:
                    tick = time(hour, minute, second)
                    if tick >= earliest:
                        yield tick


def parse_schedule(text: str) -> Schedule:
    """The schedule of an expression. Raises ``ValueError`` that names the field and its text."""
    parts = text.split()
    if len(parts) != len(_FIELDS):
        raise ValueError(
            f"it has {len(parts)} fields, and is to have six: second, minute, hour, day, month and "
            "day of the week."
        )
    values = [_values(part, field) for part, field in zip(parts, _FIELDS, strict=True)]
    seconds, minutes, hours = (tuple(sorted(each)) for each in values[:3])
    days, months, weekdays = values[3:]
    schedule = Schedule(" ".join(parts), seconds, minutes, hours, days, months, weekdays)
    if not any(True for _ in schedule._days_from(date(2000, 1, 1))):  # noqa: SLF001 - its own module
        raise ValueError("it names no day that there is.")
    return schedule


def _values(text: str, field: _Field) -> frozenset[int]:
    return frozenset(value for part in text.split(",") for value in _range(part, field))


def _range(part: str, field: _Field) -> range:
    reach, slash, step = part.partition("/")
    every = _number(step, part, field, 1, field.most) if slash else 1
    if reach == "*":
        return range(field.least, field.most + 1, every)
    first, dash, last = reach.partition("-")
    low = _value(first, part, field)
    high = _value(last, part, field) if dash else field.most if slash else low
    if high < low:
        raise ValueError(f"{part!r} runs backwards ({field.what}).")
    return range(low, high + 1, every)


def _value(text: str, part: str, field: _Field) -> int:
    """A number or a name: the whole word, or its first three letters."""
    word = text.lower()
    for index, name in enumerate(field.names):
        if word in {name, name[:_SHORT]}:
            return field.least + index
    return _number(text, part, field, field.least, field.most)


def _number(text: str, part: str, field: _Field, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and least <= int(text) <= most):
        raise ValueError(f"{part!r} holds no {field.what} from {least} to {most}.")
    return int(text)
