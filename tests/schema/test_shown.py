"""A schema as people read it, and what is meant by names of extensions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from provisioning.model import ObjectType
from provisioning.schema import load_schema
from provisioning.schema.describe import AttributeLine, lines_of, summary
from provisioning.schema.model import MEMBERS, NAME
from provisioning.schema.properties import ALWAYS_SET, PROPERTIES, is_extension
from simulator.entra import properties as graph
from tests.mapping.schemas import attribute, expression, written

SHIPPED = load_schema(None)


def line(folder: Path, **fields: Any) -> AttributeLine:
    """The line of the given name with an attribute mapping that was changed."""
    path = written(folder, lambda e: attribute(e, "name.givenName").update(fields))
    (found,) = [
        each for each in lines_of(load_schema(path).user) if each.target == "name.givenName"
    ]
    return found


def test_a_line_has_all_that_is_set() -> None:
    given, members = lines_of(SHIPPED.user)[3], lines_of(SHIPPED.group)[-1]
    assert msgspec.structs.asdict(given) == {
        "target": "name.givenName",
        "source": "[givenName]",
        "matching": 0,
        "apply": "always",
        "default": None,
        "default_when": "create",
        "when_empty": "clear",
    }
    assert msgspec.structs.asdict(members) == {
        "target": "members",
        "source": "[members]",
        "matching": 0,
        "apply": "always",
        "default": None,
        "default_when": "create",
        "when_empty": "clear",
    }


@pytest.mark.parametrize(
    ("fields", "field", "value"),
    [
        ({"flowType": "ObjectAddOnly", "whenEmpty": "keep"}, "apply", "on creation"),
        ({"flowType": "ValueAddOnly"}, "apply", "where empty"),
        ({"flowType": "AttributeAddOnly"}, "apply", "where empty"),
        ({"flowType": "MultiValueAddOnly"}, "apply", "adding"),
        ({"whenEmpty": "keep"}, "when_empty", "keep"),
        ({"defaultValue": "D"}, "default", "D"),
        ({"defaultValue": ""}, "default", None),
        ({"defaultValue": "D", "defaultWhen": "always"}, "default_when", "always"),
        ({"matchingPriority": 2}, "matching", 2),
        ({"source": expression("ToUpper([givenName])")}, "source", "ToUpper([givenName])"),
        ({"source": None}, "source", None),
    ],
)
def test_what_is_set_is_shown(
    tmp_path: Path, fields: dict[str, Any], field: str, value: Any
) -> None:
    shown = line(tmp_path, **fields)
    assert getattr(shown, field) == value


def test_a_summary_counts_and_names(tmp_path: Path) -> None:
    assert summary(SHIPPED.user) == (
        "7 attributes (userName, externalId, active, name.givenName, name.familyName, displayName, "
        "department), found by userName; no filter"
    )
    assert summary(SHIPPED.group) == (
        "3 attributes (displayName, externalId, members), found by displayName; no filter"
    )

    def change(export: dict[str, Any]) -> None:
        attribute(export, "externalId")["matchingPriority"] = 2

    path = written(tmp_path, change)
    assert "found by userName, then externalId; " in summary(load_schema(path).user)


@pytest.mark.parametrize(
    ("name", "extension"),
    [
        ("extension_0123_badge", True),
        ("extabcd1234_badge", True),
        ("ext_badge", True),
        ("extensionAttribute1", False),
        ("external", False),
        ("my_ext", False),
        ("badge_extension_", False),
    ],
)
def test_each_tenant_has_extensions_of_its_own(name: str, extension: bool) -> None:
    assert is_extension(name) is extension


def test_the_names_that_everything_hangs_on() -> None:
    assert NAME == {ObjectType.USER: "userName", ObjectType.GROUP: "displayName"}
    assert MEMBERS == "members"
    assert ALWAYS_SET[ObjectType.GROUP] == {
        *("displayName", "objectId", "mailNickname", "IsSoftDeleted")
    }
    assert ALWAYS_SET[ObjectType.USER] == {
        *("accountEnabled", "displayName", "objectId", "originalUserPrincipalName"),
        *("IsSoftDeleted", "userPrincipalName", "mailNickname"),
    }


def test_the_properties_are_those_that_graph_gives() -> None:
    """The simulated Graph has them from Graph's own pages."""
    of_no_use = {
        *("aboutMe", "assignedLicenses", "assignedPlans", "creationOptions", "deletedDateTime"),
        *("licenseAssignmentStates", "onPremisesProvisioningErrors", "provisionedPlans"),
        *("serviceProvisioningErrors", "signInSessionsValidFromDateTime"),
    }
    users = {*graph.USER_FIELDS, *graph.USER_OTHERS, "manager"}
    assert PROPERTIES[ObjectType.USER] == users - of_no_use
    groups = {*graph.GROUP_FIELDS, *graph.GROUP_OTHERS, "members"}
    assert PROPERTIES[ObjectType.GROUP] == groups - of_no_use
