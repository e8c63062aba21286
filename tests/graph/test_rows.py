"""What rows mean, from the documented bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provisioning.errors import PermissionMissing, ProtocolError
from provisioning.graph import rows, wire
from provisioning.model import (
    DEFAULT_ACCESS,
    AppRole,
    Assignment,
    DeltaRow,
    EntraId,
    Key,
    Member,
    ObjectType,
    SourceGroup,
    SourceUser,
)
from tests.graph.scripted import NOW

REQUEST = wire.Request("/x", wire.USER_READ)
ROWS = rows.Rows(("userPrincipalName", "department", "department"), ("displayName",))


def answer(body: bytes | object) -> wire.Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return wire.Answer(200, {"content-type": "application/json"}, content, NOW)


def key(id: str, type: ObjectType = ObjectType.USER) -> Key:
    return Key(type, EntraId(id))


SERVICE_PRINCIPAL = b"""{
  "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#servicePrincipals/$entity",
  "id": "59e617e5-e447-4adc-8b88-00af644d7c92",
  "appId": "65415bb1-9267-4313-bbf5-ae259732ee12",
  "displayName": "Zscaler ZSCloud",
  "accountEnabled": true,
  "appRoles": [
    {"allowedMemberTypes": ["User"], "description": "User", "displayName": "User",
     "id": "18d14569-c3bd-439b-9a66-3a2aee01d14f", "isEnabled": true,
     "origin": "Application", "value": null},
    {"allowedMemberTypes": ["User"], "description": "", "displayName": null,
     "id": "b9632174-c057-4f7e-951b-be3adc52bfe6", "isEnabled": false,
     "origin": "Application", "value": "Admin"}
  ]
}"""


def test_service_principal() -> None:
    """Properties and roles; unknown fields do not matter."""
    found = rows.decode_service_principal(answer(SERVICE_PRINCIPAL), REQUEST)
    assert found.id == "59e617e5-e447-4adc-8b88-00af644d7c92"
    assert (found.display_name, found.enabled) == ("Zscaler ZSCloud", True)
    assert found.app_roles == (
        AppRole("18d14569-c3bd-439b-9a66-3a2aee01d14f", None, "User", True),
        AppRole("b9632174-c057-4f7e-951b-be3adc52bfe6", "Admin", "Admin", False),
    )


def test_disabled_service_principal() -> None:
    """Only a plain false means disabled."""
    body = {"id": "s", "appId": "a", "accountEnabled": False}
    assert not rows.decode_service_principal(answer(body), REQUEST).enabled
    body = {"id": "s", "appId": "a"}
    assert rows.decode_service_principal(answer(body), REQUEST).enabled


ASSIGNMENTS = b"""{
  "@odata.nextLink": "https://graph.microsoft.com/v1.0/next",
  "value": [
    {"id": "41W1zT6z1U-kJxf62svfp1HFE8pMZhxDun-ThPczmJE", "deletedDateTime": null,
     "appRoleId": "00000000-0000-0000-0000-000000000000",
     "createdDateTime": "2021-02-02T04:22:45.9480566Z",
     "principalDisplayName": "Alex Wilber",
     "principalId": "cdb555e3-b33e-4fd5-a427-17fadacbdfa7", "principalType": "User",
     "resourceDisplayName": "benefits",
     "resourceId": "8e881353-1735-45af-af21-ee1344582a4d"},
    {"id": "g-1", "appRoleId": "r", "createdDateTime": null,
     "principalId": "7679d9a4-2323-44cd-b5c2-673ec88d8b12", "principalType": "Group"},
    {"id": "s-1", "appRoleId": "r", "createdDateTime": "2021-02-02T04:22:45Z",
     "principalId": "11111111-2323-44cd-b5c2-673ec88d8b12",
     "principalType": "ServicePrincipal"}
  ]
}"""


def test_assignments() -> None:
    """Users and groups, with the time of the assignment; client applications are left out."""
    page = rows.decode_assignments(answer(ASSIGNMENTS), REQUEST)
    assert page.next_link == "https://graph.microsoft.com/v1.0/next"
    assert [item.principal.type for item in page.value] == [ObjectType.USER, ObjectType.GROUP]
    assert page.value[0].role_id == DEFAULT_ACCESS
    assert page.value[0].created == pytest.approx(1612239765.948, abs=0.001)
    group = key("7679d9a4-2323-44cd-b5c2-673ec88d8b12", ObjectType.GROUP)
    assert page.value[1] == Assignment("g-1", group, "r", 0.0)


MEMBERS = b"""{"value": [
  {"@odata.type": "#microsoft.graph.user", "id": "u1", "accountEnabled": false,
   "userPrincipalName": "u1@example.com", "department": null},
  {"@odata.type": "#microsoft.graph.group", "id": "g1", "accountEnabled": null,
   "userPrincipalName": null},
  {"@odata.type": "#microsoft.graph.device", "id": "d1", "accountEnabled": true},
  {"@odata.type": "#microsoft.graph.orgContact", "id": "c1"},
  {"@odata.type": "#microsoft.graph.servicePrincipal", "id": "s1"}
]}"""


def test_members() -> None:
    """Users with attributes, groups as keys; the rest cannot be provisioned."""
    attributes = {"userPrincipalName": "u1@example.com", "department": None}
    assert ROWS.members(answer(MEMBERS), REQUEST).value == [
        Member(key("u1"), SourceUser(EntraId("u1"), False, attributes)),
        Member(key("g1", ObjectType.GROUP), None),
    ]


def test_absent_properties_are_none_in_full_reads() -> None:
    """Every selected property is there."""
    user = ROWS.user(
        answer({"id": "u", "accountEnabled": True, "userPrincipalName": "u@example.com"}), REQUEST
    )
    assert user.attributes == {"userPrincipalName": "u@example.com", "department": None}
    rows_ = rows.Rows((), ("displayName", "description"))
    assert rows_.group(answer({"id": "g", "displayName": "G"}), REQUEST) == SourceGroup(
        EntraId("g"), {"displayName": "G", "description": None}
    )


@pytest.mark.parametrize("withheld", ["userPrincipalName", "accountEnabled"])
def test_withheld_properties_are_a_missing_permission(withheld: str) -> None:
    """Graph answers 200 with nulls to whom it does not trust; that is nobody's data."""
    row: dict[str, Any] = {"id": "u", "accountEnabled": True, "userPrincipalName": "u@example.com"}
    row[withheld] = None
    with pytest.raises(PermissionMissing) as caught:
        ROWS.users(answer({"value": [row]}), REQUEST)
    assert caught.value.permission == "User.Read.All"


