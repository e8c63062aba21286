"""What is due: an alarm is told at once, then once a day, and once when it is over, however often
it is looked and however badly the channel does.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.alerts.conditions import Condition
from provisioning.alerts.deciding import PAUSE, REMIND_EVERY, Due, Told, due, outdated
from provisioning.notice import Alarm, NoticeState

START = 1_700_000_000.0
MINUTE = 60.0
BEGUN, REMINDER, OVER = NoticeState.BEGUN, NoticeState.REMINDER, NoticeState.OVER


def condition(place: str = "no_cycle", **fields: object) -> Condition:
    made = Condition(
        place=place, code=Alarm.NO_CYCLE, subject="cycle", sentence="It stands.", remedy="Look."
    )
    return msgspec.structs.replace(made, **fields)


class Channel:
    """Accepts or refuses, and is told as the program tells it."""

    def __init__(self) -> None:
        self.told: dict[str, Told] = {}
        self.accepted: list[tuple[float, Due]] = []

    def look(self, conditions: Sequence[Condition], now: float, *, works: bool = True) -> list[Due]:
        found = due(conditions, self.told, now)
        for each in found if works else ():
            assert each.before == self.told.get(each.place)
            self.told[each.place] = each.told
            self.accepted.append((now, each))
        for place in outdated(self.told, now):
            del self.told[place]
        return found if works else []

    def states(self, place: str = "no_cycle") -> list[NoticeState]:
        return [each.state for _, each in self.accepted if each.place == place]


def test_nothing_holds_and_nobody_is_told() -> None:
    assert due([], {}, START) == []


@given(
    gaps=st.lists(st.tuples(st.floats(0, 200_000), st.booleans()), min_size=1, max_size=40),
    after=st.lists(st.tuples(st.floats(0, 200_000), st.booleans()), max_size=10),
)
def test_an_alarm_that_goes_on(
    gaps: list[tuple[float, bool]], after: list[tuple[float, bool]]
) -> None:
    """Told when the channel first works, then daily; one all-clear, and never a word more."""
    channel, now = Channel(), START
    last: float | None = None
    for gap, works in gaps:
        now += gap
        said = channel.look([condition()], now, works=works)
        expected = works and (last is None or now - last >= REMIND_EVERY)
        state = BEGUN if last is None else REMINDER
        assert [each.state for each in said] == ([state] if expected else [])
        last = now if expected else last
        assert not works or channel.look([condition()], now) == [], "told twice"
    channel.look([condition()], now)
    for gap, works in [*after, (1.0, True), (1.0, True)]:
        now += gap
        channel.look([], now, works=works)
    states = channel.states()
    assert states.count(BEGUN) == 1
    assert states[-1] is OVER
    assert states.count(OVER) == 1


class Step(NamedTuple):
    gap: float
    holding: dict[str, tuple[int, bool]]
    works: bool


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from([0.0, 1.0, 5 * MINUTE, 31 * MINUTE, REMIND_EVERY]),
        st.dictionaries(
            st.sampled_from(["a", "b/1", "b/2"]),
            st.tuples(st.integers(1, 40), st.booleans()),
        ),
        st.booleans(),
    ),
    max_size=40,
)


@given(STEPS)
def test_any_history_is_told_in_order_and_to_its_end(steps: list[Step]) -> None:
    """Whatever comes, goes, grows and falls silent: of each alarm a beginning, then an end, then
    perhaps another beginning; an end only when it does not hold; nothing left open at last.
    """
    channel, now = Channel(), START
    for step in steps:
        now += step.gap
        conditions = [
            condition(place, weight=float(weight), quiet=quiet)
            for place, (weight, quiet) in step.holding.items()
        ]
        for each in channel.look(conditions, now, works=step.works):
            held = step.holding.get(each.place)
            assert (held is None) is (each.state is OVER)
            assert held is None or not held[1], "nobody is told of what is quiet"
        assert not step.works or channel.look(conditions, now) == [], "told twice"
        if step.works:
            for place, (_, quiet) in step.holding.items():
                told = channel.told.get(place)
                is_open = told is not None and told.ended_at is None
                just_ended = told is not None and now - told.told_at < PAUSE
                assert quiet or is_open or just_ended, "a beginning is lost"
    channel.look([], now + 1)
    for place in ("a", "b/1", "b/2"):
        letters = "".join(state.value[0] for state in channel.states(place))
        assert re.fullmatch(r"(br*o)*", letters), letters


@given(STEPS)
def test_nothing_fills_a_mailbox(steps: list[Step]) -> None:
    """Of one alarm, apart from its ends, a message every half hour at most."""
    channel, now = Channel(), START
    for step in steps:
        now += step.gap
        conditions = [condition(p, weight=float(w), quiet=q) for p, (w, q) in step.holding.items()]
        channel.look(conditions, now, works=step.works)
    for place in ("a", "b/1", "b/2"):
        times = [
            at for at, each in channel.accepted if each.place == place and each.state is not OVER
        ]
        assert all(late - early >= PAUSE for early, late in pairwise(times))


@pytest.mark.parametrize(
    ("weight", "states"), [(10, []), (14, []), (15, [REMINDER]), (100, [REMINDER])]
)
def test_what_became_worse_is_told_again(weight: int, states: list[NoticeState]) -> None:
    channel = Channel()
    channel.look([condition(weight=10.0)], START)
    assert channel.look([condition(weight=float(weight))], START + PAUSE - 1) == []
    found = channel.look([condition(weight=float(weight))], START + PAUSE)
    assert [each.state for each in found] == states


def test_a_held_plan_is_one_alarm_whatever_becomes_of_it() -> None:
    """Held, about to expire, expired: three messages of one alarm, and one end."""
    channel, now = Channel(), START
    for code, weight in ((Alarm.HELD, 1.0), (Alarm.HELD_EXPIRING, 2.0), (Alarm.HELD_EXPIRED, 4.0)):
        now += 3600
        plan = condition("held/7", code=code, weight=weight, since=START)
        channel.look([plan], now)
        channel.look([plan], now + 60)
    channel.look([], now + 120)
    found = [(each.told.code.value, each.state) for _, each in channel.accepted]
    assert found == [
        ("held", BEGUN),
        ("held_expiring", BEGUN),
        ("held_expired", BEGUN),
        ("held_expired", OVER),
    ]
    assert {each.told.since for _, each in channel.accepted} == {START}


def test_what_is_quiet_is_neither_told_nor_over() -> None:
    channel = Channel()
    channel.look([condition(quiet=True)], START)
    assert channel.accepted == []
    channel.look([condition()], START + 1)
    channel.look([condition(quiet=True)], START + REMIND_EVERY * 3)
    assert channel.states() == [BEGUN]


def test_an_alarm_begins_when_it_was_first_told_if_nobody_knows() -> None:
    channel = Channel()
    channel.look([condition()], START)
    channel.look([condition()], START + REMIND_EVERY)
    assert [each.told.since for _, each in channel.accepted] == [START, START]
