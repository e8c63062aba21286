"""What a poll of the assignments says: pure."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provisioning.evidence import judge_list
from provisioning.polling import Poll, absent_in_poll, failed_poll, judge_poll, without

OLD = 0.0
NOW = 1_000_000.0
STORED = {f"a{n}": OLD for n in range(30)}
FIRST = Poll()
IDS = st.sampled_from(sorted(STORED))


def judged(read: set[str], before: Poll = FIRST, at: float = NOW) -> tuple[Poll, tuple[float, ...]]:
    return judge_poll(before, STORED, read, began=at - 1.0, ended=at)


def test_the_same_list_says_nothing() -> None:
    poll, due = judged(set(STORED))
    assert due == ()
    assert (poll.missing, poll.added, poll.rows) == ((), (), 30)


def test_what_is_new_is_looked_at_at_once_then_once_more_then_no_more() -> None:
    poll, due = judged({*STORED, "new"})
    assert due == (0.0,)
    dues = []
    for _ in range(3):
        poll, due = judged({*STORED, "new"}, poll)
        dues.append(due)
    assert dues == [(0.0,), (), ()]


def test_a_few_missing_are_read_again_two_seconds_later() -> None:
    poll, due = judged(set(STORED) - {"a1"})
    assert due == (NOW + 2.0,)
    assert absent_in_poll(poll, NOW + 1.9) is None
    assert absent_in_poll(poll, NOW + 2.0) == {"a1"}


def test_many_missing_wait_for_the_next_poll() -> None:
    read = set(STORED) - {f"a{n}" for n in range(6)}
    first, due = judged(read)
    assert due == ()
    assert absent_in_poll(first, NOW + 30.0) is None
    again, due = judged(read, first, NOW + 30.0)
    assert due == (0.0,)
    assert absent_in_poll(again, NOW + 30.0) == {f"a{n}" for n in range(6)}


def test_a_young_assignment_is_not_missing_yet() -> None:
    stored = {"young": NOW - 60.0}
    poll, due = judge_poll(Poll(), stored, set(), began=NOW - 1.0, ended=NOW)
    assert (poll.missing, due) == ((), ())


def test_failures_double_the_pause_up_to_a_quarter_of_an_hour() -> None:
    poll = Poll()
    pauses = []
    for _ in range(7):
        poll = failed_poll(poll, "throttled", 0.0, NOW, 30.0)
        pauses.append(poll.next_at - NOW)
    assert pauses == [60, 120, 240, 480, 900, 900, 900]
    assert failed_poll(Poll(), "throttled", 300.0, NOW, 30.0).next_at == NOW + 300


@given(first=st.frozensets(IDS), second=st.frozensets(IDS))
def test_nobody_is_absent_who_was_there_in_either_of_two_polls(
    first: frozenset[str], second: frozenset[str]
) -> None:
    before, _ = judged(set(first))
    poll, due = judged(set(second), before, NOW + 30.0)
    absent = absent_in_poll(poll, NOW + 60.0) or frozenset()
    assert not absent & second
    if len(STORED) - len(second) > 5:
        assert not absent & first
    assert (not due) == (not absent)


def test_a_poll_before_any_other_is_due_at_once() -> None:
    assert Poll() == Poll(
        ended_at=0, seconds=0, rows=0, absent_at=0, unchanged=0, next_at=0, failures=0
    )


def test_what_a_poll_tells_is_sorted_and_timed() -> None:
    """The same list gives the same row, and a long poll makes the next one late."""
    read = [f"n{n:02d}" for n in (7, 3, 9, 1)] + [id for id in STORED if id not in {"a7", "a2"}]
    poll, _ = judge_poll(FIRST, dict(STORED), read, began=NOW - 4.0, ended=NOW)
    assert poll == Poll(
        ended_at=NOW,
        seconds=4.0,
        rows=32,
        missing=("a2", "a7"),
        believable=("a2", "a7"),
        absent_at=NOW,
        added=("n01", "n03", "n07", "n09"),
        unchanged=0,
        next_at=NOW + 4.0,
    )
    many, _ = judge_poll(FIRST, dict(STORED), [], began=NOW, ended=NOW)
    again, _ = judge_poll(many, dict(STORED), [], began=NOW + 9, ended=NOW + 9)
    assert again.missing == again.believable == tuple(sorted(STORED))
    assert again.absent_at == NOW


def test_five_missing_are_a_few() -> None:
    """The same number as a cycle believes at first sight."""
    poll, due = judged(set(STORED) - {f"a{n}" for n in range(5)})
    assert due == (NOW + 2.0,)
    assert len(poll.believable) == 5
    assert poll.absent_at == NOW


def test_an_assignment_settles_for_two_minutes() -> None:
    def missing(age: float) -> tuple[str, ...]:
        return judge_poll(FIRST, {"a": NOW - age}, (), began=NOW, ended=NOW)[0].missing

    assert missing(119.9) == ()
    assert missing(120.0) == ("a",)


def test_who_is_there_again_is_absent_no_more() -> None:
    poll = Poll(missing=("a1", "a2", "a3"), believable=("a1", "a2"), rows=4)
    later = without(poll, {"a1"})
    assert later == Poll(missing=("a2", "a3"), believable=("a2",), rows=4)


def test_a_failure_is_noted_until_a_poll_succeeds() -> None:
    failed = failed_poll(Poll(rows=7, failures=2), "throttled", 0.0, NOW, 1.0)
    assert failed == Poll(rows=7, failures=3, error="throttled", next_at=NOW + 8.0)
    assert failed_poll(Poll(failures=40), "x", 0.0, NOW, 0.5).next_at == NOW + 512.0
    assert judged(set(STORED), failed)[0].failures == 0


def test_a_poll_that_misses_nobody_is_no_evidence() -> None:
    assert absent_in_poll(None, NOW) is None
    assert absent_in_poll(Poll(), NOW) is None


class Unsearched(list[str]):
    """A list of everybody: to look for each in it takes the square of the time."""

    def __contains__(self, _: object) -> bool:
        raise AssertionError("a list is searched")


def test_a_list_of_everybody_is_not_searched_for_each() -> None:
    read = Unsearched([*STORED, "new"])
    poll, _ = judge_poll(FIRST, dict(STORED), read, began=NOW, ended=NOW)
    assert (poll.missing, poll.added, poll.rows) == ((), ("new",), len(read))
    verdict = judge_list(
        "list",
        Unsearched(["a", "b"]),
        Unsearched(["a", "c"]),
        Unsearched(["a"]),
        created={},
        proven=Unsearched(["b"]),
        doubt=None,
        percent=10,
        cycle_id="c",
        now=NOW,
    )
    assert (verdict.added, verdict.removed) == (("c",), ("b",))