@pytest.mark.parametrize("row", [{"id": "g"}, {"id": "g", "displayName": None}])
def test_a_group_without_its_name_is_a_missing_permission(row: dict[str, Any]) -> None:
    """Every group has a name: one without it is withheld, in a read and in a delta row."""
    with pytest.raises(PermissionMissing) as caught:
        ROWS.group(answer(row), REQUEST)
    assert caught.value.permission == "GroupMember.Read.All"
    delta = ROWS.delta(ObjectType.GROUP)
    body = {"value": [{"displayName": None, **row}], "@odata.deltaLink": "d"}
    with pytest.raises(PermissionMissing):
        delta(answer(body), REQUEST)


@pytest.mark.parametrize("withheld", ["userPrincipalName", "accountEnabled"])
def test_a_delta_row_of_nulls_is_a_missing_permission(withheld: str) -> None:
    """What a row leaves out is unchanged; what it shows as null, and nobody is without, is not."""
    delta = ROWS.delta(ObjectType.USER)
    delta(answer({"value": [{"id": "u"}], "@odata.deltaLink": "d"}), REQUEST)
    with pytest.raises(PermissionMissing) as caught:
        delta(answer({"value": [{"id": "u", withheld: None}], "@odata.deltaLink": "d"}), REQUEST)
    assert caught.value.permission == "User.Read.All"


@pytest.mark.parametrize(
    "row",
    [
        {"@odata.type": "#microsoft.graph.group"},
        {"@odata.type": "#microsoft.graph.group", "id": 7},
        {"@odata.type": "#microsoft.graph.group", "id": ""},
        {"id": "x"},
        {"@odata.type": None, "id": "x"},
    ],
)
def test_a_member_that_cannot_be_told(row: dict[str, Any]) -> None:
    """A row without id or type is an error, not somebody less."""
    with pytest.raises(ProtocolError):
        ROWS.members(answer({"value": [row]}), REQUEST)


@pytest.mark.parametrize("body", [{}, {"value": None}, {"value": {}}, {"value": [1]}])
def test_a_list_without_value(body: object) -> None:
    """An answer without rows is not an empty list."""
    with pytest.raises(ProtocolError):
        ROWS.users(answer(body), REQUEST)


GROUPS_DELTA = b"""{
  "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#groups(displayName,members)",
  "@odata.deltaLink": "https://graph.microsoft.com/v1.0/groups/delta?$deltatoken=x",
  "value": [
    {"displayName": "All Company", "id": "c2f798fd-f95d-4623-8824-63aec21fffff",
     "members@delta": [
       {"@odata.type": "#microsoft.graph.user", "id": "693acd06-2877-4339-8ade-b704261fe7a0"},
       {"@odata.type": "#microsoft.graph.user", "id": "49320844-be99-4164-8167-87ff5d047ace",
        "@removed": {"reason": "deleted"}},
       {"@odata.type": "#microsoft.graph.group", "id": "ec22655c-8eb2-432a-b4ea-8b8a254bffff",
        "@removed": {"reason": "deleted"}},
       {"@odata.type": "#microsoft.graph.device", "id": "d"}]},
    {"id": "soft", "@removed": {"reason": "changed"}},
    {"id": "gone", "@removed": {"reason": "deleted"}}
  ]
}"""


