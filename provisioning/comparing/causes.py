"""Why the built-in job has something otherwise: its documented rules, not a guess at its state.

What it keeps to itself, its links and its failures, cannot be read from here: where several of its
rules may be the reason, the sentence names them all, and where to look. Sources are Microsoft's
pages on app provisioning: "how provisioning works", "known issues", "customize attribute mappings",
"accidental deletions", "skip deletion of out of scope users", and the tutorial for Zscaler ZSCloud.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

import msgspec

from provisioning.model import Action, ModifiedProperty, ObjectType


class Cause(StrEnum):
    """Stable codes."""

    CYCLE_DELAY = "CycleDelay"
    NESTED_GROUP = "NestedGroup"
    DEFAULT_ACCESS = "DefaultAccess"
    NOT_MADE = "NotMade"
    GROUP_NOT_MADE = "GroupNotMade"
    VALUE_CLEARED = "ValueCleared"
    CASE_ONLY = "CaseOnly"
    EXTERNAL_ID = "ExternalId"
    NOT_MAPPED = "NotMapped"
    VALUE_DIFFERS = "ValueDiffers"
    SWITCHED_OFF = "SwitchedOff"
    STILL_THERE = "StillThere"
    MEMBER_NESTED = "MemberNested"
    MEMBER_NEW = "MemberNew"
    MEMBER_MISSING = "MemberMissing"
    MEMBER_SURPLUS = "MemberSurplus"
    LEAVER_KEPT = "LeaverKept"
    NOT_FROM_ENTRA = "NotFromEntra"
    NOT_IN_ENTRA = "NotInEntra"
    DUPLICATE_ID = "DuplicateExternalId"
    PROTECTED = "Protected"
    NOT_MATCHED = "NotMatched"


class Explained(NamedTuple):
    """What the cause means, and what to do about it."""

    sentence: str
    remedy: str


_LOG = "the provisioning log of the enterprise application in Entra"
_OURS = "Nothing: the first cycle puts it right."

EXPLAINED: Mapping[Cause, Explained] = {
    Cause.CYCLE_DELAY: Explained(
        "It was assigned within the last hour: the built-in job comes by every 20 to 40 minutes.",
        "Nothing: whichever of the two comes first makes it.",
    ),
    Cause.NESTED_GROUP: Explained(
        "Only a group within an assigned group brings it in: the built-in job reads the direct "
        "members of assigned groups, and no further.",
        "Nothing, if NESTED_GROUPS=transitive is meant; else set it to direct.",
    ),
    Cause.DEFAULT_ACCESS: Explained(
        "It is assigned with Default Access only, which the built-in job leaves out by its "
        "tutorial for ZSCloud.",
        "Nothing, if DEFAULT_ACCESS=include is meant; else set it to exclude.",
    ),
    Cause.NOT_MADE: Explained(
        "It is in scope and not in ZSCloud. It came into scope since the last cycle of the "
        "built-in job, or that job has skipped it, or failed and tries ever more rarely.",
        f"See {_LOG}. What it failed for there may come up here as well.",
    ),
    Cause.GROUP_NOT_MADE: Explained(
        "The group is assigned and not in ZSCloud. The mapping of groups may be switched off in "
        "the built-in job, the group may not be security-enabled, or that job has failed on it.",
        f"See the mappings of the built-in job, and {_LOG}.",
    ),
    Cause.VALUE_CLEARED: Explained(
        "The value is empty in Entra. The built-in job never clears a value in ZSCloud.",
        _OURS,
    ),
    Cause.CASE_ONLY: Explained(
        "The values differ in upper and lower case alone. The built-in job writes that only where "
        "the attribute is marked as exact case.",
        _OURS,
    ),
    Cause.EXTERNAL_ID: Explained(
        "It was matched by its name and has another externalId, or none. It was made by hand or by "
        "another identity provider, or the built-in job maps another attribute than objectId.",
        "Nothing: from the first cycle on it is known by its object id.",
    ),
    Cause.NOT_MAPPED: Explained(
        "The attribute is not in the built-in job's own mapping for ZSCloud; the schema in force "
        "has it.",
        "Compare the schemas: export that of the built-in job, then `schema diff FILE current`.",
    ),
    Cause.VALUE_DIFFERS: Explained(
        "The value was edited by hand in ZSCloud, which the built-in job does not notice; or it "
        "changed in Entra since that job's last cycle; or that job maps it otherwise.",
        "If many differ in one attribute, compare the schemas: `schema diff FILE current`.",
    ),
    Cause.SWITCHED_OFF: Explained(
        "The account is switched off, and its user is entitled. It was switched off by hand in "
        "ZSCloud, which the built-in job does not notice, or enabled since that job's last cycle.",
        "Look whether somebody meant to lock the account: the first cycle switches it on.",
    ),
    Cause.STILL_THERE: Explained(
        "Nothing entitles it any more, and it is still there. The built-in job has not come by "
        "since, or is in quarantine, waits at its accidental-deletion threshold, or has "
        "SkipOutOfScopeDeletions set.",
        "The first cycle holds it as a plan: read it (`held show`), then approve or reject it.",
    ),
    Cause.MEMBER_NESTED: Explained(
        "The member is in a group within the group: the built-in job writes direct members only.",
        "Nothing, if NESTED_GROUPS=transitive is meant; else set it to direct.",
    ),
    Cause.MEMBER_NEW: Explained(
        "The member has no account in ZSCloud yet: it comes with it.",
        _OURS,
    ),
    Cause.MEMBER_MISSING: Explained(
        "The membership is missing. The built-in job does not add a member who came into scope "
        "after the group was written, nor restore what was taken out by hand, until it is "
        "restarted; or its cycle has not come by yet.",
        _OURS,
    ),
    Cause.MEMBER_SURPLUS: Explained(
        "The member is not in the group in Entra. It was put in by hand in ZSCloud, which the "
        "built-in job never reads, or has left since that job's last cycle, or its removal failed.",
        "Look whether somebody meant it: the first cycle takes the member out.",
    ),
    Cause.LEAVER_KEPT: Explained(
        "It is switched off: so the built-in job leaves who has left, and deletes the account once "
        "the user is deleted for good. This program does not touch what it never linked.",
        "Nothing; or delete it in the ZSCloud portal when it is not needed any more.",
    ),
    Cause.NOT_FROM_ENTRA: Explained(
        "Its externalId is no object id, or it has none: it was made by hand or by another "
        "identity provider. The built-in job leaves it alone too.",
        "Nothing, if that is meant; else assign its user or group in Entra: it is matched by name.",
    ),
    Cause.NOT_IN_ENTRA: Explained(
        "Its externalId is an object id that Entra does not know, not even among the deleted: it "
        "was deleted there more than 30 days ago, or belongs to another tenant.",
        "Delete it in the ZSCloud portal, if it is nobody's any more.",
    ),
    Cause.DUPLICATE_ID: Explained(
        "Several objects have its externalId: nobody can say which of them it is.",
        "Delete all but one of them in the ZSCloud portal, or correct their externalId.",
    ),
    Cause.PROTECTED: Explained(
        "It is protected: an administrator's, or named by PROTECTED.",
        "Nothing.",
    ),
    Cause.NOT_MATCHED: Explained(
        "Its externalId names a user or group that is in scope and was not linked to it.",
        "See the entry of that user or group.",
    ),
}

SOON = 3600.0
"""Seconds within which the built-in job may not have come by: 40 minutes, and its run."""

_BUILT_IN = {
    ObjectType.USER: frozenset(
        {
            *("userName", "externalId", "active", "displayName", "name.givenName"),
            "name.familyName",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        }
    ),
    ObjectType.GROUP: frozenset({"displayName", "externalId"}),
}
"""What the built-in job maps for ZSCloud, before anybody changes it (tutorial: attributes)."""


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """How a principal comes into scope. ``assigned_at`` is when its newest own assignment was made,
    ``now`` the time of the comparison, both in epoch seconds.
    """

    nested: bool = False
    """Only groups within assigned groups bring it in."""
    default_access: bool = False
    """Only assignments without a role bring it in."""
    assigned_at: float = 0.0
    now: float = 0.0


def causes_of_missing(type: ObjectType, scope: Scope) -> tuple[Cause, ...]:
    """Why an object that is in scope may not be in ZSCloud."""
    if scope.nested:
        return (Cause.NESTED_GROUP,)
    if scope.default_access:
        return (Cause.DEFAULT_ACCESS,)
    if scope.now - scope.assigned_at <= SOON:
        return (Cause.CYCLE_DELAY,)
    return (Cause.GROUP_NOT_MADE if type is ObjectType.GROUP else Cause.NOT_MADE,)


def cause_of_value(type: ObjectType, property: ModifiedProperty) -> Cause:
    """Why one attribute has another value."""
    old, new = property.old, property.new
    if property.name not in _BUILT_IN[type]:
        return Cause.NOT_MAPPED
    if new in (None, ""):
        return Cause.VALUE_CLEARED
    if property.name == "externalId":
        return Cause.EXTERNAL_ID
    if isinstance(old, str) and isinstance(new, str) and old.casefold() == new.casefold():
        return Cause.CASE_ONLY
    return Cause.VALUE_DIFFERS


def cause_of_action(action: Action) -> Cause | None:
    """Why an account is on or off, or a group is there, that should not be so."""
    if action is Action.ENABLE:
        return Cause.SWITCHED_OFF
    return Cause.STILL_THERE if action in (Action.DISABLE, Action.DELETE) else None
