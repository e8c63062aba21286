"""ZSCloud users as Zscaler documents them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.simulator.zscloud_caller import ENTERPRISE, USER, Caller, op, user


async def test_a_created_user_comes_back_with_id_meta_and_location() -> None:
    caller = Caller()
    answer = await caller.call("POST", "/Users", user(externalId="e1", department="Sales"))
    assert answer.status == 201
    assert answer.headers["content-type"] == "application/scim+json"
    assert re.fullmatch("7a736361-6c65-7200-7363-696d[0-9a-f]{8}", answer.body["id"])
    location = f"https://scim.example.com/1234/5678/scim/Users/{answer.body['id']}"
    assert answer.headers["location"] == location
    assert answer.body["meta"] == {
        "resourceType": "User",
        "created": "2027-01-15T08:00:00.000Z",
        "lastModified": "2027-01-15T08:00:00.000Z",
        "location": location,
    }
    assert answer.body["externalId"] == "e1"
    assert "active" not in answer.body


async def test_the_one_department_is_returned_twice() -> None:
    caller = Caller()
    id = await caller.user(department="Sales")
    shown = await caller.get(f"/Users/{id}")
    assert shown["department"] == "Sales"
    assert shown[ENTERPRISE] == {"department": "Sales"}
    assert shown["schemas"] == [USER, ENTERPRISE]


async def test_a_listed_user_includes_its_groups() -> None:
    caller = Caller()
    id = await caller.user()
    group_id = await caller.group("Sales", id)
    rows = (await caller.get("/Users"))["Resources"]
    assert rows[-1]["groups"] == [
        {
            "value": group_id,
            "$ref": f"https://scim.example.com/1234/5678/scim/Groups/{group_id}",
            "display": "Sales",
        }
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"userName": "ada@elsewhere.example"},
        {"userName": "ada"},
        {"userName": "a" * 116 + "@example.com"},
        {"displayName": "a" * 128},
        {"department": "a" * 129},
        {"userName": ""},
        {"displayName": None},
        {"active": "perhaps"},
        {"emails": "ada@example.com"},
        {"name": "Ada"},
    ],
)
async def test_an_unfit_value_is_refused(change: dict[str, Any]) -> None:
    caller = Caller()
    answer = await caller.call("POST", "/Users", user(**change))
    assert (answer.status, answer.body["scimType"]) == (400, "invalidValue")
    assert not caller.sim.users.provisioned()


async def test_values_at_the_limit_are_accepted() -> None:
    caller = Caller()
    name = "a" * (127 - len("@example.com"))
    id = await caller.user(name, displayName="ä" * 127, department="ß" * 128)
    assert caller.sim.users.by_id(id) is not None


async def test_a_username_is_unique_in_any_case() -> None:
    caller = Caller()
    await caller.user("ada")
    answer = await caller.call("POST", "/Users", user("ADA"))
    assert (answer.status, answer.body["scimType"]) == (409, "uniqueness")
    other = await caller.user("bob")
    answer = await caller.patch(f"/Users/{other}", op("replace", "userName", "Ada@example.com"))
    assert answer.status == 409
    assert (await caller.get(f"/Users/{other}"))["userName"] == "bob@example.com"


async def test_the_case_of_ones_own_username_may_change() -> None:
    caller = Caller()
    id = await caller.user("ada")
    answer = await caller.patch(f"/Users/{id}", op("replace", "userName", "Ada@Example.com"))
    assert answer.status == 204
    found = caller.sim.users.by_user_name("ADA@example.com")
    assert found is not None
    assert found.user_name == "Ada@Example.com"


async def test_put_with_another_id_in_the_body_finds_nobody() -> None:
    caller = Caller()
    id = await caller.user()
    answer = await caller.call("PUT", f"/Users/{id}", user(id="my-own-id", displayName="New"))
    assert answer.status == 404
    assert answer.body["detail"].startswith("No user with the id")
    assert (await caller.get(f"/Users/{id}"))["displayName"] == "ada"
    own = await caller.call("PUT", f"/Users/{id}", user(id=id, displayName="New"))
    assert own.status == 200
    assert own.body["displayName"] == "New"


async def test_the_reply_to_put_has_no_created_and_no_location() -> None:
    caller = Caller()
    id = await caller.user()
    answer = await caller.call("PUT", f"/Users/{id}", user())
    assert set(answer.body["meta"]) == {"resourceType", "lastModified"}


@pytest.mark.parametrize(("clears", "kept"), [(True, None), (False, "e1")])
async def test_put_clears_omitted_attributes_or_not(clears: bool, kept: str | None) -> None:
    caller = Caller(put_clears=clears)
    id = await caller.user(externalId="e1", active=False)
    await caller.call("PUT", f"/Users/{id}", user())
    assert (await caller.get(f"/Users/{id}")).get("externalId") == kept
    stored = caller.sim.users.by_id(id)
    assert stored is not None
    assert stored.active is clears


async def test_the_list_has_portal_admins_from_the_start() -> None:
    caller = Caller(admins=("root@example.com",))
    rows = (await caller.get("/Users"))["Resources"]
    assert [row["displayName"] for row in rows] == ["DEFAULT ADMIN", "root@example.com"]
    assert rows[0]["department"] == "Service Admin"
    assert [group["display"] for group in rows[0]["groups"]] == ["Service Admin"]
    assert caller.sim.members("Service Admin") == ("admin@example.com", "root@example.com")


async def test_an_admin_is_not_deleted_by_default() -> None:
    caller = Caller()
    admin = next(iter(caller.sim.users))
    answer = await caller.call("DELETE", f"/Users/{admin.id}")
    assert answer.status == 409
    assert answer.body["detail"] == "Admin user cannot be deleted"
    caller.sim.set_options(admin_delete="deletes")
    assert (await caller.call("DELETE", f"/Users/{admin.id}")).status == 204
    assert len(caller.sim.users) == 0


async def test_deleting_a_user_drops_its_memberships() -> None:
    caller = Caller()
    ada, bob = await caller.user("ada"), await caller.user("bob")
    group = await caller.group("Sales", ada, bob)
    answer = await caller.call("DELETE", f"/Users/{ada}")
    assert (answer.status, answer.raw.body) == (204, b"")
    assert (await caller.call("GET", f"/Users/{ada}")).status == 404
    members = (await caller.get(f"/Groups/{group}"))["members"]
    assert [member["value"] for member in members] == [bob]


async def test_attribute_names_have_no_case() -> None:
    caller = Caller()
    body = {"schemas": [USER], "USERNAME": "ada@example.com", "displayname": "Ada", "ACTIVE": True}
    answer = await caller.call("POST", "/Users", body)
    assert answer.status == 201
    assert {"userName", "displayName", "active"} <= answer.body.keys()


@pytest.mark.parametrize(("choice", "kept"), [("kept", True), ("ignored", False)])
async def test_undocumented_attributes_are_kept_or_ignored(choice: str, kept: bool) -> None:
    caller = Caller(other_attributes=choice)
    name = {"givenName": "Ada", "formatted": "Ada L."}
    id = await caller.user(title="Countess", shoeSize="38", name=name)
    shown = await caller.get(f"/Users/{id}")
    assert ("title" in shown, "shoeSize" in shown) == (kept, kept)
    assert shown["name"] == (name if kept else {"givenName": "Ada"})


async def test_groups_of_a_user_cannot_be_set() -> None:
    caller = Caller()
    group = await caller.group("Sales")
    id = await caller.user(groups=[{"value": group}])
    assert (await caller.get(f"/Users/{id}"))["groups"] == []


async def test_an_empty_department_clears_or_is_refused() -> None:
    caller = Caller()
    id = await caller.user(department="Sales")
    clear = op("replace", f"{ENTERPRISE}:department", "")
    assert (await caller.patch(f"/Users/{id}", clear)).status == 204
    shown = await caller.get(f"/Users/{id}")
    assert "department" not in shown
    assert ENTERPRISE not in shown
    caller.sim.set_options(empty_department="refused")
    assert (await caller.patch(f"/Users/{id}", clear)).status == 400


async def test_text_booleans_are_understood_outside_strict_mode() -> None:
    caller = Caller()
    id = await caller.user()
    assert (await caller.patch(f"/Users/{id}", op("Replace", "active", "False"))).status == 204
    assert (await caller.get(f"/Users/{id}"))["active"] is False
