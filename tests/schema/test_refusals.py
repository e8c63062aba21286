"""What a schema file must not say: where, what is wrong, and what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from provisioning.errors import Problem
from tests.mapping.schemas import attribute, compiled, expression, object_mapping, problems, written

Change = Callable[[dict[str, Any]], None]


def mapping(name: str = "User", **fields: Any) -> Change:
    return lambda export: object_mapping(export, name).update(fields)


def flow(target: str, name: str = "User", **fields: Any) -> Change:
    return lambda export: attribute(export, target, name).update(fields)


def without(target: str, name: str = "User") -> Change:
    def change(export: dict[str, Any]) -> None:
        flows = object_mapping(export, name)["attributeMappings"]
        flows.remove(attribute(export, target, name))

    return change


ALL_FLOWS = (
    "Write Add,Update,Delete; the settings ON_UNASSIGN and its siblings decide what happens to "
    "those who leave."
)


@pytest.mark.parametrize(
    ("change", "field", "message", "remedy"),
    [
        (
            mapping(enabled=False),
            "enabled",
            "a mapping of users or groups cannot be switched off in this version.",
            "Set it to true.",
        ),
        (mapping(flowTypes="Add"), "flowTypes", "'Add' cannot be limited here.", ALL_FLOWS),
        (
            mapping("Group", flowTypes="Add, Update, "),
            "flowTypes",
            "'Add, Update, ' cannot be limited here.",
            ALL_FLOWS,
        ),
        (
            flow("active", source=expression("[IsSoftDeleted]", "Attribute")),
            "source.expression",
            "[IsSoftDeleted] as it is would switch off everybody who is to have access.",
            "Write Not([IsSoftDeleted]).",
        ),
        (
            flow("displayName", source=None),
            "source",
            "'displayName' needs a source.",
            "Map it from a source attribute.",
        ),
        (
            flow("active", flowType="ObjectAddOnly"),
            "flowType",
            "'active' with ObjectAddOnly would never switch a leaver off.",
            "Write Always.",
        ),
        (
            flow("displayName", whenEmpty="clear"),
            "whenEmpty",
            "'displayName' must never be cleared.",
            "Write keep, or remove the field.",
        ),
        (
            flow("externalId", "Group", whenEmpty="clear"),
            "whenEmpty",
            "'externalId' must never be cleared.",
            "Write keep, or remove the field.",
        ),
        (
            flow("name.givenName", whenEmpty="clear", flowType="ObjectAddOnly"),
            "whenEmpty",
            "an attribute that is written on creation only cannot be cleared later.",
            "Write keep, or flowType Always.",
        ),
        (
            flow("name.givenName", matchingPriority=-1),
            "matchingPriority",
            "-1 is negative.",
            "Write 0 for an attribute that does not match, else 1, 2 and so on.",
        ),
        (
            flow("active", defaultValue="yes"),
            "defaultValue",
            "'yes' is no Boolean.",
            "Write True, False or null.",
        ),
        (
            flow("active", matchingPriority=2),
            "matchingPriority",
            "'active' cannot be matched by: it needs one text, and a source.",
            "Write matchingPriority 0, or match by an attribute of type String.",
        ),
        (
            flow("userName", matchingPriority=0),
            "attributeMappings",
            "'userName' is no matching attribute.",
            "Give userName a matchingPriority above 0: ZSCloud's names are unique.",
        ),
        *(
            (without(name), "attributeMappings", f"{name!r} is not mapped.", "Add its mapping.")
            for name in ("userName", "displayName", "active")
        ),
        *(
            (
                without(name, "Group"),
                "attributeMappings",
                f"{name!r} is not mapped.",
                "Add its mapping.",
            )
            for name in ("displayName", "members")
        ),
    ],
)
def test_what_is_refused(
    tmp_path: Path, change: Change, field: str, message: str, remedy: str
) -> None:
    found = problems(written(tmp_path, change))
    (one,) = [each for each in found if each.message == message]
    assert one == Problem(one.field, message, remedy)
    place = "PROVISIONING_SCHEMA $.synchronizationRules[0].objectMappings["
    assert one.field.startswith(place)
    assert one.field.endswith(field)
    assert len(found) == 1 or field == "attributeMappings"


@pytest.mark.parametrize(
    "change",
    [
        mapping(flowTypes="delete, ADD ,update"),
        mapping(flowTypes=""),
        mapping(enabled=True),
        flow("active", defaultValue="True"),
        flow("active", defaultValue=""),
        flow("name.givenName", whenEmpty="clear"),
        flow("name.givenName", matchingPriority=3),
        flow("name.givenName", defaultValue="yes"),
        flow("name.familyName", flowType="ObjectAddOnly", whenEmpty="keep"),
    ],
)
def test_what_is_taken(tmp_path: Path, change: Change) -> None:
    compiled(tmp_path, change)
