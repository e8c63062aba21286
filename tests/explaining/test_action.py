"""Action: what would be done, and why nothing is."""

from __future__ import annotations

import pytest

from provisioning.deprovisioning import Deprovision
from provisioning.explaining.action import action_step, changes_of, explained_members
from provisioning.explaining.explanation import ExplainedMembers, MemberList, StepStatus
from provisioning.explaining.findings import Findings
from provisioning.model import (
    Action,
    AddMembers,
    ChangeMember,
    EntraId,
    MemberRemoval,
    ObjectType,
    RemoveMembers,
    ScimId,
)
from provisioning.plan import Planned
from tests.decisions.principals import (
    GROUP,
    NOW,
    OUT,
    USER,
    link,
    member,
)
from tests.explaining.findings import (
    OTHER,
    REFUSED,
    WHEN,
    group,
    planned,
    unlinked,
    user,
)
from tests.explaining.plans import (
    CREATE,
    DELETE,
    DISABLE,
    ENABLE,
    GRACE,
    ID,
    JOINED,
    UNFIT,
    UPDATE,
    URN,
    change,
    doing,
    update,
)


def action(found: Findings) -> tuple[StepStatus, str, str | None]:
    step = action_step(found)
    assert step.name == "action"
    return step.status, step.detail, step.remedy


@pytest.mark.parametrize(
    ("plans", "told"),
    [
        ((CREATE,), "Create it."),
        ((DELETE,), "Delete it."),
        ((DISABLE,), "Disable it."),
        ((ENABLE,), "Enable it."),
        ((UPDATE,), "Update title."),
        ((update(title="Boss", **{URN: "Sales"}),), "Update title, department."),
        ((CREATE, UPDATE), "Create it and update userName, title, active."),
    ],
)
def test_what_would_be_done(plans: tuple[Planned, ...], told: str) -> None:
    assert action(doing(*plans)) == (StepStatus.SUCCESS, told, None)


def test_groups_that_take_somebody_in() -> None:
    found = user({}, {"plans": (CREATE,), "joined": (JOINED,)})
    assert action(found)[1] == "Create it and make it a member of 'Sales'."
    assert changes_of(found) == (*CREATE.changes, JOINED.changes[0])
    assert action(user({}, {"joined": (JOINED, JOINED)}))[1] == (
        "Make it a member of 'Sales', 'Sales'."
    )


def group_plans(*, add: int = 0, remove: int = 0) -> tuple[Planned, ...]:
    more = [member(f"a{n:02d}") for n in range(add)]
    less = [member(f"r{n:02d}") for n in range(remove)]
    return (
        planned(
            AddMembers(ID, tuple(ScimId(f"a{n}") for n in range(add))),
            *(change(Action.ADD_MEMBER, ObjectType.GROUP, each) for each in more),
        ),
        planned(
            RemoveMembers(ID, (), MemberRemoval.VALUE),
            *(change(Action.REMOVE_MEMBER, ObjectType.GROUP, each) for each in less),
        ),
    )


@pytest.mark.parametrize(
    ("add", "remove", "told"),
    [
        (1, 0, "Add 1 member."),
        (2, 1, "Add 2 members and take out 1 member."),
        (0, 30, "Take out 30 members."),
    ],
)
def test_members_who_come_and_go_are_counted(add: int, remove: int, told: str) -> None:
    assert action(group({}, {"plans": group_plans(add=add, remove=remove)}))[1] == told


def test_the_members_of_a_group() -> None:
    assert explained_members(user()) is None
    case = {
        "recorded": {ScimId("a"): True, ScimId("b"): False},
        "missing": (USER, GROUP, USER),
    }
    found = group(case, {"plans": group_plans(add=21, remove=2)}, missing=("Jo", "Kim"))
    names = tuple(f"Name of a{n:02d}" for n in range(20))
    assert explained_members(found) == ExplainedMembers(
        recorded=2,
        add=MemberList(21, names),
        remove=MemberList(2, ("Name of r00", "Name of r01")),
        without_account=MemberList(3, ("Jo", "Kim")),
    )


@pytest.mark.parametrize(
    ("of", "name"),
    [
        (ChangeMember(EntraId("e"), ScimId("t"), "N"), "N"),
        (ChangeMember(EntraId("e"), ScimId("t")), "e"),
        (ChangeMember(None, ScimId("t")), "t"),
    ],
)
def test_a_member_is_called_by_what_is_known(of: ChangeMember, name: str) -> None:
    plan = planned(AddMembers(ID, ()), change(Action.ADD_MEMBER, ObjectType.GROUP, of))
    members = explained_members(group({}, {"plans": (plan,)}))
    assert members is not None
    assert members.add.names == (name,)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            user({}, {"refused": REFUSED}),
            (StepStatus.FAILURE, "The token is refused.", "Make a new one."),
        ),
        (user({}, {"skipped": UNFIT}), (StepStatus.FAILURE, "It has no name.", "Give it one.")),
        (user({}, {"skipped": GRACE}), (StepStatus.SKIPPED, "It waits.", "Nothing.")),
        (
            user({}, {"skipped": GRACE, "plans": (UPDATE,)}),
            (StepStatus.SUCCESS, "Update title.", None),
        ),
        (
            user({}, {"blocked_by": OTHER}),
            (StepStatus.WAITING, "Nothing before the name is free.", None),
        ),
        (user(), (StepStatus.SKIPPED, "Nothing: it is there, and nothing differs.", None)),
        (group(), (StepStatus.SKIPPED, "Nothing: it is there, and nothing differs.", None)),
        (
            unlinked(user({"verdict": OUT})),
            (StepStatus.SKIPPED, "Nothing: it has no object in ZSCloud, and gets none.", None),
        ),
        (
            user({"verdict": OUT}),
            (StepStatus.SKIPPED, "Nothing: the account is disabled already.", None),
        ),
        (
            group({"verdict": OUT}),
            (StepStatus.SKIPPED, "Nothing: none of our members is in it any more.", None),
        ),
        (
            user({"verdict": OUT}, policy=Deprovision.NONE),
            (
                StepStatus.SKIPPED,
                "Nothing: ON_UNASSIGN=none leaves it as it is.",
                "Set ON_UNASSIGN to disable, if it is to go.",
            ),
        ),
        (
            user({"verdict": OUT}, delete_at=NOW),
            (
                StepStatus.WAITING,
                f"Nothing now: it is disabled, and deleted at {WHEN}.",
                "Bring it back in Entra before, if it is to stay.",
            ),
        ),
        (
            group({"verdict": OUT}, delete_at=NOW),
            (
                StepStatus.WAITING,
                f"Nothing now: it is empty, and deleted at {WHEN}.",
                "Bring it back in Entra before, if it is to stay.",
            ),
        ),
    ],
)
def test_why_nothing_is_done(found: Findings, said: tuple[StepStatus, str, str | None]) -> None:
    assert action(found) == said


def test_what_is_protected_is_left_alone_with_a_remedy() -> None:
    protected = {"verdict": OUT, "link": link(protected=True)}
    status, detail, remedy = action(user(protected, delete_at=NOW))
    assert status is StepStatus.SKIPPED
    assert detail == "Nothing: it is protected, and never taken away."
    assert remedy is not None
    assert remedy.endswith("out of PROTECTED, if it is there.")
    of_group = group({"link": link(GROUP, protected=True)})
    status, detail, remedy = action(of_group)
    assert status is StepStatus.SKIPPED
    assert "neither renamed nor given members" in detail
    assert remedy is not None
    assert remedy.endswith("or see PROTECTED.")
    assert "nothing differs" in action(user({"link": link(protected=True)}))[1]
