"""What an executed plan adds to the numbers that the brake looks at. Pure."""

from __future__ import annotations

from provisioning.case import Case
from provisioning.guard import Tally
from provisioning.model import Action, ObjectType
from provisioning.plan import Planned


def removed_by(case: Case, plan: Planned) -> Tally:
    """Users, groups and memberships that the plan takes away. Who was disabled, and what was
    emptied to be deleted later, was taken away then: that is a deletion, and counts apart.
    """
    users = groups = memberships = deletions = 0
    for change in plan.changes:
        if change.action is Action.REMOVE_MEMBER:
            memberships += 1
        elif change.action is Action.DELETE and _was_taken_away(case):
            deletions += 1
        elif change.action in (Action.DISABLE, Action.DELETE):
            user = change.object_type is ObjectType.USER
            users, groups = users + user, groups + (not user)
    return Tally(users, groups, memberships, deletions)


def provisioned_by(case: Case, plan: Planned) -> Tally:
    """The change in active users, groups and memberships of ours."""
    users = groups = memberships = 0
    user = case.key.type is ObjectType.USER
    for change in plan.changes:
        if change.action in (Action.CREATE, Action.ENABLE):
            users, groups = users + user, groups + (not user)
        elif change.action is Action.DISABLE:
            users -= 1
        elif change.action is Action.ADD_MEMBER:
            memberships += 1
        elif change.action is Action.REMOVE_MEMBER:
            memberships -= 1
        elif change.action is Action.DELETE:
            gone = linked_as(case, active=_active(case), memberships=len(case.ours))
            users, groups = users - gone.users, groups - gone.groups
            memberships -= gone.memberships
    return Tally(users, groups, memberships)


def linked_as(case: Case, *, active: bool, memberships: int = 0) -> Tally:
    """What a link stands for: taken into account when it is made, taken off when it ends."""
    if case.key.type is ObjectType.USER:
        return Tally(users=int(active))
    return Tally(groups=1, memberships=memberships)


def taken_with(case: Case) -> Tally:
    """What was taken away by whoever deleted the object."""
    if _was_taken_away(case):
        return Tally(deletions=1)
    return linked_as(case, active=_active(case), memberships=len(case.ours))


def minus(tally: Tally) -> Tally:
    """The tally taken off."""
    return Tally(-tally.users, -tally.groups, -tally.memberships)


def _active(case: Case) -> bool:
    return case.link is not None and case.link.active


def _was_taken_away(case: Case) -> bool:
    if case.link is None:
        return False
    if case.key.type is ObjectType.USER:
        return not case.link.active
    return case.link.leaving_since is not None
