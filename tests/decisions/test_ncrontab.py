"""NCRONTAB: the laws of schedules, and the meaning that the host's library gives them."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from provisioning.ncrontab import Schedule, parse_schedule

BOUNDS = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
MOMENTS = st.integers(946_684_800, 7_258_118_400).map(lambda n: datetime.fromtimestamp(n, UTC))
"""From 2000 to 2200."""


@st.composite
def elements(draw: st.DrawFn, least: int, most: int) -> tuple[str, frozenset[int]]:
    """One element of a field, and the values that it means."""
    low = draw(st.integers(least, most))
    high = draw(st.integers(low, most))
    step = draw(st.integers(1, most))
    return draw(
        st.sampled_from(
            [
                ("*", frozenset(range(least, most + 1))),
                (f"*/{step}", frozenset(range(least, most + 1, step))),
                (f"{low}", frozenset([low])),
                (f"{low}-{high}", frozenset(range(low, high + 1))),
                (f"{low}-{high}/{step}", frozenset(range(low, high + 1, step))),
                (f"{low}/{step}", frozenset(range(low, most + 1, step))),
            ]
        )
    )


@st.composite
def fields(draw: st.DrawFn, least: int, most: int) -> tuple[str, frozenset[int]]:
    parts = draw(st.lists(elements(least, most), min_size=1, max_size=3))
    return ",".join(text for text, _ in parts), frozenset().union(*(each for _, each in parts))


@st.composite
def schedules(draw: st.DrawFn) -> tuple[str, tuple[frozenset[int], ...]]:
    """An expression that comes at some time, and the values of its fields."""
    made = [draw(fields(*bounds)) for bounds in BOUNDS]
    values = tuple(each for _, each in made)
    longest = max(29 if month == 2 else calendar.monthrange(2001, month)[1] for month in values[4])
    assume(min(values[3]) <= longest)
    return " ".join(text for text, _ in made), values


def fits(moment: datetime, values: tuple[frozenset[int], ...]) -> bool:
    parts = (moment.second, moment.minute, moment.hour, moment.day, moment.month)
    parts += (moment.isoweekday() % 7,)
    return all(part in allowed for part, allowed in zip(parts, values, strict=True))


@given(schedules(), MOMENTS, st.integers(1, 10**9))
def test_next_tick_fits_comes_later_and_none_is_between(
    made: tuple[str, tuple[frozenset[int], ...]], moment: datetime, offset: int
) -> None:
    text, values = made
    tick = parse_schedule(text).next_after(moment)
    assert tick > moment
    assert tick.microsecond == 0
    assert tick.tzinfo is UTC
    assert fits(tick, values)
    between = moment.replace(microsecond=0) + timedelta(seconds=offset)
    assert between >= tick or not fits(between, values)


@given(schedules(), MOMENTS)
def test_ticks_never_run_back(
    made: tuple[str, tuple[frozenset[int], ...]], moment: datetime
) -> None:
    schedule = parse_schedule(made[0])
    first = schedule.next_after(moment)
    assert schedule.next_after(first) > first
    assert schedule.next_after(first - timedelta(microseconds=1)) == first


@given(MOMENTS, st.integers(-14 * 60, 14 * 60))
def test_zone_of_the_moment_makes_no_difference(moment: datetime, minutes: int) -> None:
    schedule = parse_schedule("0 30 2 * * *")
    elsewhere = moment.astimezone(timezone(timedelta(minutes=minutes)))
    assert schedule.next_after(elsewhere) == schedule.next_after(moment)


@given(st.text("0123456789*,-/ JanMo%", max_size=20))
@example("* * * * * *")
def test_any_text_is_a_schedule_or_a_value_error(text: str) -> None:
    try:
        schedule = parse_schedule(text)
    except ValueError:
        return
    assert isinstance(schedule, Schedule)
    assert parse_schedule(schedule.text) == schedule


@pytest.mark.parametrize(
    ("text", "after", "tick"),
    [
        ("*/30 * * * * *", "2026-03-01T10:00:00", "2026-03-01T10:00:30"),
        ("*/30 * * * * *", "2026-03-01T10:00:29.999", "2026-03-01T10:00:30"),
        ("0 */5 * * * *", "2026-12-31T23:55:00", "2027-01-01T00:00:00"),
        ("0 5/15 * * * *", "2026-03-01T10:50:00", "2026-03-01T11:05:00"),
        ("0 0 9-17 * * Mon-Fri", "2026-03-06T17:00:00", "2026-03-09T09:00:00"),
        ("0 0 0 1 jan,JULY *", "2026-01-01T00:00:00", "2026-07-01T00:00:00"),
        # Both days must fit, unlike in Vixie cron: Friday the 13th.
        ("0 0 0 13 * Fri", "2026-04-01T00:00:00", "2026-11-13T00:00:00"),
        ("0 0 0 31 * *", "2026-03-31T00:00:00", "2026-05-31T00:00:00"),
        ("0 0 0 29 2 *", "2096-03-01T00:00:00", "2104-02-29T00:00:00"),
        ("0 0 0 29 2 Mon", "2072-03-01T00:00:00", "2112-02-29T00:00:00"),
        ("0 0 0 * * sunday", "2026-03-01T00:00:00", "2026-03-08T00:00:00"),
    ],
)
def test_known_schedules(text: str, after: str, tick: str) -> None:
    moment = datetime.fromisoformat(f"{after}+00:00")
    assert parse_schedule(text).next_after(moment) == datetime.fromisoformat(f"{tick}+00:00")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "0 fields"),
        ("*/5 * * * *", "5 fields"),
        ("0 0 0 * * * 2026", "7 fields"),
        ("60 * * * * *", "no second from 0 to 59"),
        ("0 60 * * * *", "no minute from 0 to 59"),
        ("0 0 24 * * *", "no hour from 0 to 23"),
        ("0 0 0 0 * *", "no day of the month from 1 to 31"),
        ("0 0 0 * 13 *", "no month from 1 to 12"),
        ("0 0 0 * * 7", "no day of the week from 0 to 6"),
        ("0 0 0 * J *", "no month"),
        ("0 0 Mon * * *", "no hour"),
        ("-1 * * * * *", "no second"),
        ("0 30-10 * * * *", "runs backwards"),
        ("0 0 0 * * Fri-Mon", "runs backwards"),
        ("*/0 * * * * *", "no second from 1 to 59"),
        ("*/60 * * * * *", "no second from 1 to 59"),
        ("*/ * * * * *", "no second"),
        ("1, * * * * *", "no second"),
        ("*-5 * * * * *", "no second"),
        ("1-2-3 * * * * *", "no second"),
        ("1/2/3 * * * * *", "no second"),
        ("0 0 0 L * *", "no day of the month"),
        ("0 0 0 ? * *", "no day of the month"),
        ("+1 * * * * *", "no second"),
        ("\u0661 * * * * *", "no second"),  # a digit, but none of ASCII
        ("0 0 0 30 2 *", "names no day that there is"),
        ("0 0 0 31 4,6,9,11 *", "names no day that there is"),
        ("%CYCLE_SCHEDULE%", "1 fields"),
    ],
)
def test_what_is_no_schedule_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_schedule(text)
