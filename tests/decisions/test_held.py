"""Held plans: what is shown can be compared with what is approved, and decisions end with facts."""

from __future__ import annotations

import msgspec
import pytest

from provisioning.guard import Tally
from provisioning.held import (
    Decision,
    EntryState,
    Held,
    HeldEntry,
    HeldPlan,
    Mark,
    PlanState,
    Withheld,
    checksum,
    counts_of,
    facts_of,
    place,
)
from provisioning.model import (
    Action,
    Change,
    EntraId,
    MirrorGroup,
    MirrorUser,
    ObjectType,
    Presence,
    ScimId,
)
from provisioning.scope import Reason
from tests.decisions.principals import IN, NOW, OUT, USER


def change(id: str, action: Action = Action.DISABLE, type: ObjectType = ObjectType.USER) -> Change:
    return Change(
        change_id=id,
        action=action,
        object_type=type,
        source_id=EntraId(id),
        target_id=ScimId(f"scim-{id}"),
        name=f"Name of {id}",
        reason_code="Unassigned",
        reason="Not assigned.",
    )


def test_the_words_that_are_stored_and_shown() -> None:
    """Rows and documents of earlier versions hold them."""
    assert list(PlanState) == ["pending", "approved", "rejected", "expired", "withdrawn"]
    assert list(EntryState) == ["pending", "approved", "rejected", "dropped"]
    assert list(Mark) == ["held", "rejected", "approved"]


def test_what_is_held_is_pending_and_one_removal_until_something_else_is_said() -> None:
    entry = HeldEntry(key=USER, change=change("1"), since=NOW)
    assert entry.state is EntryState.PENDING
    plan = HeldPlan(
        id="p", list="l", size=1, created=0, expires=1, cause="", counts=Tally(), checksum=""
    )
    assert plan.state is PlanState.PENDING
    held = Held(key=USER, name="Jo", kind="users", reason="", since=NOW)
    assert (held.removals, held.emptied) == (1, False)
    decision = Decision(plan="p", approve=True, change_ids=None, by="a", at=NOW, rest="r")
    assert decision.note == ""


def test_a_checksum_is_of_the_changes_and_not_of_their_order() -> None:
    one, other = change("1"), change("2")
    assert checksum([one, other]) == checksum([other, one])
    assert checksum([one]) != checksum([other])
    assert checksum([one, other]) != checksum([one])
    # What an operator computes from an export of this one change.
    assert checksum([one]) == ("49be27b12e03a017ff9643df363d97761354379d6c12697495ce5212c2bb9fde")


def test_each_change_counts_as_what_it_takes_away() -> None:
    changes = [
        change("1"),
        change("2", Action.DELETE),
        change("3"),
        change("4", Action.DELETE, ObjectType.GROUP),
        change("5", Action.DELETE, ObjectType.GROUP),
        change("6", Action.REMOVE_MEMBER, ObjectType.GROUP),
    ]
    assert counts_of(changes) == Tally(users=3, groups=2, memberships=1)
    assert counts_of([]) == Tally()


def test_places_sort_as_numbers() -> None:
    assert place("l", 7) == "l/0000007"
    assert place("l", 7) < place("l", 12) < place("l", 1_000_000)


@pytest.mark.parametrize("mark", Mark)
def test_a_mark_is_read_as_it_was_written(mark: Mark) -> None:
    withheld = Withheld(mark, "l/0000001 and more")
    assert str(withheld) == f"{mark.value} l/0000001 and more"
    assert Withheld.parse(str(withheld)) == withheld


USER_ROW = MirrorUser(
    id=EntraId("u"),
    attributes={"title": "Clerk"},
    enabled=True,
    read_at=NOW,
    roles={"a": "1", "b": "2"},
    groups=(EntraId("g1"), EntraId("g2")),
)
GROUP_ROW = MirrorGroup(
    id=EntraId("g"), attributes={"displayName": "Sales"}, read_at=NOW, roles={"a": "1"}
)


@pytest.mark.parametrize(
    "changed",
    [
        {"enabled": False},
        {"presence": Presence.SOFT_DELETED},
        {"roles": {"a": "1"}},
        {"roles": {"a": "1", "b": "3"}},
        {"groups": (EntraId("g1"),)},
    ],
    ids=str,
)
def test_a_fact_that_changes_ends_a_decision(changed: dict[str, object]) -> None:
    assert facts_of(msgspec.structs.replace(USER_ROW, **changed), OUT) != facts_of(USER_ROW, OUT)


def test_what_is_no_fact_of_access_ends_no_decision() -> None:
    same = msgspec.structs.replace(
        USER_ROW,
        attributes={"title": "Boss"},
        read_at=NOW + 1,
        roles={"b": "2", "a": "1"},
        groups=(EntraId("g2"), EntraId("g1")),
    )
    assert facts_of(same, OUT) == facts_of(USER_ROW, OUT)


def test_the_verdict_is_a_fact_of_users_and_groups() -> None:
    for row in (USER_ROW, GROUP_ROW):
        assert facts_of(row, OUT) != facts_of(row, IN)
        reason = msgspec.structs.replace(OUT, reason=Reason.DELETED)
        sentence = msgspec.structs.replace(OUT, sentence="Not assigned any more.")
        assert len({facts_of(row, each) for each in (OUT, reason, sentence)}) == 3
    other = msgspec.structs.replace(GROUP_ROW, presence=Presence.GONE)
    assert facts_of(other, OUT) != facts_of(GROUP_ROW, OUT)
    assert len(facts_of(GROUP_ROW, OUT)) == 32
