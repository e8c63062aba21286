"""Why the built-in job has something otherwise, and what is said about it."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.comparing.causes import (
    EXPLAINED,
    Cause,
    Scope,
    cause_of_action,
    cause_of_value,
    causes_of_missing,
)
from provisioning.model import Action, ModifiedProperty, ObjectType

USER, GROUP = ObjectType.USER, ObjectType.GROUP
NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("type", "scope", "expected"),
    [
        (USER, Scope(now=NOW), Cause.NOT_MADE),
        (GROUP, Scope(now=NOW), Cause.GROUP_NOT_MADE),
        (USER, Scope(assigned_at=NOW - 3600, now=NOW), Cause.CYCLE_DELAY),
        (GROUP, Scope(assigned_at=NOW - 3600, now=NOW), Cause.CYCLE_DELAY),
        (USER, Scope(assigned_at=NOW - 3601, now=NOW), Cause.NOT_MADE),
        (USER, Scope(assigned_at=NOW + 5, now=NOW), Cause.CYCLE_DELAY),
        (USER, Scope(nested=True, assigned_at=NOW, now=NOW), Cause.NESTED_GROUP),
        (GROUP, Scope(default_access=True, assigned_at=NOW, now=NOW), Cause.DEFAULT_ACCESS),
        (USER, Scope(nested=True, default_access=True), Cause.NESTED_GROUP),
        (USER, Scope(assigned_at=-3600), Cause.CYCLE_DELAY),
    ],
)
def test_why_an_object_is_missing(type: ObjectType, scope: Scope, expected: Cause) -> None:
    """What the job never makes comes before what it has not made yet."""
    assert causes_of_missing(type, scope) == (expected,)


DEPARTMENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"


@pytest.mark.parametrize(
    ("type", "name", "old", "new", "expected"),
    [
        (USER, "displayName", "Jo", "Ann", Cause.VALUE_DIFFERS),
        (USER, "displayName", None, "Ann", Cause.VALUE_DIFFERS),
        (USER, "displayName", "Jo", None, Cause.VALUE_CLEARED),
        (USER, "externalId", "1", "", Cause.VALUE_CLEARED),
        (USER, "userName", "JO@Example.com", "jo@example.com", Cause.CASE_ONLY),
        (GROUP, "displayName", "STRASSE", "Straße", Cause.CASE_ONLY),
        (USER, "externalId", "1", "2", Cause.EXTERNAL_ID),
        (GROUP, "externalId", None, "2", Cause.EXTERNAL_ID),
        (USER, "externalId", "ab", "AB", Cause.CASE_ONLY),
        (USER, "active", "True", True, Cause.VALUE_DIFFERS),
        (USER, "active", True, "true", Cause.VALUE_DIFFERS),
        (USER, "title", "Clerk", None, Cause.NOT_MAPPED),
        (GROUP, "userName", "x", "y", Cause.NOT_MAPPED),
        *((USER, each, "x", "y", Cause.VALUE_DIFFERS) for each in ("name.givenName", DEPARTMENT)),
        (USER, "name.familyName", "x", "y", Cause.VALUE_DIFFERS),
    ],
)
def test_why_a_value_differs(
    type: ObjectType, name: str, old: Any, new: Any, expected: Cause
) -> None:
    assert cause_of_value(type, ModifiedProperty(name, old, new)) is expected


@pytest.mark.parametrize("action", Action)
def test_why_something_is_on_off_or_there(action: Action) -> None:
    expected = {
        Action.ENABLE: Cause.SWITCHED_OFF,
        Action.DISABLE: Cause.STILL_THERE,
        Action.DELETE: Cause.STILL_THERE,
    }
    assert cause_of_action(action) is expected.get(action)


CODES = {
    *("CycleDelay", "NestedGroup", "DefaultAccess", "NotMade", "GroupNotMade", "ValueCleared"),
    *("CaseOnly", "ExternalId", "NotMapped", "ValueDiffers", "SwitchedOff", "StillThere"),
    *("MemberNested", "MemberNew", "MemberMissing", "MemberSurplus", "LeaverKept"),
    *("NotFromEntra", "NotInEntra", "DuplicateExternalId", "Protected", "NotMatched"),
}


def test_the_codes_are_stable_and_each_is_explained() -> None:
    """Others read them from `--json`."""
    assert {cause.value for cause in Cause} == CODES
    assert set(EXPLAINED) == set(Cause)
    assert all(each.sentence.endswith(".") for each in EXPLAINED.values())


OURS = "Nothing: the first cycle puts it right."
REMEDIES = {
    Cause.CYCLE_DELAY: "Nothing: whichever of the two",
    Cause.NESTED_GROUP: "Nothing, if NESTED_GROUPS",
    Cause.DEFAULT_ACCESS: "Nothing, if DEFAULT_ACCESS",
    Cause.NOT_MADE: "See the provisioning log",
    Cause.GROUP_NOT_MADE: "See the mappings",
    **dict.fromkeys((Cause.VALUE_CLEARED, Cause.CASE_ONLY), OURS),
    **dict.fromkeys((Cause.MEMBER_NEW, Cause.MEMBER_MISSING), OURS),
    Cause.EXTERNAL_ID: "Nothing: from the first cycle on",
    Cause.NOT_MAPPED: "Compare the schemas",
    Cause.VALUE_DIFFERS: "If many differ in one attribute",
    Cause.SWITCHED_OFF: "Look whether somebody meant",
    Cause.STILL_THERE: "The first cycle holds it as a plan",
    Cause.MEMBER_NESTED: "Nothing, if NESTED_GROUPS",
    Cause.MEMBER_SURPLUS: "Look whether somebody meant",
    Cause.LEAVER_KEPT: "Nothing; or delete it in the ZSCloud portal",
    Cause.NOT_FROM_ENTRA: "Nothing, if that is meant",
    Cause.NOT_IN_ENTRA: "Delete it in the ZSCloud portal",
    Cause.DUPLICATE_ID: "Delete all but one",
    Cause.PROTECTED: "Nothing.",
    Cause.NOT_MATCHED: "See the entry of that user or group.",
}


@pytest.mark.parametrize("cause", Cause)
def test_what_to_do_about_it(cause: Cause) -> None:
    """Nobody is sent to delete what is right, nor told to do nothing about what is not."""
    remedy = EXPLAINED[cause].remedy
    assert remedy.startswith(REMEDIES[cause])
    assert remedy.endswith(".")


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        # By its tutorial it leaves Default Access out, by another page it does not (since 2020).
        (Cause.DEFAULT_ACCESS, "counted like any role since 2020"),
        (Cause.DEFAULT_ACCESS, "DEFAULT_ACCESS=include"),
        (Cause.NESTED_GROUP, "NESTED_GROUPS=transitive"),
        (Cause.MEMBER_NESTED, "NESTED_GROUPS=transitive"),
        (Cause.NOT_MADE, "See the provisioning log of the enterprise application in Entra."),
        (Cause.GROUP_NOT_MADE, "the provisioning log of the enterprise application in Entra"),
        # Users come in by security-enabled groups alone.
        (Cause.NOT_MADE, "not security-enabled"),
        # Whoever was unassigned is managed no more: no delete ever.
        (Cause.LEAVER_KEPT, "never that of a user who was unassigned before"),
        # Some groups are never among the deleted, and somebody may delete for good by hand.
        (Cause.NOT_IN_ENTRA, "for good, at once or after 30 days"),
        (Cause.NOT_IN_ENTRA, "only what it still manages"),
        (Cause.NOT_FROM_ENTRA, "maps another attribute than objectId"),
        (Cause.STILL_THERE, "its own scope is wider"),
        (Cause.STILL_THERE, "SkipOutOfScopeDeletions"),
        (Cause.SWITCHED_OFF, "only a nested group or Default Access entitles the user"),
        (Cause.MEMBER_SURPLUS, "or holds that as a plan"),
        (Cause.VALUE_CLEARED, "the first cycle puts it right"),
        (Cause.MEMBER_NEW, "the first cycle puts it right"),
        (Cause.PROTECTED, "named by PROTECTED"),
    ],
)
def test_no_rule_of_the_built_in_job_is_left_out(cause: Cause, said: str) -> None:
    assert said in " ".join(EXPLAINED[cause])
