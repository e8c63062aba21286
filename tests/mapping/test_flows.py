"""How a value flows: in full, once, into what is empty, only added, or shown to nobody."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provisioning.deprovisioning import DeprovisioningPolicy
from provisioning.expressions import HIDDEN
from provisioning.mapping import ObjectMapping
from provisioning.model import Action, Attributes, EntraId, Key, Link, ObjectType, Origin, ScimId
from provisioning.plan import Planned, plan_user
from provisioning.scim.attributes import AttributeReader
from provisioning.scim.wire import encode_write
from provisioning.scope import Reason, Verdict
from provisioning.source_attributes import source_row
from tests.mapping.schemas import attribute, compiled, expression, object_mapping

ID = EntraId("3f0b6a52-1c5e-4a0e-9c54-5f2f0c8f7a01")
KEY = Key(ObjectType.USER, ID)
KIM = {"userPrincipalName": "kim@example.com", "displayName": "Kim", "department": "Research"}
ACTIVE = Verdict(True, True, Reason.ASSIGNED, "Assigned directly to the application.")
DEPARTMENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"
ADMIN = {"id": "1", "value": "admin", "displayName": "Administrator"}
AUDITOR = {"id": "2", "value": "auditor", "displayName": "Auditor"}


def mapping(folder: Path, target: str = DEPARTMENT, **fields: Any) -> ObjectMapping:
    """The shipped mapping of users with one attribute changed."""
    return compiled(folder, lambda export: attribute(export, target).update(fields)).user


def with_roles(folder: Path, function: str) -> ObjectMapping:
    """The shipped mapping with ``roles``."""

    def change(export: dict[str, Any]) -> None:
        target = export["directories"][1]["objects"][0]["attributes"]
        target.append({"name": "roles", "type": "String", "multivalued": True})
        flow = {
            "targetAttributeName": "roles",
            "source": expression(f"{function}([appRoleAssignments])"),
        }
        object_mapping(export)["attributeMappings"].append(flow)

    return compiled(folder, change).user


def plan(user: ObjectMapping, row: dict[str, Any], recorded: Attributes | None = None) -> Any:
    """What would be sent, and shown; ``None`` for nothing."""
    link = None
    mapped = user.map(ID, row, soft_deleted=False)
    if recorded is not None:
        link = Link(
            key=KEY,
            scim_id=ScimId("1"),
            attributes={**mapped.attributes, **recorded},
            origin=Origin.CREATED,
            linked_at=0.0,
            written_at=0.0,
        )
    planned = plan_user(KEY, ACTIVE, mapped, link, DeprovisioningPolicy({}))
    assert planned is None or isinstance(planned, Planned), planned
    return planned


def operations(planned: Planned) -> Any:
    return json.loads(encode_write(planned.write).body or b"")["Operations"]


def value(planned: Planned, path: str = DEPARTMENT) -> Any:
    return planned.write.values[path]  # type: ignore[union-attr]


def test_a_default_is_for_a_create_unless_it_is_for_always(tmp_path: Path) -> None:
    nobody = {**KIM, "department": None}
    once = mapping(tmp_path, defaultValue="None yet", whenEmpty="keep")
    assert plan(once, nobody).write.attributes[DEPARTMENT] == "None yet"
    assert plan(once, nobody, {DEPARTMENT: "Research"}) is None
    always = mapping(tmp_path, defaultValue="None yet", defaultWhen="always")
    assert plan(always, nobody).write.attributes[DEPARTMENT] == "None yet"
    assert value(plan(always, nobody, {DEPARTMENT: "Research"})) == "None yet"
    assert plan(always, nobody, {DEPARTMENT: "None yet"}) is None


@pytest.mark.parametrize("flow", ["ValueAddOnly", "AttributeAddOnly"])
def test_what_is_filled_only_is_never_overwritten(tmp_path: Path, flow: str) -> None:
    user = mapping(tmp_path, flowType=flow, whenEmpty="keep")
    assert plan(user, KIM).write.attributes[DEPARTMENT] == "Research"
    assert value(plan(user, KIM, {DEPARTMENT: None})) == "Research"
    assert plan(user, KIM, {DEPARTMENT: "Chosen in the portal"}) is None


def test_roles_are_set_or_only_added(tmp_path: Path) -> None:
    admin = {"value": "admin", "display": "Administrator"}
    admin |= {"type": "WindowsAzureActiveDirectoryRole", "primary": False}
    row = {**KIM, "appRoleAssignments": [ADMIN]}
    for function in ("AssertiveAppRoleAssignmentsComplex", "AppRoleAssignmentsComplex"):
        user = with_roles(tmp_path, function)
        assert user.roles
        assert plan(user, row).write.attributes["roles"] == [admin]
        reader = AttributeReader(user.target_paths, user.rules.lists)
        read = reader.read({"roles": [{"value": "admin", "primary": "False"}]})
        assert plan(user, row, read) is None
    other = {"roles": [{"value": "auditor", "display": "Auditor"}]}
    additive = with_roles(tmp_path, "AppRoleAssignmentsComplex")
    assert value(plan(additive, row, other), "roles") == [*other["roles"], admin]
    assert plan(additive, {**KIM, "appRoleAssignments": []}, other) is None
    assertive = with_roles(tmp_path, "AssertiveAppRoleAssignmentsComplex")
    assert operations(plan(assertive, row, other)) == [
        {"op": "replace", "path": "roles", "value": [admin]}
    ]


def test_one_role_is_one_text(tmp_path: Path) -> None:
    user = mapping(tmp_path, source=expression("SingleAppRoleAssignment([appRoleAssignments])"))
    row = {**KIM, "appRoleAssignments": [AUDITOR, ADMIN]}
    assert plan(user, row).write.attributes[DEPARTMENT] == "admin"
    assert "appRoleAssignments" not in user.source_properties


def test_a_redacted_value_is_written_and_shown_to_nobody(tmp_path: Path) -> None:
    user = mapping(tmp_path, source=expression("Redact([department])"))
    created = plan(user, KIM)
    assert created.write.attributes[DEPARTMENT] == "Research"
    changed = plan(user, KIM, {DEPARTMENT: "Sales"})
    assert value(changed) == "Research"
    for planned in (created, changed):
        (change,) = planned.changes
        assert "Research" not in repr(change)
        assert "Sales" not in repr(change)
        assert any(p.new == HIDDEN for p in change.modified_properties)


def test_a_guest_has_the_name_that_it_has_at_home_in_every_expression(tmp_path: Path) -> None:
    guest = {**KIM, "userPrincipalName": "kim_example.org#EXT#@example.onmicrosoft.com"}
    user = mapping(tmp_path, "userName", source=expression("ToLower([userPrincipalName])"))
    assert user.map(ID, guest, soft_deleted=False).name == "kim@example.org"
    full = mapping(tmp_path, source=expression("[originalUserPrincipalName]", "Attribute"))
    shown = full.map(ID, guest, soft_deleted=False).attributes[DEPARTMENT]
    assert shown == guest["userPrincipalName"]


def test_extension_attributes_come_from_where_graph_has_them(tmp_path: Path) -> None:
    def change(export: dict[str, Any]) -> None:
        source = export["directories"][0]["objects"][0]["attributes"]
        source.append({"name": "extensionAttribute11", "type": "String"})
        text = expression("[extensionAttribute11]", "Attribute")
        attribute(export, DEPARTMENT)["source"] = text

    user = compiled(tmp_path, change).user
    assert "onPremisesExtensionAttributes" in user.source_properties
    row = {**KIM, "onPremisesExtensionAttributes": {"extensionAttribute11": "R1"}}
    assert user.map(ID, row, soft_deleted=False).attributes[DEPARTMENT] == "R1"
    assert DEPARTMENT not in user.map(ID, KIM, soft_deleted=False).attributes


@pytest.mark.parametrize("source", ["Redact([nothing])", "IgnoreFlowIfNullOrEmpty([nothing])"])
def test_a_leaver_is_switched_off_whatever_the_mapping_makes_of_active(
    tmp_path: Path, source: str
) -> None:
    def change(export: dict[str, Any]) -> None:
        attributes = export["directories"][0]["objects"][0]["attributes"]
        attributes.append({"name": "nothing", "type": "String"})
        attribute(export, "active")["source"] = expression(source)

    user = compiled(tmp_path, change).user
    mapped = user.map(ID, KIM, soft_deleted=True)
    assert "active" not in mapped.attributes
    link = Link(
        key=KEY,
        scim_id=ScimId("1"),
        attributes={**mapped.attributes, "active": True},
        origin=Origin.CREATED,
        linked_at=0.0,
        written_at=0.0,
    )
    disabled = Verdict(True, False, Reason.DISABLED, "The account is disabled in Entra.")
    planned = plan_user(KEY, disabled, mapped, link, DeprovisioningPolicy({}))
    assert isinstance(planned, Planned)
    assert [change.action for change in planned.changes] == [Action.DISABLE]


def test_values_are_added_to_elements_that_a_path_selects(tmp_path: Path) -> None:
    path = 'emails[type eq "other"].value'

    def change(export: dict[str, Any]) -> None:
        source, target = (each["objects"][0]["attributes"] for each in export["directories"])
        source.append({"name": "otherMails", "type": "String", "multivalued": True})
        target.append({"name": path, "type": "String"})
        flow = {"targetAttributeName": path, "flowType": "MultiValueAddOnly"}
        flow["source"] = expression("[otherMails]", "Attribute")  # type: ignore[assignment]
        object_mapping(export)["attributeMappings"].append(flow)

    user = compiled(tmp_path, change).user
    row = {**KIM, "otherMails": ["b@example.com"]}
    planned = plan(user, row, {path: "a@example.com"})
    assert value(planned, path) == ["a@example.com", "b@example.com"]
    assert operations(planned) == [
        {"op": "remove", "path": 'emails[type eq "other"]'},
        {
            "op": "add",
            "path": "emails",
            "value": [
                {"type": "other", "value": "a@example.com"},
                {"type": "other", "value": "b@example.com"},
            ],
        },
    ]
    assert plan(user, row, {path: ["b@example.com", "a@example.com"]}) is None


def test_an_unset_container_of_extension_attributes_is_no_value(tmp_path: Path) -> None:
    row = source_row(ID, {"onPremisesExtensionAttributes": None})
    assert row["extensionAttribute1"] is None
    assert "extensionAttribute1" not in source_row(ID, {})


@pytest.mark.parametrize("extensions", ["x", 5, True, [1], ["a", "b"], None])
def test_extension_attributes_that_are_no_object_are_none(extensions: object) -> None:
    row = source_row(EntraId("1"), {"onPremisesExtensionAttributes": extensions})
    assert row["extensionAttribute1"] is None
