"""What the entries of one principal come to, in whatever order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from provisioning.comparing import Cause, Compared, Folding, Outcome, Scope
from provisioning.model import (
    Action,
    Change,
    ChangeMember,
    EntraId,
    Key,
    ModifiedProperty,
    ObjectType,
    ScimId,
    planned_id,
)
from provisioning.provisioning_log import LogEntry, LogStatus

JO, SALES = Key(ObjectType.USER, EntraId("jo")), Key(ObjectType.GROUP, EntraId("sales"))
TO_COME = planned_id(JO)
DEFAULT_SCOPE = Scope(now=1_800_000_000.0)


def entry(action: Action | None, key: Key = JO, **fields: Any) -> LogEntry:
    made = LogEntry(
        id="e",
        time=0.0,
        cycle_id="c",
        cause="initial",
        status=LogStatus.SUCCESS,
        action=action,
        object_type=key.type,
        source_id=key.id,
        target_id=ScimId("17"),
        name=f"Name of {key.id}",
        change_id="digest",
        reason_code="Assigned",
        reason=f"Because of {action}.",
        remedy=f"Remedy of {action}.",
    )
    return msgspec.structs.replace(made, **fields)


def member(target: str | None = "5") -> ChangeMember:
    return ChangeMember(EntraId("m"), None if target is None else ScimId(target), "M")


def held(action: Action, key: Key = JO, **fields: Any) -> LogEntry:
    return entry(action, key, status=LogStatus.HELD, **fields)


def folded(entries: Iterable[LogEntry]) -> Folding:
    found: Folding | None = None
    for each in entries:
        found = found or Folding(each)
        found.add(each)
    assert found is not None
    return found


def compared(*entries: LogEntry) -> Compared:
    return folded(entries).compared(DEFAULT_SCOPE)


FAILED = entry(None, status=LogStatus.FAILURE, reason="Two have that name.", remedy="Rename one.")
SKIPPED = entry(None, status=LogStatus.SKIPPED, reason="Disabled.", remedy=None)
SAME = entry(None)
ADDED = entry(Action.ADD_MEMBER, SALES, member=member())
TAKEN = entry(Action.REMOVE_MEMBER, SALES, member=member())


@pytest.mark.parametrize(
    ("entries", "outcome", "causes"),
    [
        ([SAME], Outcome.SAME, ()),
        ([SKIPPED], Outcome.SKIP, ()),
        ([FAILED], Outcome.FAIL, ()),
        # An attempt that failed or was left out is told as that, whatever it was to do.
        (
            [entry(Action.UPDATE, status=LogStatus.FAILURE)],
            *(Outcome.FAIL, ()),
        ),
        ([entry(Action.DELETE)], Outcome.DELETE, (Cause.STILL_THERE,)),
        ([entry(Action.DISABLE)], Outcome.DISABLE, (Cause.STILL_THERE,)),
        ([held(Action.DISABLE, reason_code="StateLost")], Outcome.DISABLE, (Cause.STILL_THERE,)),
        ([entry(Action.ENABLE)], Outcome.ENABLE, (Cause.SWITCHED_OFF,)),
        ([entry(Action.UPDATE)], Outcome.CHANGE, ()),
        ([ADDED], Outcome.MEMBERSHIPS, (Cause.MEMBER_MISSING,)),
        ([TAKEN], Outcome.MEMBERSHIPS, (Cause.MEMBER_SURPLUS,)),
        # Of a group that nothing assigns, taking its members out is part of that.
        (
            [held(Action.REMOVE_MEMBER, SALES, reason_code="StateLost", member=member())],
            *(Outcome.MEMBERSHIPS, (Cause.STILL_THERE,)),
        ),
        # Values before members, each cause once.
        (
            [ADDED, ADDED, TAKEN, entry(Action.DISABLE, SALES), entry(Action.DELETE, SALES)],
            Outcome.DELETE,
            (Cause.STILL_THERE, Cause.MEMBER_MISSING, Cause.MEMBER_SURPLUS),
        ),
    ],
)
def test_what_it_comes_to(
    entries: list[LogEntry], outcome: Outcome, causes: tuple[Cause, ...]
) -> None:
    found = compared(*entries)
    assert (found.outcome, found.causes) == (outcome, causes)


@pytest.mark.parametrize("first", [True, False])
def test_the_gravest_is_told_with_its_reason_and_remedy(first: bool) -> None:
    update = entry(Action.UPDATE, name="Before")
    failed = msgspec.structs.replace(FAILED, name="After")
    found = compared(*((failed, update) if first else (update, failed)))
    assert (found.outcome, found.name) == (Outcome.FAIL, "After")
    assert (found.reason, found.remedy) == ("Two have that name.", "Rename one.")


def test_of_two_alike_the_first_is_told() -> None:
    found = compared(entry(Action.UPDATE, reason="One."), entry(Action.UPDATE, reason="Two."))
    assert found.reason == "One."


def test_what_is_the_same_needs_no_reason_and_no_remedy() -> None:
    found = compared(SAME)
    assert (found.reason, found.remedy, found.changes, found.held) == ("", None, (), False)
    assert (found.source_id, found.target_id, found.name) == ("jo", "17", "Name of jo")
    assert (found.memberships_added, found.memberships_removed, found.unmanaged) == (0, 0, 0)


def test_of_an_update_each_attribute_has_its_cause_in_their_order() -> None:
    properties = (
        ModifiedProperty("title", "Clerk", "Boss"),
        ModifiedProperty("displayName", "JO", "Jo"),
        ModifiedProperty("userName", "a", "A"),
    )
    found = compared(entry(Action.UPDATE, modified_properties=properties))
    assert found.causes == (Cause.NOT_MAPPED, Cause.CASE_ONLY)
    assert found.changes[0].modified_properties == properties


@pytest.mark.parametrize(
    ("target", "direct", "expected"),
    [
        ("5", True, Cause.MEMBER_MISSING),
        ("5", False, Cause.MEMBER_NESTED),
        (TO_COME, True, Cause.MEMBER_NEW),
        (TO_COME, False, Cause.MEMBER_NEW),
        (None, True, Cause.MEMBER_MISSING),
    ],
)
def test_why_a_member_is_missing(target: str | None, direct: bool, expected: Cause) -> None:
    added = entry(Action.ADD_MEMBER, SALES, member=member(target))
    folding = Folding(added)
    folding.add(added, direct=direct)
    assert folding.compared(DEFAULT_SCOPE).causes == (expected,)
    alone = msgspec.structs.replace(added, member=None)
    assert compared(alone).causes == (Cause.MEMBER_MISSING,)


def test_what_is_to_be_made_has_the_causes_of_its_scope_and_no_id_yet() -> None:
    create = entry(Action.CREATE, target_id=TO_COME)
    folding = folded([create])
    assert (folding.key, folding.is_created, folding.is_held) == (JO, True, False)
    found = folding.compared(Scope(nested=True))
    assert (found.outcome, found.causes) == (Outcome.CREATE, (Cause.NESTED_GROUP,))
    assert (found.target_id, found.changes[0].target_id) == (None, None)
    group = entry(Action.CREATE, SALES, target_id=planned_id(SALES))
    assert compared(group, ADDED).causes == (Cause.GROUP_NOT_MADE,)
    assert not folded([SAME]).is_created


def test_the_id_is_that_of_whichever_entry_has_one() -> None:
    without = entry(Action.UPDATE, target_id=None)
    assert compared(without).target_id is None
    assert compared(SAME, without).target_id == "17"
    assert compared(without, SAME).target_id == "17"
    assert compared(SAME, entry(Action.UPDATE, target_id=TO_COME)).target_id == "17"


def test_memberships_are_counted_and_those_that_are_held_are_told_of_by_their_number() -> None:
    """The log names only the first of those that are held."""
    kept = held(Action.REMOVE_MEMBER, SALES, member=member())
    folding = folded([ADDED, ADDED, TAKEN, kept])
    assert folding.is_held
    found = folding.compared(DEFAULT_SCOPE, unmanaged=4, held_removals=60)
    assert (found.memberships_added, found.memberships_removed) == (2, 61)
    assert (found.unmanaged, found.held) == (4, True)
    assert compared(ADDED, TAKEN).memberships_removed == 1
    assert [compared(*each).held for each in ([kept, TAKEN], [TAKEN, kept])] == [True, True]


def test_fifty_changes_are_told_one_by_one_and_all_are_counted() -> None:
    found = compared(*(entry(Action.ADD_MEMBER, SALES, change_id=str(n)) for n in range(52)))
    assert [each.change_id for each in found.changes] == [str(n) for n in range(50)]
    assert found.memberships_added == 52


def test_a_change_is_told_as_the_plan_has_it() -> None:
    properties = (ModifiedProperty("displayName", "a", "b"),)
    told = entry(Action.ADD_MEMBER, SALES, member=member(), modified_properties=properties)
    expected = Change(
        change_id="digest",
        action=Action.ADD_MEMBER,
        object_type=ObjectType.GROUP,
        source_id=SALES.id,
        target_id=ScimId("17"),
        name="Name of sales",
        member=member(),
        reason_code="Assigned",
        reason="Because of add_member.",
        modified_properties=properties,
    )
    assert compared(told).changes == (expected,)
    new = msgspec.structs.replace(told, change_id=None, member=member(TO_COME))
    (change,) = compared(new).changes
    assert (change.change_id, change.member) == ("", member(None))
