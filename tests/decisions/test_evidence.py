"""What to believe of a list that came short."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provisioning.evidence import (
    ALMOST_ALL,
    FEW,
    PROBED,
    SECOND_READ_AFTER,
    SETTLING,
    Doubt,
    ListVerdict,
    is_empty,
    is_overturned,
    is_settled,
    judge_list,
    judge_values,
    missing_from,
)

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


def test_the_numbers_that_absence_is_judged_by() -> None:
    """In seconds, rows, percent and people."""
    assert (SECOND_READ_AFTER, SETTLING, FEW, ALMOST_ALL, PROBED) == (2.0, 120.0, 5, 90.0, 20)


def test_five_absences_are_few_and_a_tenth_is_not_much() -> None:
    """Each limit at its edge."""
    stored = {f"e{n:03d}" for n in range(70)}

    def broken(count: int, of: int) -> bool:
        there = set(sorted(stored)[:of])
        left = set(sorted(there)[count:])
        return judged(there, left, left).broken is not None

    assert not broken(5, 6)
    assert broken(6, 7)
    assert broken(6, 59)
    assert not broken(6, 60)
    assert broken(7, 69)
    assert not broken(7, 70)


def test_a_list_that_is_broken_says_by_how_much_and_remembers_whom() -> None:
    stored = {f"e{n}" for n in range(9)}
    verdict = judged(stored, {"e0", "e1", "new"}, {"e0"})
    assert verdict.broken == (
        "The list came 7 rows short of the 9 stored, without other evidence: a broken read is not "
        "an empty source. Nothing was written."
    )
    assert verdict.doubt == Doubt(tuple(f"e{n}" for n in range(2, 9)), "now", NOW)
    assert (verdict.added, verdict.removed, verdict.young) == (("new",), (), {})


def test_of_what_an_earlier_cycle_missed_only_the_rest_is_fresh() -> None:
    stored = {f"e{n}" for n in range(20)}
    left = stored - {f"e{n}" for n in range(7)}
    five = Doubt(("e0", "e1"), "before", NOW)
    assert judged(stored, left, left, doubt=five).broken is None
    one = Doubt(("e0",), "before", NOW)
    still = judged(stored, left, left, doubt=one)
    assert still.doubt is not None
    assert set(still.doubt.missing) == {f"e{n}" for n in range(7)}


def test_a_part_of_a_list_is_compared_with_all_that_is_stored() -> None:
    """Its absence altogether says nothing, and a tenth is a tenth of the whole list."""

    def broken(total: int) -> bool:
        stored = {f"e{n}" for n in range(6)}
        verdict = judge_list(
            *("The list", stored, (), ()),
            created={},
            proven=(),
            doubt=None,
            percent=10.0,
            cycle_id="now",
            now=NOW,
            total=total,
        )
        return verdict.broken is not None

    assert broken(59)
    assert not broken(60)


def test_additions_are_sorted_and_young_ones_wait_two_minutes() -> None:
    created = {"a": NOW - 120, "b": NOW - 119}
    verdict = judged({"a", "b", "c"}, {"z", "y", "c"}, {"x", "c"}, created=created)
    assert verdict.added == ("x", "y", "z")
    assert verdict.removed == ("a",)
    assert verdict.young == {"b": NOW + 1}
    many = {f"n{n:02d}" for n in range(40)}
    assert judged(set(), many, None).added == tuple(sorted(many))


def test_what_is_missing_is_what_did_not_come() -> None:
    assert missing_from(["a", "b", "c"], {"b"}) == ["a", "c"]


def test_an_empty_value_says_nothing() -> None:
    assert [is_empty(each) for each in (None, "", [])] == [True] * 3
    assert [is_empty(each) for each in (0, False, " ", ["x"])] == [False] * 4


def test_a_value_that_a_few_lost_is_a_change() -> None:
    """Those who were asked on purpose count with them."""
    assert judge_values("department", 1, 100, probed=20, probed_lost=4) is None
    assert judge_values("department", 1, 100, probed=5, probed_lost=5) is not None
    assert judge_values("department", 2, 100, probed=10, probed_lost=9) is not None
    assert judge_values("department", 2, 100, probed=10, probed_lost=8) is None
    assert judge_values("department", 5, 5, probed=0, probed_lost=0) is None
    said = judge_values("department", 2, 100, probed=10, probed_lost=9)
    assert said is not None
    assert "for 2 people, and for 9 of 10 others" in said
    assert "(User.Read.All)" in said


def test_a_read_overturns_what_became_known_less_than_two_minutes_before() -> None:
    known: dict[str, object] = {"department": "Legal", "jobTitle": None}
    shown: dict[str, object] = {"department": "Sales", "jobTitle": None}
    assert is_overturned(known, NOW, shown, NOW)
    assert is_overturned(known, NOW, shown, NOW + SETTLING - 0.1)
    assert not is_overturned(known, NOW, shown, NOW + SETTLING)
    assert is_overturned(known, NOW, {**known, "jobTitle": "Lawyer"}, NOW + 1)


def test_what_agrees_or_is_shown_by_one_of_both_alone_overturns_nothing() -> None:
    known: dict[str, object] = {"department": "Legal", "manager": "somebody"}
    assert not is_overturned(known, NOW, known, NOW + 1)
    assert not is_overturned(known, NOW, {"department": "Legal"}, NOW + 1)
    assert not is_overturned(known, NOW, {**known, "jobTitle": "Lawyer"}, NOW + 1)
    assert not is_overturned({}, NOW, known, NOW + 1)
