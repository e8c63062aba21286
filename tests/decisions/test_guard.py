"""The brake: limits by count and by share, over a day and a window."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.guard import Tally, Threshold, judge

NONE = Tally()
numbers = st.integers(0, 5000)


@pytest.mark.parametrize(
    ("pending", "last_day", "window", "provisioned", "held"),
    [
        (5, 0, 0, 20, False),  # a few are never too many by share
        (6, 0, 0, 59, True),  # 6 of 59 is more than a tenth
        (6, 0, 0, 60, False),
        (1, 0, 6, 60, True),  # the window counts: no slow leak
        (501, 0, 0, 100_000, False),  # one in a hundred of a large base is allowed
        (1001, 0, 0, 100_000, True),
        (1, 500, 500, 20_000, True),  # the day counts
        (2, 0, 0, 2, True),  # nobody would be left
        (1, 0, 0, 1, False),  # there was only one
        (0, 900, 900, 1000, False),  # nothing pending is nothing to hold
    ],
)
def test_users(*, pending: int, last_day: int, window: int, provisioned: int, held: bool) -> None:
    """Each limit at its edge."""
    brake = judge(
        Tally(users=pending),
        Tally(users=last_day),
        Tally(users=window),
        Tally(users=provisioned),
        Threshold(),
    )
    assert bool(brake.users) is held
    assert brake.holds is held


def test_memberships_have_a_floor_of_their_own() -> None:
    """Fifty memberships are a few."""
    base = Tally(memberships=100)
    assert not judge(Tally(memberships=50), NONE, NONE, base, Threshold()).holds
    assert judge(Tally(memberships=51), NONE, NONE, base, Threshold()).memberships


def test_deletions_are_judged_apart_against_all_that_is_there() -> None:
    """Who was disabled before is counted once: as a user then, and as a deletion now."""
    base = Tally(users=50, groups=10)
    week = Tally(users=6)
    assert not judge(Tally(deletions=6), week, week, base, Threshold()).holds
    brake = judge(Tally(deletions=7), week, week, base, Threshold())
    assert brake.holds
    assert brake.users is brake.groups is brake.memberships is None
    assert brake.deletions is not None
    assert brake.deletions.startswith("7 of 67 users and groups, disabled or emptied before")
    assert judge(Tally(deletions=501), NONE, NONE, Tally(users=9000), Threshold()).deletions


@given(pending=numbers, last_day=numbers, window=numbers, provisioned=numbers)
def test_more_is_never_let_go_where_less_is_held(
    pending: int, last_day: int, window: int, provisioned: int
) -> None:
    """Holding grows with what is pending, and the kinds are judged apart."""

    def held(count: int) -> bool:
        brake = judge(
            Tally(groups=count),
            Tally(groups=last_day),
            Tally(groups=window),
            Tally(groups=provisioned),
            Threshold(),
        )
        assert brake.users is brake.memberships is None
        return bool(brake.groups)

    if pending and held(pending):
        assert held(pending + 1)
