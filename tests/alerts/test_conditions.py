"""What holds, by the facts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.alerts.conditions import (
    ESCROW_FLOOR,
    ESCROW_OVER,
    EXPIRES_SOON,
    Condition,
    Facts,
    Failure,
    Plan,
    Poisoned,
    Quarantine,
    Trouble,
    holding,
)
from provisioning.alerts.rows import Seen
from provisioning.errors import CredentialsRefused, PermissionMissing

NOW = 1_700_000_000.0
MINUTE = 60.0
WELL = Facts(
    now=NOW,
    no_cycle_seconds=90 * MINUTE,
    first_seen=NOW - 1e6,
    on_since=NOW - 1e6,
    alive_at=NOW - MINUTE,
)


def holds(**facts: Any) -> dict[str, Condition]:
    """What is told, by its place, and what is not."""
    found = holding(msgspec.structs.replace(WELL, **facts))
    assert len({each.place for each in found}) == len(found)
    assert all(each.sentence and each.remedy for each in found)
    return {each.place: each for each in found}


def told(**facts: Any) -> dict[str, str]:
    return {place: each.code.value for place, each in holds(**facts).items() if not each.quiet}


def failure(number: int = 1, code: str = "RemoteUnavailable", **fields: Any) -> Failure:
    return Failure(
        cycle_id=f"c{number}",
        code=code,
        error="Graph answered 503",
        remedy="Wait.",
        at=NOW - 600 * number,
        **fields,
    )


def plan(expires: float | None = None, **fields: Any) -> Plan:
    made = Plan(id="p1", created=NOW - 100, expires=expires, count=412, names=("Ada", "Ben"))
    return msgspec.structs.replace(made, **fields)


QUARANTINE = Quarantine(cause="Unauthorized", reason="401", remedy="New token.", since=NOW - 50)


def test_nothing_is_wrong() -> None:
    assert holds() == {}


def test_the_codes_of_refusals_are_those_of_the_errors() -> None:
    for code in (CredentialsRefused.code, PermissionMissing.code):
        assert told(failures=(failure(code=code),)) == {"credentials/graph": "token_refused"}


@pytest.mark.parametrize(
    ("cause", "code"), [("Unauthorized", "token_refused"), ("TooManyFailures", "quarantined")]
)
def test_a_quarantine(cause: str, code: str) -> None:
    found = msgspec.structs.replace(QUARANTINE, cause=cause)
    assert told(quarantine=found, failures=(failure(quarantined=True),)) == {"quarantine": code}
    assert holds(quarantine=found)["quarantine"].since == QUARANTINE.since


def test_a_failed_cycle_is_told_until_one_ends_well() -> None:
    found = holds(failures=(failure(1), failure(2)))["cycle_failed"]
    assert "c1" in found.sentence
    assert found.since == NOW - 1200


def test_a_failed_cycle_is_not_over_while_a_refusal_is_told() -> None:
    """Nor told anew: it is the refusal that somebody has to see to."""
    failures = (failure(1, quarantined=True, code="Unauthorized"), failure(2))
    found = holds(failures=failures, quarantine=QUARANTINE)
    assert found["cycle_failed"].quiet
    assert told(failures=failures, quarantine=QUARANTINE) == {"quarantine": "token_refused"}


class TestNoCycle:
    def test_at_the_minute(self) -> None:
        assert told(alive_at=NOW - 90 * MINUTE + 1) == {}
        found = told(alive_at=NOW - 90 * MINUTE)
        assert found == {"no_cycle": "no_cycle"}

    def test_counts_from_the_first_look_where_there_never_was_one(self) -> None:
        assert told(alive_at=None, first_seen=NOW - 89 * MINUTE) == {}
        assert "no_cycle" in told(alive_at=None, first_seen=NOW - 90 * MINUTE)

    def test_counts_from_when_the_job_was_switched_on(self) -> None:
        """It was off for a week: nobody expects a cycle at once."""
        assert told(alive_at=NOW - 1e6, on_since=NOW - 60) == {}
        assert told(alive_at=NOW - 1e6, on_since=None) == {}

    def test_is_not_over_because_the_job_is_off(self) -> None:
        assert holds(alive_at=NOW - 1e6, on_since=None)["no_cycle"].quiet

    def test_is_left_to_the_quarantine(self) -> None:
        assert told(alive_at=NOW - 1e6, quarantine=QUARANTINE) == {"quarantine": "token_refused"}

    def test_says_what_the_last_one_failed_with(self) -> None:
        found = holds(alive_at=NOW - 1e5, failures=(failure(),))
        assert "Graph answered 503" in found["no_cycle"].sentence
        assert set(found) == {"cycle_failed", "no_cycle"}


@pytest.mark.parametrize(
    ("left", "code", "words"),
    [
        (None, "held", "412 removals are held"),
        (EXPIRES_SOON + 1, "held", "412 removals are held"),
        (EXPIRES_SOON, "held_expiring", "expires in 48 h"),
        (0.0, "held_expired", "has expired undecided"),
        (-1e6, "held_expired", "has expired undecided"),
    ],
)
def test_a_held_plan(left: float | None, code: str, words: str) -> None:
    found = holds(plans=(plan(None if left is None else NOW + left),))["held/p1"]
    assert (found.code.value, found.subject, found.names) == (code, "p1", ("Ada", "Ben"))
    assert words in found.sentence


def test_each_plan_is_an_alarm_of_its_own() -> None:
    assert told(plans=(plan(), plan(id="p2"))) == {"held/p1": "held", "held/p2": "held"}


@given(st.integers(0, 1000))
def test_escrow_has_a_floor_and_does_not_flap_around_it(count: int) -> None:
    """Told from the floor on; over only well below it."""
    found = holds(escrow=count).get("escrow")
    assert (found is None) is (count <= ESCROW_OVER)
    if found is not None:
        assert found.quiet is (count < ESCROW_FLOOR)
        assert found.weight == count


def test_few_names_are_given_of_many() -> None:
    names = tuple(f"user{n}" for n in range(9))
    assert holds(escrow=40, escrow_names=names)["escrow"].names == names[:5]


def test_messages_that_were_set_aside_are_one_alarm_for_each_queue() -> None:
    poisoned = [
        Poisoned(queue=queue, count=count, reason="RuntimeError", remedy="Look.", since=NOW - 5)
        for queue, count in (("work", 1), ("hints", 3))
    ]
    found = holds(poisoned=poisoned)
    assert found["poison/work"].sentence.startswith("A message on work was set aside")
    assert found["poison/hints"].sentence.startswith("3 messages on hints were set aside")


def test_subscriptions_in_one_trouble_are_one_alarm() -> None:
    troubles = [
        Trouble(resource=name, sentence="No webhook.", remedy="Publish.", since=NOW - since)
        for name, since in (("users", 10), ("groups", 20))
    ]
    found = holds(troubles=troubles)["subscription"]
    assert (found.sentence, found.remedy) == ("No webhook.", "Publish.")
    assert (found.names, found.since) == (("users", "groups"), NOW - 20)


def test_while_the_job_is_off_only_what_needs_no_cycle_is_told() -> None:
    facts: dict[str, Any] = {"plans": (plan(),), "failures": (failure(),), "on_since": None}
    assert told(**facts) == {"held/p1": "held"}
    assert told(**facts, quarantine=QUARANTINE) == {"held/p1": "held"}


class TestSeen:
    """Since when cycles are expected, and when an open one came further."""

    def test_on_since_the_first_look_that_saw_it_on(self) -> None:
        seen = Seen(first_at=1.0).after(2.0, on=True, open=None)
        assert seen.after(3.0, on=True, open=None).on_since == 2.0
        assert seen.after(3.0, on=False, open=None).on_since is None

    def test_a_cycle_comes_further_when_it_has_done_more(self) -> None:
        seen = Seen(first_at=1.0)
        for now, open, moved in (
            (2.0, ("c1", 0), None),
            (3.0, ("c1", 5), 3.0),
            (4.0, ("c1", 5), 3.0),
            (5.0, None, 3.0),
            (6.0, ("c2", 0), 3.0),
            (7.0, ("c2", 1), 7.0),
        ):
            seen = seen.after(now, on=True, open=open)
            assert seen.moved_at == moved
