"""What is learned about a server's Bulk, and when it counts no more."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning import bulk
from provisioning.bulk import HOUR, MOST, PROOF, WEEK, WORTH_PROVING, BulkKnowledge, Standing
from provisioning.model import Capabilities

OFFER = Capabilities(bulk_operations=1000, bulk_payload=1_000_000)
FRESH = bulk.known(None, OFFER, 0.0)


def proven(count: int = MOST) -> BulkKnowledge:
    return bulk.did(FRESH, count, 0.1, proven=True)


def test_nothing_is_offered_by_default() -> None:
    known = bulk.known(None, Capabilities(), 0.0)
    assert not known.is_offered
    assert not known.is_usable
    assert str(known) == "no Bulk"


def test_a_small_batch_comes_first() -> None:
    assert FRESH.is_usable
    assert not FRESH.is_proven
    assert FRESH.most == PROOF
    assert proven(PROOF).most == MOST


def test_an_offer_of_one_is_none() -> None:
    assert not bulk.known(None, Capabilities(bulk_operations=1), 0.0).is_usable


def test_never_more_than_is_offered() -> None:
    offer = Capabilities(bulk_operations=7)
    assert bulk.did(bulk.known(None, offer, 0.0), 3, 0.0, proven=True).most == 7


def test_too_large_is_halved_until_it_fits() -> None:
    known = bulk.too_large(proven(), 100)
    assert known.most == 50
    assert bulk.did(known, 50, 0.1, proven=False).most == 50
    assert "too large" in bulk.too_large(known, 2).refused


def test_slow_answers_make_smaller_batches() -> None:
    assert bulk.did(proven(), 100, 10.0, proven=False).most == 50
    assert bulk.did(proven(), 2, 60.0, proven=False).most == 2


def test_three_bad_answers_in_a_row_end_it_for_an_hour() -> None:
    known = proven()
    for count in (100, 50):
        known = bulk.set_back(known, count, "why", 10.0)
        assert known.is_proven
        assert known.most == count // 2
    ended = bulk.set_back(known, 25, "why", 10.0)
    assert ended.refused == "why"
    assert bulk.known(ended, OFFER, 9.0 + HOUR) is ended
    assert bulk.known(ended, OFFER, 10.0 + HOUR) == bulk.known(None, OFFER, 10.0 + HOUR)


def test_one_bad_answer_ends_what_is_not_proven() -> None:
    assert bulk.set_back(FRESH, 3, "why", 0.0).refused == "why"


def test_a_good_answer_makes_up_for_bad_ones() -> None:
    known = bulk.set_back(proven(), 100, "why", 0.0)
    assert bulk.did(known, 50, 0.1, proven=False).setbacks == 0


def test_a_lie_counts_for_a_week_or_until_the_offer_changes() -> None:
    lied = bulk.given_up(proven(), "it lies", 5.0)
    assert not lied.is_usable
    assert bulk.known(lied, OFFER, 4.0 + WEEK) is lied
    assert bulk.known(lied, OFFER, 5.0 + WEEK).is_usable
    assert bulk.known(lied, Capabilities(bulk_operations=500), 6.0).is_usable


def test_what_a_server_fails_at_is_left_out_alone() -> None:
    assert FRESH.most_of_one == 1
    assert not FRESH.may_refer
    known = proven()
    assert known.most_of_one == MOST
    assert known.may_refer
    lacking = bulk.same_object_seen(bulk.references_seen(known, holds=False), holds=False)
    assert str(lacking).endswith(", without references and several writes of one object")
    assert (lacking.most, lacking.most_of_one, lacking.may_refer) == (MOST, 1, False)
    able = bulk.same_object_seen(bulk.references_seen(known, holds=True), holds=True)
    assert (able.most_of_one, able.may_refer) == (MOST, True)
    ended = bulk.given_up(able, "it lies", 0.0)
    assert (ended.most_of_one, ended.may_refer) == (1, False)


def test_it_says_how_it_stands() -> None:
    assert str(FRESH) == "Bulk of 1000 offered, to be proven by the first 3 writes of several"
    assert str(proven()) == "Bulk of 1000 offered and proven, batches of 100"
    assert str(bulk.given_up(FRESH, "it lies", 0.0)) == "Bulk of 1000 offered, not used: it lies"


def test_what_is_stored_keeps_its_names_and_values() -> None:
    assert msgspec.to_builtins(BulkKnowledge()) == {
        **dict.fromkeys(("operations", "payload", "proven", "setbacks"), 0),
        **dict.fromkeys(("size", "ceiling"), 100),
        **dict.fromkeys(("same_object", "references"), "untried"),
        "refused": "",
        "forget_at": 0.0,
    }
    assert [each.value for each in Standing] == ["untried", "proven", "refused"]
    assert (MOST, PROOF, WORTH_PROVING, HOUR, WEEK) == (100, 3, 10, 3_600, 604_800)


def test_what_is_new_is_forgotten_after_a_week() -> None:
    assert bulk.known(None, OFFER, 7.0) == BulkKnowledge(
        operations=1000, payload=1_000_000, forget_at=7.0 + WEEK
    )
    assert bulk.known(FRESH, OFFER, WEEK - 1) is FRESH
    assert bulk.known(FRESH, OFFER, WEEK).forget_at == 2 * WEEK
    other = Capabilities(bulk_operations=1000, bulk_payload=5)
    assert bulk.known(proven(), other, 1.0) == bulk.known(None, other, 1.0)


def test_a_body_has_what_is_offered_or_a_megabyte() -> None:
    assert BulkKnowledge(payload=500).most_bytes == 500
    assert BulkKnowledge().most_bytes == 1_000_000


@pytest.mark.parametrize(
    ("count", "seconds", "size"),
    [
        (100, 0.0, 100), (100, 5.0, 100), (100, 5.1, 98), (50, 2.5, 100), (50, 2.6, 96),
        (10, 2.5, 40), (10, 2.51, 19), (2, 2.5, 8), (3, 20.0, 2), (1, 0.01, 100), (2, 100.0, 2),
    ],
)  # fmt: skip
def test_the_next_batch_is_as_large_as_the_last_one_was_quick(
    count: int, seconds: float, size: int
) -> None:
    assert bulk.did(proven(), count, seconds, proven=False).size == size


def test_the_largest_that_was_shown_counts() -> None:
    assert bulk.did(proven(3), 50, 0.1, proven=False).proven == 3
    assert bulk.did(proven(50), 3, 0.1, proven=True).proven == 50
    assert bulk.did(proven(3), 50, 0.1, proven=True).proven == 50


def test_the_smallest_batch_is_of_two() -> None:
    assert bulk.too_large(proven(), 4).ceiling == 2
    assert bulk.too_large(bulk.too_large(proven(), 8), 20).ceiling == 4
    assert not bulk.too_large(proven(), 4).refused
    assert bulk.too_large(proven(), 3).refused == "it refuses even the smallest as too large"
    assert bulk.set_back(proven(), 3, "why", 0.0).size == 2
    assert bulk.known(None, Capabilities(bulk_operations=2), 0.0).is_usable


STEPS = st.lists(
    st.tuples(st.sampled_from("dtsg"), st.integers(2, 100), st.floats(0, 30)), max_size=30
)


@given(st.integers(0, 2000), STEPS)
def test_the_size_stays_within_what_is_offered(operations: int, steps: list[Any]) -> None:
    known = bulk.known(None, Capabilities(bulk_operations=operations), 0.0)
    for step, count, seconds in steps:
        match step:
            case "d":
                known = bulk.did(known, count, seconds, proven=True)
            case "t":
                known = bulk.too_large(known, count)
            case "s":
                known = bulk.set_back(known, count, "why", 0.0)
            case _:
                known = bulk.given_up(known, "why", 0.0)
        if known.is_usable:
            assert 2 <= known.most <= min(operations, MOST)
