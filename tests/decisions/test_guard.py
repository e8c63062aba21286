"""The brake: limits by count and by share, over a day and a window."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.guard import Applied, Brake, Tally, Threshold, judge

numbers = st.integers(0, 5000)


@pytest.mark.parametrize(
    ("pending", "last_day", "window", "provisioned", "most", "held"),
    [
        (5, 0, 0, 20, 0, False),  # a few are never too many by share
        (6, 0, 0, 59, 0, True),  # 6 of 59 is more than a tenth
        (6, 0, 0, 60, 0, False),
        (1, 0, 6, 60, 0, True),  # the window counts: no slow leak
        (501, 0, 0, 100_000, 0, False),  # one in a hundred of a large base is allowed
        (1001, 0, 0, 100_000, 0, True),
        (1, 500, 500, 20_000, 0, True),  # the day counts
        (2, 0, 0, 2, 0, True),  # nobody would be left
        (1, 0, 0, 1, 0, False),  # there was only one
        (2, 0, 4, 56, 60, False),  # of the most that was there in the window
        (2, 0, 4, 56, 59, True),
        (6, 0, 0, 60, 40, False),  # never of less than there is
        (0, 900, 900, 1000, 0, False),  # nothing pending is nothing to hold
    ],
)
def test_users(
    *, pending: int, last_day: int, window: int, provisioned: int, most: int, held: bool
) -> None:
    """Each limit at its edge."""
    applied = Applied(
        last_day=Tally(users=last_day),
        window=Tally(users=window),
        provisioned=Tally(users=provisioned),
        most=Tally(users=most),
    )
    brake = judge(Tally(users=pending), applied, Threshold())
    assert bool(brake.users) is held
    assert brake.holds is held


def test_a_full_share_is_no_limit() -> None:
    """Six came and went where there never were more than three."""
    applied = Applied(window=Tally(groups=5), provisioned=Tally(groups=3))
    assert judge(Tally(groups=1), applied, Threshold()).groups
    assert not judge(Tally(groups=1), applied, Threshold(percent=100)).holds


def test_memberships_have_a_floor_of_their_own() -> None:
    """Fifty memberships are a few."""
    base = Applied(provisioned=Tally(memberships=100))
    assert not judge(Tally(memberships=50), base, Threshold()).holds
    assert judge(Tally(memberships=51), base, Threshold()).memberships


def test_deletions_are_judged_apart_against_all_that_is_there() -> None:
    """Who was disabled before is counted once: as a user then, and as a deletion now."""
    week = Tally(users=6)
    applied = Applied(last_day=week, window=week, provisioned=Tally(users=50, groups=10))
    assert not judge(Tally(deletions=6), applied, Threshold()).holds
    brake = judge(Tally(deletions=7), applied, Threshold())
    assert brake.holds
    assert brake.users is brake.groups is brake.memberships is None
    assert brake.deletions is not None
    assert brake.deletions.startswith("7 of 67 users and groups, disabled or emptied before")
    many = Applied(provisioned=Tally(users=9000))
    assert judge(Tally(deletions=501), many, Threshold()).deletions


@given(pending=numbers, last_day=numbers, window=numbers, provisioned=numbers)
def test_more_is_never_let_go_where_less_is_held(
    pending: int, last_day: int, window: int, provisioned: int
) -> None:
    """Holding grows with what is pending, and the kinds are judged apart."""
    applied = Applied(
        last_day=Tally(groups=last_day),
        window=Tally(groups=window),
        provisioned=Tally(groups=provisioned),
    )

    def held(count: int) -> bool:
        brake = judge(Tally(groups=count), applied, Threshold())
        assert brake.users is brake.memberships is None
        return bool(brake.groups)

    if pending and held(pending):
        assert held(pending + 1)


KINDS = ("users", "groups", "memberships", "deletions")


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_summed_and_compared_by_itself(kind: str) -> None:
    """Users are no groups, and neither are memberships."""
    some, more = Tally(**{kind: 3}), Tally(**{kind: 5})
    assert some.plus(more) == Tally(**{kind: 8})
    assert some.most(more) == more.most(some) == Tally(**{kind: 5})
    assert some.plus(Tally()) == some.most(Tally()) == some


@pytest.mark.parametrize("kind", KINDS)
def test_any_kind_that_is_held_holds(kind: str) -> None:
    assert not Brake().holds
    assert Brake(**{kind: "Too many."}).holds


def test_the_limits_as_they_are_when_nobody_set_them() -> None:
    """Five hundred a day, or one in a hundred; a tenth in seven days."""
    assert Threshold() == Threshold(count=500, percent=10.0, window_days=7.0)
    many = Applied(provisioned=Tally(users=60_000))
    assert not judge(Tally(users=600), many, Threshold()).holds
    assert judge(Tally(users=601), many, Threshold()).users
    last_day = Applied(last_day=Tally(users=100), provisioned=Tally(users=60_000))
    assert not judge(Tally(users=500), last_day, Threshold()).holds


def test_a_limit_says_its_numbers_and_its_setting() -> None:
    """What an operator compares, and what there is to change."""
    base = Applied(
        last_day=Tally(users=20), window=Tally(users=30), provisioned=Tally(users=1000, groups=9)
    )
    by_count = judge(Tally(users=11), base, Threshold(count=30)).users
    assert by_count == (
        "11 users would be taken away, with 20 in the last day; the limit is 30 "
        "(DELETION_THRESHOLD_COUNT)."
    )
    by_share = judge(Tally(users=71), base, Threshold(window_days=5.0)).users
    assert by_share == (
        "71 of 1000 users would be taken away, with 30 in the last 5 days; the limit is 10 % "
        "(DELETION_THRESHOLD_PERCENT)."
    )
    groups = judge(Tally(groups=9), base, Threshold()).groups
    assert groups is not None
    assert groups.startswith("9 of 9 groups would be taken away")
    last = judge(Tally(users=4), Applied(provisioned=Tally(users=4)), Threshold()).users
    assert last == "All 4 users would lose access."


def test_all_groups_may_go_when_they_are_few() -> None:
    """Only of users is the last one kept: nobody signs in as a group."""
    assert not judge(Tally(groups=3), Applied(provisioned=Tally(groups=3)), Threshold()).holds
