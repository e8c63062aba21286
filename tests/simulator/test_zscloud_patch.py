"""PATCH of users: the shapes that RFC 7644 and the vendors' examples have."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.zscloud_caller import ENTERPRISE, Caller, op, patch

DEPARTMENT = f"{ENTERPRISE}:department"
WORK = 'emails[type eq "work"]'


async def patched(caller: Caller, *operations: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    id = await caller.user(**attributes)
    answer = await caller.patch(f"/Users/{id}", *operations)
    assert answer.status == 204, answer.body
    shown: dict[str, Any] = await caller.get(f"/Users/{id}")
    return shown


async def test_an_operation_by_path_by_urn_and_without_path() -> None:
    shown = await patched(
        Caller(),
        op("replace", "displayName", "Ada L."),
        op("Add", DEPARTMENT, "Sales"),
        op("REPLACE", None, {"active": False, "name.familyName": "Lovelace", "externalId": "e1"}),
    )
    assert shown["displayName"] == "Ada L."
    assert shown["department"] == "Sales"
    assert shown["active"] is False
    assert shown["name"] == {"familyName": "Lovelace"}
    assert shown["externalId"] == "e1"


async def test_a_value_without_path_may_hold_urns() -> None:
    nested = await patched(Caller(), op("add", None, {ENTERPRISE: {"department": "Sales"}}))
    flat = await patched(Caller(), op("add", None, {DEPARTMENT: "Sales"}))
    assert nested["department"] == flat["department"] == "Sales"


async def test_removals() -> None:
    shown = await patched(
        Caller(),
        op("remove", "externalId"),
        op("remove", "name.givenName"),
        op("remove", DEPARTMENT),
        op("remove", "emails"),
        externalId="e1",
        name={"givenName": "Ada", "familyName": "Lovelace"},
        department="Sales",
        emails=[{"value": "ada@example.com"}],
    )
    assert shown["name"] == {"familyName": "Lovelace"}
    assert not {"externalId", "department", "emails", ENTERPRISE} & shown.keys()


async def test_null_unassigns() -> None:
    caller = Caller()
    id = await caller.user(title="Countess")
    body = patch({"op": "replace", "path": "title", "value": None})
    assert (await caller.call("PATCH", f"/Users/{id}", body)).status == 204
    assert "title" not in await caller.get(f"/Users/{id}")


async def test_values_chosen_by_a_filter() -> None:
    emails = [
        {"type": "work", "value": "a@example.com"},
        {"type": "home", "value": "b@example.com"},
    ]
    changed = await patched(
        Caller(), op("replace", f"{WORK}.value", "c@example.com"), emails=emails
    )
    assert [email["value"] for email in changed["emails"]] == ["c@example.com", "b@example.com"]
    removed = await patched(Caller(), op("remove", WORK), emails=emails)
    assert removed["emails"] == emails[1:]
    either = f'{WORK[:-1]} or type eq "home"]'
    assert "emails" not in await patched(Caller(), op("remove", either), emails=emails)
    merged = await patched(Caller(), op("replace", WORK, {"value": "d@example.com"}), emails=emails)
    assert merged["emails"][0] == {"type": "work", "value": "d@example.com"}


async def test_an_addition_makes_the_value_that_its_filter_implies() -> None:
    shown = await patched(Caller(), op("add", f"{WORK}.value", "a@example.com"))
    assert shown["emails"] == [{"type": "work", "value": "a@example.com"}]


async def test_adding_to_a_multi_valued_attribute_keeps_what_is_there() -> None:
    first, second = {"value": "a@example.com"}, {"value": "b@example.com"}
    shown = await patched(Caller(), op("add", "emails", [first, second]), emails=[first])
    assert shown["emails"] == [first, second]


async def test_an_extension_is_removed_whole() -> None:
    assert ENTERPRISE not in await patched(Caller(), op("remove", ENTERPRISE), department="Sales")


async def test_a_sub_attribute_of_all_values() -> None:
    values = [{"value": "a@example.com"}, {"value": "b@example.com"}]
    shown = await patched(Caller(), op("replace", "emails.type", "work"), emails=values)
    assert [email["type"] for email in shown["emails"]] == ["work", "work"]


@pytest.mark.parametrize(
    ("operation", "scim_type"),
    [
        (op("replace", f"{WORK}.value", "a@example.com"), "noTarget"),
        (op("remove"), "noTarget"),
        (op("move", "title"), "invalidSyntax"),
        ("add", "invalidSyntax"),
        ({"op": "add", "path": 5, "value": "x"}, "invalidPath"),
        (op("add", 'emails[type eq "home"]', "x"), "invalidValue"),
        ({"path": "title", "value": "x"}, "invalidSyntax"),
        (op("replace", "emails[type eq", "x"), "invalidPath"),
        (op("replace", 'emails[type zz "work"]', "x"), "invalidPath"),
        (op("replace", "urn:example:unknown:title", "x"), "invalidPath"),
        (op("replace", "title.part", "x"), "invalidPath"),
        (op("replace", 'title[value eq "x"]', "x"), "invalidPath"),
        (op("remove", 'emails[value sw "x"]'), "invalidPath"),
        (op("replace", "id", "x"), "mutability"),
        (op("replace", "groups", []), "mutability"),
        (op("replace", "department", "x"), "mutability"),
        (op("remove", "userName"), "mutability"),
        (op("replace", None, "x"), "invalidValue"),
        (op("replace", "name", "x"), "invalidValue"),
        (op("add", "emails", "x"), "invalidValue"),
        (op("replace", "displayName", 5), "invalidValue"),
        (op("replace", ENTERPRISE, "x"), "invalidValue"),
    ],
)
async def test_a_wrong_operation_is_refused_and_changes_nothing(
    operation: Any, scim_type: str
) -> None:
    caller = Caller()
    id = await caller.user(emails=[{"value": "a@example.com", "type": "home"}])
    before = await caller.get(f"/Users/{id}")
    answer = await caller.patch(f"/Users/{id}", op("add", "title", "Countess"), operation)
    assert (answer.status, answer.body["scimType"]) == (400, scim_type)
    assert await caller.get(f"/Users/{id}") == before


async def test_patch_may_answer_200_with_the_resource() -> None:
    caller = Caller(patch_status=200)
    id = await caller.user()
    answer = await caller.patch(f"/Users/{id}", op("replace", "displayName", "Ada L."))
    assert (answer.status, answer.body["displayName"]) == (200, "Ada L.")
    assert answer.body["meta"]["location"].endswith(id)


async def test_a_change_moves_last_modified() -> None:
    caller = Caller()
    id = await caller.user()
    caller.clock.now += 60
    await caller.patch(f"/Users/{id}", op("replace", "displayName", "Ada L."))
    meta = (await caller.get(f"/Users/{id}"))["meta"]
    assert meta["created"] == "2027-01-15T08:00:00.000Z"
    assert meta["lastModified"] == "2027-01-15T08:01:00.000Z"
