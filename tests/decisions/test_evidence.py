"""What to believe of a list that came short."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provisioning.evidence import Doubt, ListVerdict, is_settled, judge_list, judge_values

NOW = 1_000_000.0
elements = st.sets(st.integers(0, 60).map(lambda n: f"e{n:02d}"))


def judged(
    stored: set[str],
    first: set[str],
    second: set[str] | None,
    *,
    proven: set[str] | None = None,
    created: dict[str, float] | None = None,
    doubt: Doubt | None = None,
) -> ListVerdict:
    return judge_list(
        "The list",
        stored,
        first,
        second,
        created=created or {},
        proven=proven or set(),
        doubt=doubt,
        percent=10.0,
        cycle_id="now",
        now=NOW,
    )


@given(stored=elements, first=elements, second=elements)
def test_absence_takes_two_reads_and_presence_one(
    stored: set[str], first: set[str], second: set[str]
) -> None:
    """Removed is only what both reads miss; added is what either shows."""
    verdict = judged(stored, first, second)
    assert set(verdict.added) == (first | second) - stored
    assert set(verdict.removed) <= stored - first - second
    if verdict.broken is None:
        assert set(verdict.removed) == stored - first - second


@given(stored=elements, first=elements)
def test_one_read_removes_nobody(stored: set[str], first: set[str]) -> None:
    """Without the second read nothing is believed gone."""
    assert judged(stored, first, None).removed == ()


@given(stored=elements, read=elements)
def test_too_many_absences_are_believed_when_a_later_cycle_sees_them_again(
    stored: set[str], read: set[str]
) -> None:
    """A broken list stops its cycle; another cycle that misses the same rows believes them."""
    verdict = judged(stored, read, read)
    missing = stored - read
    many = len(missing) > 5 and len(missing) * 100 > 10 * len(stored)
    nothing = bool(missing) and not read and len(stored) > 1
    assert (verdict.broken is not None) == (many or nothing)
    if verdict.doubt is not None:
        assert verdict.removed == ()
        earlier = Doubt(verdict.doubt.missing, "before", NOW - 300)
        assert set(judged(stored, read, read, doubt=earlier).removed) == missing
        same = Doubt(verdict.doubt.missing, "now", NOW)
        assert judged(stored, read, read, doubt=same).broken


def test_absences_with_evidence_of_their_own_break_nothing() -> None:
    """Twenty people who are known to be deleted may be missing."""
    stored = {f"e{n}" for n in range(40)}
    gone = {f"e{n}" for n in range(20)}
    verdict = judged(stored, stored - gone, stored - gone, proven=gone)
    assert verdict.broken is None
    assert set(verdict.removed) == gone


def test_a_young_assignment_is_not_believed_gone_yet() -> None:
    """Younger than two minutes: its removal waits, with the time from which it counts."""
    verdict = judged({"e"}, set(), set(), created={"e": NOW - 30})
    assert verdict.removed == ()
    assert verdict.young == {"e": NOW + 90}


def test_a_removed_fact_that_shows_again_is_believed_after_two_minutes() -> None:
    """A stale replica must not switch anybody back on."""
    assert is_settled(None, NOW)
    assert not is_settled(NOW - 119, NOW)
    assert is_settled(NOW - 120, NOW)


def test_a_small_list_that_comes_empty_is_broken_too() -> None:
    """However few they are: all rows at once are looked at again by another cycle first."""
    verdict = judged({"a", "b"}, set(), set())
    assert verdict.broken is not None
    assert "came empty, and 2 are stored" in verdict.broken
    assert judged({"a", "b"}, {"b"}, {"b"}).removed == ("a",)
    assert judged({"a"}, set(), set()).removed == ("a",)
    assert set(judged({"a", "b"}, set(), set(), proven={"a", "b"}).removed) == {"a", "b"}


def test_a_value_that_almost_everybody_lost_is_withheld() -> None:
    """From six people on, and from 90 % of those who had one."""
    assert judge_values("department", 6, 6) is not None
    assert judge_values("department", 5, 5) is None
    assert judge_values("department", 9, 10) is not None
    assert judge_values("department", 8, 10) is None
    said = judge_values("department", 9, 10)
    assert said is not None
    assert "'department' came without a value for 9 of the 10 people" in said
    assert "User.Read.All" in said


def test_a_value_that_others_lost_too_is_withheld() -> None:
    """A few were changed, and those whom no change was told of have lost it with them."""
    said = judge_values("department", 2, 100, probed=20, probed_lost=20)
    assert said is not None
    assert "2 people, and for 20 of 20 others" in said
    assert judge_values("department", 2, 100, probed=20, probed_lost=3) is None
    assert judge_values("department", 50, 100, probed=20, probed_lost=0) is None
    assert judge_values("department", 2, 4, probed=2, probed_lost=2) is None
