"""What is in ZSCloud and nobody's of ours."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.comparing import Cause, Compared, Outcome, compared_unlinked
from provisioning.comparing.unlinked import external_id
from provisioning.model import ObjectType, ScimId, TargetObject

ID = "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"
USER, GROUP = ObjectType.USER, ObjectType.GROUP


def found(type: ObjectType = USER, **attributes: Any) -> TargetObject:
    return TargetObject(type, ScimId("17"), attributes)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (ID, ID),
        (ID.upper(), ID),
        *((each, None) for each in (None, "", "jo", 7, f"{ID}0", f"0{ID}", ID[:-1], f"{ID}\n")),
        (ID.replace("-", ""), None),
        (ID.replace("a", "g"), None),
    ],
)
def test_which_external_id_is_an_object_id(value: Any, expected: str | None) -> None:
    assert external_id(found(externalId=value)) == expected
    assert external_id(found()) is None


OFF = {"externalId": ID, "active": False}
ON = {"externalId": ID, "active": True}


@pytest.mark.parametrize(
    ("type", "attributes", "facts", "outcome", "cause"),
    [
        (USER, OFF, "", Outcome.OFF, Cause.LEAVER_KEPT),
        (USER, ON, "", Outcome.UNKNOWN, Cause.NOT_IN_ENTRA),
        (USER, {"externalId": ID}, "", Outcome.UNKNOWN, Cause.NOT_IN_ENTRA),
        # Groups are neither on nor off.
        (GROUP, OFF, "", Outcome.UNKNOWN, Cause.NOT_IN_ENTRA),
        (USER, OFF, "in_scope", Outcome.OFF, Cause.NOT_MATCHED),
        (USER, ON, "in_scope", Outcome.UNKNOWN, Cause.NOT_MATCHED),
        (USER, ON, "in_scope several", Outcome.UNKNOWN, Cause.DUPLICATE_ID),
        (USER, OFF, "several", Outcome.OFF, Cause.DUPLICATE_ID),
        (USER, {"active": False}, "several in_scope", Outcome.OFF, Cause.NOT_FROM_ENTRA),
        (GROUP, {"externalId": "hr"}, "", Outcome.UNKNOWN, Cause.NOT_FROM_ENTRA),
        # Who is protected is told of as such, whatever else is true.
        (USER, OFF, "protected several in_scope", Outcome.UNKNOWN, Cause.PROTECTED),
        (USER, {}, "protected", Outcome.UNKNOWN, Cause.PROTECTED),
    ],
)
def test_what_it_is_and_why(
    type: ObjectType, attributes: dict[str, Any], facts: str, outcome: Outcome, cause: Cause
) -> None:
    given = {name: name in facts.split() for name in ("protected", "several", "in_scope")}
    assert compared_unlinked(found(type, **attributes), **given) == Compared(
        outcome=outcome,
        object_type=type,
        source_id=None,
        target_id=ScimId("17"),
        name="17",
        causes=(cause,),
    )


@pytest.mark.parametrize(
    ("type", "expected"), [(USER, "jo@example.com"), (GROUP, "Jo")], ids=["user", "group"]
)
def test_it_is_called_by_what_it_is_matched_by(type: ObjectType, expected: str) -> None:
    object = found(type, userName="jo@example.com", displayName="Jo")
    told = compared_unlinked(object, protected=False, several=False, in_scope=False)
    assert told.name == expected
