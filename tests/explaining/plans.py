"""Plans and obstacles that the findings have."""

from __future__ import annotations

from typing import Any

from provisioning.escrow import EscrowEntry
from provisioning.explaining.findings import Findings
from provisioning.lanes import Aspect, Lane, Rank, WorkItem
from provisioning.model import (
    Action,
    AddMembers,
    Change,
    ChangeMember,
    CreateObject,
    DeleteObject,
    ObjectType,
    ScimId,
    UpdateObject,
    WireRequest,
)
from provisioning.plan import Planned, Skipped
from tests.decisions.principals import (
    GROUP,
    JO,
    NOW,
    USER,
    member,
)
from tests.explaining.findings import (
    planned,
    user,
)

URN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"
ID = ScimId("s")
PATCH = WireRequest("PATCH", "/Users/s", {})


def change(
    action: Action, type: ObjectType = ObjectType.USER, of: ChangeMember | None = None
) -> Change:
    mine = type is ObjectType.USER
    return Change(
        change_id="c",
        action=action,
        object_type=type,
        source_id=USER.id if mine else GROUP.id,
        target_id=ID,
        name="Jo" if mine else "Sales",
        member=of,
        reason_code="Assigned",
        reason="Assigned.",
    )


def update(**values: Any) -> Planned:
    return planned(UpdateObject(ObjectType.USER, ID, values), change(Action.UPDATE))


UPDATE = update(title="Boss")
CREATE = planned(CreateObject(ObjectType.USER, dict(JO)), change(Action.CREATE))
DELETE = planned(DeleteObject(ObjectType.USER, ID), change(Action.DELETE))
DISABLE = planned(UpdateObject(ObjectType.USER, ID, {"active": False}), change(Action.DISABLE))
ENABLE = planned(UpdateObject(ObjectType.USER, ID, {"active": True}), change(Action.ENABLE))
JOINED = planned(
    AddMembers(ScimId("g"), (ID,)),
    change(Action.ADD_MEMBER, ObjectType.GROUP, ChangeMember(USER.id, ID, "Jo")),
    change(Action.ADD_MEMBER, ObjectType.GROUP, member("x")),
)


def doing(*plans: Planned, **fields: Any) -> Findings:
    return user({}, {"plans": plans}, requests=(PATCH,) * len(plans), **fields)


UNFIT = Skipped("MandatoryFieldsMissing", "It has no name.", "Give it one.")
GRACE = Skipped("GracePeriod", "It waits.", "Nothing.")


ITEM = WorkItem(
    key=USER,
    aspect=Aspect.OBJECT,
    lane=Lane.LIVE,
    rank=Rank.USERS,
    cause="hint",
    cycle_id="c",
    generation="1",
    filed_at=NOW,
)


def escrowed(tries: int) -> EscrowEntry:
    return EscrowEntry(
        key=USER,
        name="Jo",
        error_code="Rejected",
        reason="No such title.",
        remedy="Correct it.",
        tries=tries,
        since=NOW,
        next_try=NOW,
        item=ITEM,
    )
