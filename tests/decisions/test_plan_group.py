"""Requests for a group: its own, its new members, and those that leave."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.deprovisioning import Deprovision, DeprovisioningPolicy
from provisioning.model import (
    Action,
    AddMembers,
    Change,
    ChangeMember,
    CreateObject,
    DeleteObject,
    EntraId,
    Link,
    MemberRemoval,
    ModifiedProperty,
    ObjectType,
    RemoveMembers,
    ScimId,
    UpdateObject,
    change_digest,
)
from provisioning.plan import Planned, Skipped, plan_group, plan_group_removal
from provisioning.scope import Reason, Verdict
from tests.decisions.principals import (
    DAY,
    GROUP,
    IN,
    NOW,
    OUT,
    SALES,
    UNDECIDED,
    link,
    mapped,
    member,
    members,
    unfit,
)

GONE = Verdict(False, False, Reason.GROUP_UNASSIGNED, "Not assigned.", None, NOW)
DISABLE = DeprovisioningPolicy({})
NOTHING = DeprovisioningPolicy({Reason.GROUP_UNASSIGNED: Deprovision.NONE})
DELETE = DeprovisioningPolicy({Reason.GROUP_UNASSIGNED: Deprovision.DELETE})
LATER = DeprovisioningPolicy({Reason.GROUP_UNASSIGNED: Deprovision.DELETE}, delete_after=DAY)
MARKETING = {"displayName": "Marketing"}

Members = dict[ScimId, ChangeMember]


def planned(
    verdict: Verdict,
    there: Link | None,
    wanted: Members,
    recorded: Members | None = None,
    *,
    should: dict[str, Any] | None = None,
    policy: DeprovisioningPolicy = DISABLE,
    batch: int = 2,
    most: int | None = None,
    fit: bool = True,
) -> list[Planned] | Skipped:
    ours = recorded or {}
    named = mapped(should or SALES, (should or SALES)["displayName"])
    return plan_group(
        GROUP,
        verdict,
        named if fit else unfit(should or SALES),
        there,
        wanted,
        dict.fromkeys(ours, True),
        ours,
        policy,
        batch,
        most,
    )


def removals(
    verdict: Verdict,
    there: Link,
    wanted: Members,
    ours: Members,
    policy: DeprovisioningPolicy = DISABLE,
    most: int | None = None,
) -> list[Planned]:
    form = MemberRemoval.VALUE
    return plan_group_removal(GROUP, verdict, there, wanted, ours, policy, form, 2, most)


def said(action: Action, values: Any, **fields: Any) -> Change:
    row: dict[str, Any] = {
        "change_id": change_digest(action, GROUP, values),
        "action": action,
        "object_type": ObjectType.GROUP,
        "source_id": EntraId("g"),
        "target_id": ScimId("s"),
        "name": "Sales",
        "reason_code": "Assigned",
        "reason": "Assigned.",
    }
    return Change(**{**row, **fields})


def added(id: str, **fields: Any) -> Change:
    return said(
        Action.ADD_MEMBER,
        f"entra-{id}",
        **{
            "member": member(id),
            "reason_code": "MemberOfGroup",
            "reason": "Member of 'Sales' in Entra.",
            **fields,
        },
    )


def test_a_group_that_is_as_it_should_be_is_left_alone() -> None:
    assert planned(IN, link(GROUP), members("a"), members("a")) == []
    assert planned(GONE, None, members("a")) == []
    assert removals(IN, link(GROUP), members("a"), members("a")) == []


def test_a_new_group_comes_with_its_first_members() -> None:
    plan = planned(IN, None, members("a", "b", "c"))
    create = said(
        Action.CREATE,
        SALES,
        target_id=None,
        modified_properties=(ModifiedProperty("displayName", None, "Sales"),),
    )
    assert plan == [
        Planned(
            CreateObject(ObjectType.GROUP, SALES, (ScimId("a"), ScimId("b"))),
            (create, added("a", target_id=None), added("b", target_id=None)),
        )
    ]
    skipped = planned(IN, None, members("a"), fit=False)
    assert isinstance(skipped, Skipped)
    assert skipped.code == "MandatoryFieldsMissing"


def test_members_are_added_in_batches_in_the_order_in_which_they_are_wanted() -> None:
    plans = planned(IN, link(GROUP), members("d", "b", "c", "a"), members("c"))
    assert plans == [
        Planned(AddMembers(ScimId("s"), (ScimId("d"), ScimId("b"))), (added("d"), added("b"))),
        Planned(AddMembers(ScimId("s"), (ScimId("a"),)), (added("a"),)),
    ]


def test_of_very_many_members_the_first_requests_are_planned() -> None:
    many = members(*"abcdefg")
    assert planned(IN, link(GROUP), many, most=2) == planned(IN, link(GROUP), many)[:2]
    assert removals(IN, link(GROUP), {}, many, most=3) == removals(IN, link(GROUP), {}, many)[:3]


def test_a_rename_goes_before_the_members() -> None:
    plan = planned(IN, link(GROUP), members("a"), should=MARKETING)
    rename = said(
        Action.UPDATE,
        MARKETING,
        name="Marketing",
        reason_code="AttributeChanged",
        reason="displayName differs from Entra. Assigned.",
        modified_properties=(ModifiedProperty("displayName", "Sales", "Marketing"),),
    )
    assert plan == [
        Planned(UpdateObject(ObjectType.GROUP, ScimId("s"), MARKETING), (rename,)),
        Planned(AddMembers(ScimId("s"), (ScimId("a"),)), (added("a"),)),
    ]


def test_what_is_unfit_is_said_when_nothing_else_is_to_be_done() -> None:
    skipped = planned(IN, link(GROUP), members("a"), members("a"), fit=False)
    assert isinstance(skipped, Skipped)
    assert skipped.code == "MandatoryFieldsMissing"
    assert isinstance(planned(IN, link(GROUP), members("a"), fit=False), list)


@pytest.mark.parametrize("verdict", [IN, GONE])
def test_what_cannot_be_told_neither_gives_nor_takes(verdict: Verdict) -> None:
    skipped = planned(UNDECIDED, link(GROUP), members("a"))
    assert isinstance(skipped, Skipped)
    assert skipped.code == "FilterUndecided"
    assert isinstance(planned(UNDECIDED, None, members("a")), Skipped)
    assert removals(UNDECIDED, link(GROUP), {}, members("a"), DELETE) == []
    assert not isinstance(planned(verdict, link(GROUP), {}), Skipped)


def test_members_leave_in_batches_with_their_reason() -> None:
    plans = removals(IN, link(GROUP), members("b"), members("a", "b", "c", "d"))
    form = MemberRemoval.VALUE
    assert [plan.write for plan in plans] == [
        RemoveMembers(ScimId("s"), (ScimId("a"), ScimId("c")), form),
        RemoveMembers(ScimId("s"), (ScimId("d"),), form),
    ]
    assert plans[1].changes == (
        said(
            Action.REMOVE_MEMBER,
            "entra-d",
            member=member("d"),
            reason_code="NotMemberOfGroup",
            reason="No longer a member of 'Sales' in Entra.",
        ),
    )


def test_a_member_whom_nobody_knows_any_more_is_named_by_its_id_in_zscloud() -> None:
    stranger = member("a", None)
    (plan,) = removals(IN, link(GROUP), {}, {ScimId("a"): stranger})
    (change,) = plan.changes
    assert change.change_id == change_digest(Action.REMOVE_MEMBER, GROUP, "a")
    assert change.member == stranger


def test_a_group_that_leaves_is_emptied_and_kept() -> None:
    assert planned(GONE, link(GROUP), members("a"), members("b")) == []
    (plan,) = removals(GONE, link(GROUP), members("a"), members("a", "b"))
    assert plan.write == RemoveMembers(ScimId("s"), (ScimId("a"), ScimId("b")), MemberRemoval.VALUE)
    assert [change.reason_code for change in plan.changes] == ["GroupUnassigned"] * 2
    assert [change.reason for change in plan.changes] == ["Not assigned."] * 2


def test_what_becomes_of_a_group_that_leaves_is_a_setting() -> None:
    assert removals(GONE, link(GROUP), {}, members("a"), NOTHING) == []
    assert removals(GONE, link(GROUP), {}, members("a"), DELETE) == [
        Planned(
            DeleteObject(ObjectType.GROUP, ScimId("s")),
            (
                said(
                    Action.DELETE,
                    None,
                    reason_code="GroupUnassigned",
                    reason="Not assigned.",
                ),
            ),
        )
    ]
    (emptied,) = removals(GONE, link(GROUP), {}, members("a"), LATER)
    assert emptied.changes[0].reason == (
        "Not assigned. It is deleted after 1 day, unless it comes back."
    )


def test_the_grace_period_of_a_group_begins_when_it_is_empty() -> None:
    assert planned(GONE, link(GROUP), {}, members("a"), policy=LATER) == []
    begun = planned(GONE, link(GROUP), {}, policy=LATER)
    assert isinstance(begun, Skipped)
    assert begun.code == "GracePeriod"
    assert "It is empty already. It is deleted after 1 day" in begun.sentence
    assert "`due`" in begun.remedy
    waiting = link(GROUP, leaving_since=NOW - DAY / 2)
    assert planned(GONE, waiting, {}, policy=LATER) == []
    ended = planned(IN, waiting, {}, policy=LATER)
    assert isinstance(ended, Skipped)
    assert ended.code == "GracePeriodEnded"


PROTECTED = link(GROUP, protected=True)


@pytest.mark.parametrize(
    ("verdict", "wanted", "recorded", "policy", "should", "noted"),
    [
        (IN, members("a"), members("a"), DISABLE, SALES, False),
        (IN, members("a"), {}, DISABLE, SALES, True),
        (IN, {}, members("a"), DISABLE, SALES, True),
        (IN, members("a"), members("a", "b"), DISABLE, SALES, True),
        (IN, {}, {}, DISABLE, MARKETING, True),
        (GONE, members("a"), {}, DISABLE, MARKETING, False),
        (GONE, {}, members("a"), DISABLE, SALES, True),
        (GONE, {}, members("a"), NOTHING, SALES, False),
        (GONE, {}, {}, DELETE, SALES, True),
        (GONE, {}, {}, DISABLE, SALES, False),
    ],
)
def test_a_protected_group_gets_and_loses_nobody(
    verdict: Verdict,
    wanted: Members,
    recorded: Members,
    policy: DeprovisioningPolicy,
    should: dict[str, Any],
    noted: bool,
) -> None:
    assert removals(verdict, PROTECTED, wanted, recorded, policy) == []
    plan = planned(verdict, PROTECTED, wanted, recorded, policy=policy, should=should)
    if not noted:
        assert plan == []
        return
    assert isinstance(plan, Skipped)
    assert plan.code == "ProtectedObject"
    assert plan.sentence.startswith("The group 'Sales' is protected")
    assert "PROTECTED)" in plan.sentence


def test_a_protected_group_that_waited_says_that_it_waits_no_more() -> None:
    waiting = link(GROUP, protected=True, leaving_since=NOW)
    assert isinstance(planned(IN, waiting, {}), Skipped)
    assert isinstance(planned(OUT, waiting, {}), Skipped)
