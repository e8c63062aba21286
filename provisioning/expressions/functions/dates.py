"""Functions of dates. All are in UTC, and given as ``M/d/yyyy h:mm:ss tt``."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta

from provisioning.expressions import readers
from provisioning.expressions.date_formats import DateFormat
from provisioning.expressions.date_texts import canonical, parse
from provisioning.expressions.errors import Unfit
from provisioning.expressions.functions.function import Function, Parameter
from provisioning.expressions.operands import Operand
from provisioning.expressions.surroundings import Surroundings

_FILE_TIME_BEGAN = datetime(1601, 1, 1)  # noqa: DTZ001 - all is UTC
_TICKS = 10_000_000
_SECONDS = {"d": 86_400, "ww": 7 * 86_400, "h": 3_600, "n": 60, "s": 1}
_OUTSIDE = "leads out of the years 1 to 9999."
_SMALLER = "Give a smaller number."


def _to_date(value: datetime | None) -> Operand:
    return None if value is None else canonical(value)


def _now(around: Surroundings) -> Operand:
    return canonical(_time(around))


def _time(around: Surroundings) -> datetime:
    if around.now is None:
        raise Unfit("the time is not known here.", "Report this: a cycle has a time.")
    now = around.now
    return now if now.tzinfo is None else now.astimezone(UTC).replace(tzinfo=None)


def _date_add(interval: str | None, count: int | None, value: datetime | None) -> Operand:
    if interval is None or count is None or value is None:
        return None
    moved = _moved(interval, count, value)
    if moved is None:
        raise Unfit(_OUTSIDE, _SMALLER, value=str(count), argument=2)
    return canonical(moved)


def _moved(interval: str, count: int, value: datetime) -> datetime | None:
    try:
        if interval in _SECONDS:
            return value + timedelta(seconds=count * _SECONDS[interval])
        months = value.year * 12 + value.month - 1 + count * (12 if interval == "yyyy" else 1)
        year, month = months // 12, months % 12 + 1
        # 31 January and a month is the last of February, as in .NET.
        return value.replace(year=year, month=month, day=min(value.day, monthrange(year, month)[1]))
    except (OverflowError, ValueError):
        return None


def _date_diff(interval: str | None, one: datetime | None, other: datetime | None) -> Operand:
    """As Visual Basic counts: years, months and weeks by the calendar, the rest in full units."""
    if interval is None or one is None or other is None:
        return None
    if interval == "yyyy":
        return str(other.year - one.year)
    if interval == "m":
        return str((other.year - one.year) * 12 + other.month - one.month)
    between = other - one
    if interval == "ww":
        # From the Sunday of one week to that of the other.
        between += timedelta(days=one.isoweekday() % 7) - timedelta(days=other.isoweekday() % 7)
    unit = _SECONDS[interval]
    units = abs(between) // timedelta(seconds=unit)
    return str(-units if between < timedelta() else units)


def _from_number(ticks: int | None) -> Operand:
    if ticks is None:
        return None
    try:
        return canonical(_FILE_TIME_BEGAN + timedelta(microseconds=ticks // 10))
    except OverflowError:
        raise Unfit(_OUTSIDE, _SMALLER, value=str(ticks), argument=1) from None


def _to_number(value: datetime | None) -> Operand:
    if value is None:
        return None
    since = value - _FILE_TIME_BEGAN
    return str((since.days * 86_400 + since.seconds) * _TICKS + since.microseconds * 10)


def _format(
    around: Surroundings,
    source: str | None,
    styles: frozenset[str] | None,
    input_format: DateFormat | None,
    output_format: DateFormat | None,
) -> Operand:
    if not source or output_format is None:
        return None
    value = _read(around, source, styles, input_format)
    if value is None:
        raise Unfit(
            "is no date of the input format.",
            "Correct the input format, or leave it blank for the usual forms of dates.",
            value=source,
            argument=1,
        )
    return output_format.write(value)


def _read(
    around: Surroundings,
    source: str,
    styles: frozenset[str] | None,
    input_format: DateFormat | None,
) -> datetime | None:
    if input_format is None:
        return parse(source)
    both = "AllowWhiteSpaces"
    trim = styles is None or bool(styles & {both, "AllowLeadingWhite", "AllowTrailingWhite"})
    inner = styles is not None and bool(styles & {both, "AllowInnerWhite"})
    current = styles is None or "NoCurrentDateDefault" not in styles
    now = around.now if current else None
    return input_format.read(source, now, trim=trim, inner=inner)


_DATE = Parameter("dateTime", readers.date)
_INTERVAL = Parameter("interval", readers.interval, blank=False)
_READ = (
    "Read are ISO 8601 and its variants, M/d/yyyy, and English dates with the name of the month; "
    "others are an error of the object. Without a zone it is UTC."
)

FUNCTIONS = (
    Function(
        "CDate",
        (Parameter("expression", readers.date),),
        "The date of a text, in UTC.",
        _to_date,
        deviation=_READ,
    ),
    Function(
        "Now",
        (),
        "The time in UTC.",
        _now,
        surrounded=True,
        deviation="It is the time that the cycle began, the same for all of its objects.",
    ),
    Function(
        "DateAdd",
        (_INTERVAL, Parameter("value", readers.whole_number, blank=False), _DATE),
        "The date so many intervals later, or earlier: yyyy, m, d, ww, h, n (minute), s.",
        _date_add,
        deviation="Dates are read as CDate does, also without it.",
    ),
    Function(
        "DateDiff",
        (_INTERVAL, Parameter("date1", readers.date), Parameter("date2", readers.date)),
        "The intervals from date1 to date2: years, months and weeks (from Sunday) by the "
        "calendar, others in full units.",
        _date_diff,
        deviation="Dates are read as CDate does, also without it.",
    ),
    Function(
        "DateFromNum",
        (Parameter("value", readers.whole_number),),
        "The date of a number in Active Directory's form (100 ns since 1601).",
        _from_number,
    ),
    Function(
        "NumFromDate",
        (Parameter("value", readers.date),),
        "The number of a date in Active Directory's form.",
        _to_number,
        deviation="Takes every date that CDate reads, not only ISO 8601.",
    ),
    Function(
        "FormatDateTime",
        (
            Parameter("source", readers.text),
            Parameter("dateTimeStyles", readers.styles),
            Parameter("inputFormat", readers.format_of_date),
            Parameter("outputFormat", readers.format_of_date, blank=False),
        ),
        "A date of one format in another; .NET's standard and custom formats, culture invariant.",
        _format,
        surrounded=True,
        deviation="A zone in the input leads to UTC. A blank input format reads as CDate does. "
        "Of the styles, those about white space and NoCurrentDateDefault have an effect.",
    ),
)
