"""Entra's default schema of a SCIM application, run as it is: what is read, and what is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provisioning.deprovisioning import DeprovisioningPolicy
from provisioning.mapping import CompiledSchema, compile_schema
from provisioning.model import (
    Attributes,
    CreateObject,
    EntraId,
    Key,
    Link,
    ObjectType,
    Origin,
    ScimId,
)
from provisioning.plan import Planned, plan_user
from provisioning.schema import load_schema
from provisioning.scim.attributes import AttributeReader
from provisioning.scim.wire import encode_write
from provisioning.scope import Reason, Verdict
from tests.mapping.entra_scim import ENTERPRISE, schema

ID = EntraId("3f0b6a52-1c5e-4a0e-9c54-5f2f0c8f7a01")
KIM: dict[str, Any] = {
    "userPrincipalName": "kim@example.com",
    "displayName": "Kim Lee",
    "jobTitle": "Engineer",
    "mail": "kim.lee@example.com",
    "proxyAddresses": ["SMTP:kim.lee@example.com", "smtp:kim@example.org"],
    "givenName": "Kim",
    "surname": "Lee",
    "streetAddress": "1 Main Street",
    "postalCode": "12345",
    "officeLocation": "Building 7",
    "businessPhones": ["+1 555 0100"],
    "mobilePhone": "+1 555 0101",
    "faxNumber": None,
    "mailNickname": "kim",
    "employeeId": "0042",
    "department": "Research",
    "manager": None,
}
ACTIVE = Verdict(True, True, Reason.ASSIGNED, "Assigned directly to the application.")


@pytest.fixture
def compiled(tmp_path: Path) -> CompiledSchema:
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(schema()), encoding="utf-8")
    return compile_schema(load_schema(path))


def planned(compiled: CompiledSchema, row: dict[str, Any], link: Link | None = None) -> Any:
    mapped = compiled.user.map(ID, row, soft_deleted=False)
    plan = plan_user(Key(ObjectType.USER, ID), ACTIVE, mapped, link, DeprovisioningPolicy({}))
    if plan is None:
        return None
    assert isinstance(plan, Planned), plan
    command = encode_write(plan.write)
    assert command.body is not None
    return json.loads(command.body)


def linked(compiled: CompiledSchema, attributes: Attributes) -> Link:
    return Link(
        key=Key(ObjectType.USER, ID),
        scim_id=ScimId("1"),
        attributes=attributes,
        origin=Origin.CREATED,
        linked_at=0.0,
        written_at=0.0,
    )


def test_graph_is_asked_for_its_own_names(compiled: CompiledSchema) -> None:
    assert set(compiled.user.source_properties) == set(KIM)
    assert compiled.group.source_properties == ("displayName",)


def test_the_body_of_a_create(compiled: CompiledSchema) -> None:
    assert planned(compiled, KIM) == {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "userName": "kim@example.com",
        "active": True,
        "displayName": "Kim Lee",
        "title": "Engineer",
        "emails": [
            {"type": "work", "value": "kim.lee@example.com"},
            {"type": "other", "value": "SMTP:kim.lee@example.com"},
            {"type": "other", "value": "smtp:kim@example.org"},
        ],
        "name": {"givenName": "Kim", "familyName": "Lee"},
        "addresses": [
            {"type": "work", "streetAddress": "1 Main Street", "postalCode": "12345"},
            {"type": "other", "formatted": "Building 7"},
        ],
        "phoneNumbers": [
            {"type": "work", "value": "+1 555 0100"},
            {"type": "mobile", "value": "+1 555 0101"},
        ],
        "externalId": "kim",
        ENTERPRISE: {"employeeNumber": "0042", "department": "Research"},
    }


def test_what_was_created_needs_no_update_and_reads_as_it_was_written(
    compiled: CompiledSchema,
) -> None:
    body = planned(compiled, KIM)
    read = AttributeReader(compiled.user.target_paths, compiled.user.rules.lists).read(body)
    assert planned(compiled, KIM, linked(compiled, read)) is None
    again = {**KIM, "proxyAddresses": list(reversed(KIM["proxyAddresses"]))}
    assert planned(compiled, again, linked(compiled, read)) is None


@pytest.mark.parametrize(
    ("change", "operations"),
    [
        (
            {"mail": "kim@example.net"},
            [
                {
                    "op": "replace",
                    "path": 'emails[type eq "work"].value',
                    "value": "kim@example.net",
                }
            ],
        ),
        ({"jobTitle": None}, None),
        (
            {"department": "Sales", "mobilePhone": "+1 555 0199"},
            [
                {
                    "op": "replace",
                    "path": 'phoneNumbers[type eq "mobile"].value',
                    "value": "+1 555 0199",
                },
                {"op": "replace", "path": f"{ENTERPRISE}:department", "value": "Sales"},
            ],
        ),
        (
            {"proxyAddresses": ["smtp:kim@example.org"]},
            [
                {"op": "remove", "path": 'emails[type eq "other"]'},
                {
                    "op": "add",
                    "path": "emails",
                    "value": [{"type": "other", "value": "smtp:kim@example.org"}],
                },
            ],
        ),
    ],
)
def test_the_body_of_an_update(
    compiled: CompiledSchema, change: dict[str, Any], operations: Any
) -> None:
    read = AttributeReader(compiled.user.target_paths).read(planned(compiled, KIM))
    body = planned(compiled, {**KIM, **change}, linked(compiled, read))
    assert (body and body["Operations"]) == operations


def test_the_body_of_a_group(compiled: CompiledSchema) -> None:
    mapped = compiled.group.map(ID, {"displayName": "Sales"}, soft_deleted=False)
    body = encode_write(CreateObject(ObjectType.GROUP, mapped.attributes)).body
    assert json.loads(body or b"") == {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": "Sales",
        "externalId": ID,
    }
