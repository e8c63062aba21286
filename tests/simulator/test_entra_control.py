"""The control interface: every action, names for ids, refusals, and looking at the simulator."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simulator.entra import DEFAULT_ACCESS, Tenant
from tests.simulator.entra_caller import Caller


@pytest.fixture
def caller() -> Caller:
    return Caller(Tenant.empty())


async def test_a_working_day_over_http(caller: Caller) -> None:
    control, tenant = caller.control, caller.tenant
    ann = (await control("create_user", userPrincipalName="ann@example.com", city="Ulm"))["id"]
    bob = (await control("create_user", userPrincipalName="bob@example.com"))["id"]
    staff = (await control("create_group", displayName="Staff", members=["ann@example.com"]))["id"]
    row = (await control("assign", principal="Staff"))["id"]
    await control("assign", principal=bob, role=DEFAULT_ACCESS)
    assert tenant.effective_users() == {ann}
    await control("add_member", group="Staff", member="bob@example.com")
    await control("remove_member", group=staff, member=ann)
    assert tenant.effective_users() == {bob}
    await control("update_user", id=ann, displayName="Ann", accountEnabled=False)
    await control("move", id="ann@example.com", department="Sales")
    await control("enable", id=ann)
    await control("disable", id=bob)
    people = tenant.users.current()
    assert (people[ann].display_name, people[ann].department) == ("Ann", "Sales")
    assert (people[ann].account_enabled, people[bob].account_enabled) == (True, False)
    await control("update_group", id="Staff", displayName="Crew")
    assert tenant.groups.current()[staff].display_name == "Crew"
    await control("unassign", principal=bob, role=DEFAULT_ACCESS)
    await control("unassign", id=row)
    assert not tenant.assignments.current()
    await control("delete", id=bob)
    assert people[bob].deleted is not None
    await control("restore", id="bob@example.com")
    await control("delete", id=bob)
    await control("purge", id=bob)
    assert bob not in tenant.users
    await control("delete_group", id="Crew", soft=True)
    await control("restore", id=staff)
    await control("delete_group", id=staff)
    assert staff not in tenant.groups
    await control(
        "update_service_principal",
        accountEnabled=False,
        appRoles=[{"displayName": "Reader", "value": "reader"}],
    )
    assert [role.value for role in tenant.service_principal.app_roles] == ["reader"]
    assert tenant.service_principal.account_enabled is False


async def test_knobs_tokens_and_notifications(caller: Caller) -> None:
    knobs = await caller.control("knobs", throttle_next=1, missing_permissions=["User.Read.All"])
    assert knobs["throttle_next"] == 1
    assert knobs["missing_permissions"] == ["User.Read.All"]
    assert (await caller.get("/groups")).status == 429
    link = (await caller.get("/groups/delta?$deltatoken=latest")).document["@odata.deltaLink"]
    await caller.control("expire_tokens")
    assert (await caller.get(link)).status == 410
    assert await caller.control("lifecycle") == {"accepted": 0}
    assert await caller.control("deliver") == {"accepted": 0}


async def test_the_state_and_the_requests_can_be_seen(caller: Caller) -> None:
    await caller.control("create_user", userPrincipalName="ann@example.com")
    await caller.get("/users?$top=5")
    await caller.get("/users/nobody")
    state = json.loads((await caller.raw("GET", "/control/state")).body)
    assert (state["users"], state["changes"], state["requests"]) == (1, 1, 2)
    assert state["servicePrincipalId"] == caller.tenant.service_principal_id
    assert state["tenantId"] == caller.tenant.id
    logged = json.loads((await caller.raw("GET", "/control/requests")).body)["items"]
    assert [(one["path"], one["status"]) for one in logged] == [
        ("/users", 200),
        ("/users/nobody", 404),
    ]
    assert logged[0]["query"] == {"$top": "5"}
    assert [one.status for one in caller.simulator.requests] == [200, 404]


@pytest.mark.parametrize(
    ("method", "action", "body", "status"),
    [
        ("POST", "dance", {}, 404),
        ("GET", "dance", None, 404),
        ("POST", "assign", {}, 400),
        ("POST", "assign", {"principal": "nobody"}, 404),
        ("POST", "assign", [], 400),
        ("PUT", "assign", {}, 400),
        ("POST", "knobs", {"no_such": 1}, 400),
        ("POST", "create_user", {"userPrincipalName": "a@example.com", "shoe": 1}, 400),
        ("POST", "expire_tokens", {"which": "some"}, 400),
        ("POST", "deliver", {"now": True}, 400),
        ("POST", "lifecycle", {"event": "tea"}, 400),
    ],
)
async def test_mistakes_are_named(
    caller: Caller, method: str, action: str, body: Any, status: int
) -> None:
    answer = await caller.raw(method, f"/control/{action}", body)
    assert answer.status == status
    assert json.loads(answer.body)["error"]


async def test_a_name_shared_by_two_is_refused(caller: Caller) -> None:
    for _ in range(2):
        await caller.control("create_group", displayName="Twins")
    answer = await caller.raw("POST", "/control/delete_group", {"id": "Twins"})
    assert answer.status == 400
    assert "2 objects" in json.loads(answer.body)["error"]