def test_groups_delta() -> None:
    """Members that came and went, and groups that were deleted softly and for good."""
    page = ROWS.delta(ObjectType.GROUP)(answer(GROUPS_DELTA), REQUEST)
    assert page.next_link is None
    assert page.delta_link == "https://graph.microsoft.com/v1.0/groups/delta?$deltatoken=x"
    first, soft, gone = page.rows
    assert first == DeltaRow(
        key("c2f798fd-f95d-4623-8824-63aec21fffff", ObjectType.GROUP),
        {"displayName": "All Company"},
        members_added=(key("693acd06-2877-4339-8ade-b704261fe7a0"),),
        members_removed=(
            key("49320844-be99-4164-8167-87ff5d047ace"),
            key("ec22655c-8eb2-432a-b4ea-8b8a254bffff", ObjectType.GROUP),
        ),
    )
    assert (soft.removed, gone.removed) == ("changed", "deleted")


USERS_DELTA = b"""{
  "@odata.nextLink": "https://graph.microsoft.com/v1.0/users/delta?$skiptoken=x",
  "value": [
    {"id": "u1", "accountEnabled": false, "department": null, "jobTitle": "not selected"},
    {"id": "u1", "department": "Sales"},
    {"id": "u2", "@removed": {"reason": "changed"}}
  ]
}"""


def test_users_delta() -> None:
    """Absent stays absent, null is cleared, and a repeated row stays a row of its own."""
    page = ROWS.delta(ObjectType.USER)(answer(USERS_DELTA), REQUEST)
    assert page.rows == (
        DeltaRow(key("u1"), {"department": None}, enabled=False),
        DeltaRow(key("u1"), {"department": "Sales"}),
        DeltaRow(key("u2"), {}, removed="changed"),
    )


@pytest.mark.parametrize(
    "body",
    [
        {"value": []},
        {"value": [], "@odata.nextLink": "n", "@odata.deltaLink": "d"},
        {"value": [{"id": "u", "@removed": {}}], "@odata.deltaLink": "d"},
        {"value": [{"id": "u", "@removed": "deleted"}], "@odata.deltaLink": "d"},
        {"value": [{"id": "g", "members@delta": {}}], "@odata.deltaLink": "d"},
        {"value": [{"id": "g", "members@delta": "ab"}], "@odata.deltaLink": "d"},
        {"value": [{"id": "g", "members@delta": ["ab"]}], "@odata.deltaLink": "d"},
        {"value": [{"id": "g", "members@delta": [{"id": "u"}]}], "@odata.deltaLink": "d"},
        {"value": [{"displayName": "no id"}], "@odata.deltaLink": "d"},
    ],
)
def test_delta_pages_that_are_none(body: object) -> None:
    """A page has one of the two links, and every row can be told."""
    with pytest.raises(ProtocolError):
        ROWS.delta(ObjectType.GROUP)(answer(body), REQUEST)


def test_selections() -> None:
    """State and proof of permission are always read; delta follows members of groups."""
    assert ROWS.select(ObjectType.USER)[:3] == ("id", "accountEnabled", "userPrincipalName")
    assert ROWS.select(ObjectType.GROUP) == ("id", "displayName")
    assert ROWS.select_delta(ObjectType.USER) == (
        "accountEnabled",
        "userPrincipalName",
        "department",
    )
    assert ROWS.select_delta(ObjectType.GROUP) == ("displayName", "members")


@pytest.mark.parametrize("manager", ["x", 5, [], True, {"id": None}])
def test_a_manager_that_is_no_object_is_no_answer(manager: object) -> None:
    managed = rows.Rows(("userPrincipalName", "manager"), ())
    row = {"id": "a", "accountEnabled": True, "userPrincipalName": "a@b", "manager": manager}
    with pytest.raises(ProtocolError, match="without id"):
        managed.user(answer(row), REQUEST)


def test_numbers_that_no_store_has_are_texts() -> None:
    """JSON has them, and a row of the store does not take them."""
    read = rows.Rows(("department", "x", "flag"), ())
    row = {"id": "a", "accountEnabled": True, "userPrincipalName": "a@b"}
    row |= {"department": 10**30, "x": {"y": [-(10**30), 5]}, "flag": True}
    found = read.user(answer(row), REQUEST).attributes
    assert found == {"department": str(10**30), "x": {"y": [str(-(10**30)), 5]}, "flag": True}


def test_a_value_that_nests_without_end_has_none_below() -> None:
    deep = b"[" * 990 + b"]" * 990
    body = b'{"id": "a", "displayName": "G", "x": ' + deep + b"}"
    found = rows.Rows((), ("x",)).group(answer(body), REQUEST).attributes["x"]
    depth = 0
    while found:
        [found] = found
        depth += 1
    assert depth == 20


@pytest.mark.parametrize(
    ("created", "believed"),
    [
        ("2025-10-09T08:00:00Z", True),
        ("9999-12-31T23:59:59-14:00", False),
        ("9999-12-31T23:59:59Z", False),
        ("0001-01-01T00:00:00+14:00", False),
    ],
)
def test_a_creation_that_lies_ahead_is_none(created: str, believed: bool) -> None:
    row = {"id": "x", "appRoleId": "r", "principalId": "a", "principalType": "User"}
    page = rows.decode_assignments(
        answer({"value": [{**row, "createdDateTime": created}]}), REQUEST
    )
    assert (page.value[0].created > 0) is believed
