"""Strict mode: every rule refuses what breaks it, and a careful client breaks none."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.zscloud_caller import (
    ENTERPRISE,
    GROUP,
    PATCH_OP,
    USER,
    Caller,
    group,
    op,
    patch,
    user,
)


def without(body: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != name}


async def refused(caller: Caller, method: str, path: str, body: Any, **more: Any) -> list[str]:
    """The rules that a refused request broke; nothing may have changed."""
    before = len(caller.sim.users), len(caller.sim.groups)
    answer = await caller.call(method, path, body, **more)
    assert answer.status == 400, answer.body
    assert (len(caller.sim.users), len(caller.sim.groups)) == before
    assert {violation.kind for violation in caller.sim.violations} == {"refused"}
    return caller.rules


async def test_a_careful_client_breaks_no_rule() -> None:
    caller = Caller(strict=True)
    ada = await caller.user("ada", externalId="e1", active=True, department="Sales")
    id = await caller.group("Sales", externalId="g1")
    body = op("add", None, {"members": [{"value": ada, "display": "Ada"}]})
    assert (await caller.patch(f"/Groups/{id}", body)).status == 204
    change = op("replace", f"{ENTERPRISE}:department", "Marketing")
    assert (await caller.patch(f"/Users/{ada}", change)).status == 204
    await caller.get("/Users", filter='externalId eq "e1"', startIndex=1)
    remove = op("remove", f'members[value eq "{ada}"]')
    json_patch = {**caller.headers, "content-type": "application/json-patch+json; charset=utf-8"}
    answer = await caller.call("PATCH", f"/Groups/{id}", patch(remove), headers=json_patch)
    assert answer.status == 204
    assert (await caller.call("PUT", f"/Users/{ada}", user(active=False))).status == 200
    assert (await caller.call("DELETE", f"/Users/{ada}")).status == 204
    assert caller.sim.violations == []


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (without(user(), "schemas"), "schemas"),
        (user(schemas=[GROUP]), "schemas"),
        (user(schemas=[USER, "urn:example:other"]), "schemas"),
        ({**user(), ENTERPRISE: {"department": "Sales"}}, "schemas"),
        (user(id="e1"), "id_in_body"),
        (user(active="True"), "boolean_as_string"),
        (user(shoeSize="38"), "unknown_attribute"),
        (user(name={"nick": "A"}), "unknown_attribute"),
        (user(displayName=""), "required"),
        (user("a" * 128), "length"),
        (user(userName="ada@elsewhere.example"), "domain"),
        (b"{", "invalid_json"),
    ],
)
async def test_a_wrong_user_body(body: Any, rule: str) -> None:
    caller = Caller(strict=True)
    assert await refused(caller, "POST", "/Users", body) == [rule]
    violation = caller.sim.violations[0]
    assert (violation.time, violation.method) == (caller.clock.now, "POST")
    assert (violation.path, violation.kind) == ("/Users", "refused")


async def test_an_id_in_the_body_of_a_put() -> None:
    caller = Caller(strict=True)
    id = await caller.user()
    assert await refused(caller, "PUT", f"/Users/{id}", user(id=id)) == ["id_in_body"]


@pytest.mark.parametrize("sent", [None, "application/json", "application/json-patch+json"])
async def test_the_content_type_of_a_post(sent: str | None) -> None:
    caller = Caller(strict=True)
    headers = without(caller.headers, "content-type") | ({"content-type": sent} if sent else {})
    assert await refused(caller, "POST", "/Users", user(), headers=headers) == ["content_type"]


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (without(patch(op("add", "title", "x")), "schemas"), "schemas"),
        (patch(op("add", "title", "x")) | {"schemas": [USER]}, "schemas"),
        (patch(), "empty_operations"),
        ({"schemas": [PATCH_OP]}, "empty_operations"),
        (patch({"path": "title", "value": "x"}), "unknown_op"),
        (patch(op("move", "title", "x")), "unknown_op"),
        (patch(op("remove")), "remove_without_path"),
        (patch(op("replace", "active", "False")), "boolean_as_string"),
        (patch(op("replace", "shoeSize", "38")), "unknown_attribute"),
        (patch(op("remove", "shoeSize")), "unknown_attribute"),
        (patch(op("remove", "name.nick")), "unknown_attribute"),
        (patch(op("add", None, {"shoeSize": "38"})), "unknown_attribute"),
        (patch(op("replace", "department", "Sales")), "mutability"),
        (patch(op("replace", "emails[", "x")), "invalid_path"),
    ],
)
async def test_a_wrong_patch(body: Any, rule: str) -> None:
    caller = Caller(strict=True)
    id = await caller.user()
    assert await refused(caller, "PATCH", f"/Users/{id}", body) == [rule]


@pytest.mark.parametrize(
    ("query", "rule"),
    [
        ("filter=userName%20eq%20ada@example.com", "unquoted_value"),
        ('filter=userName eq "ada@example.com"', "query_not_encoded"),
        ("filter=userName%20eq%20%22ä%22", "query_not_encoded"),
        ("filter=userName%20eq%20%22a%2", "query_not_encoded"),
        ("filter=displayName%20eq%20%22a%22", "undocumented_filter"),
    ],
)
async def test_a_wrong_query(query: str, rule: str) -> None:
    caller = Caller(strict=True)
    assert await refused(caller, "GET", f"/Users?{query}", None) == [rule]


async def test_a_get_with_a_body() -> None:
    assert await refused(Caller(strict=True), "GET", "/Users", {}) == ["get_with_body"]


@pytest.mark.parametrize(
    ("members", "rule"),
    [
        ([{"display": "Ada"}], "member_without_value"),
        ([{"value": ""}], "member_without_value"),
        (["ada"], "member_without_value"),
        ([{"value": "ADA"}, {"value": "ADA"}], "duplicate_member"),
        ([{"value": "OTHER"}], "nested_group"),
        ([{"value": "ADA", "type": "Group"}], "nested_group"),
        ([{"value": "ADA"}, {"value": "BOB"}, {"value": "CY"}], "member_batch"),
    ],
)
async def test_wrong_members(members: list[Any], rule: str) -> None:
    caller = Caller(strict=True, max_members_per_request=2)
    ids = {name: await caller.user(name.lower()) for name in ("ADA", "BOB", "CY")}
    ids["OTHER"] = await caller.group("Other")
    id = await caller.group("Sales")
    named = [
        {**member, "value": ids.get(member["value"], member["value"])}
        if isinstance(member, dict) and "value" in member
        else member
        for member in members
    ]
    for body in (op("add", "members", named), op("replace", "members", named)):
        assert set(await refused(caller, "PATCH", f"/Groups/{id}", patch(body))) == {rule}
    whole = group("New") | {"members": named}
    assert set(await refused(caller, "POST", "/Groups", whole)) == {rule}
    if "type" not in str(members):
        body = op("remove", "members", named)
        assert set(await refused(caller, "PATCH", f"/Groups/{id}", patch(body))) == {rule}


async def test_writes_to_what_the_portal_made() -> None:
    caller = Caller(strict=True)
    admin, admins = next(iter(caller.sim.users)), next(iter(caller.sim.groups))
    change = patch(op("replace", "displayName", "x"))
    for method, path, body in (
        ("PATCH", f"/Users/{admin.id}", change),
        ("PUT", f"/Users/{admin.id}", user()),
        ("PATCH", f"/Groups/{admins.id}", change),
        ("PUT", f"/Groups/{admins.id}", group()),
        ("DELETE", f"/Groups/{admins.id}", None),
    ):
        assert set(await refused(caller, method, path, body)) == {"admin_write"}
    assert (await caller.call("DELETE", f"/Users/{admin.id}")).status == 409
    id = await caller.group("Sales", admin.id)
    assert len(caller.rules) == 5
    assert caller.sim.members(id) == ("admin@example.com",)


async def test_waste_is_served_and_recorded() -> None:
    caller = Caller(strict=True)
    ada = await caller.user("ada", active=True)
    id = await caller.group("Sales", ada)
    present = [{"value": ada}]
    for path, operation, rules in (
        (f"/Groups/{id}", op("add", "members", present), ["present_member", "no_change"]),
        (f"/Users/{ada}", op("replace", "active", value=True), ["no_change"]),
        (f"/Groups/{id}", op("remove", f'members[value eq "{ada}"]'), []),
        (f"/Groups/{id}", op("remove", "members", present), ["absent_member", "no_change"]),
        (
            f"/Groups/{id}",
            op("remove", f'members[value eq "{ada}"]'),
            ["absent_member", "no_change"],
        ),
    ):
        caller.sim.violations.clear()
        assert (await caller.patch(path, operation)).status == 204
        assert caller.rules == rules
        assert {violation.kind for violation in caller.sim.violations} <= {"wasteful"}
    caller.sim.violations.clear()
    await caller.call("PUT", f"/Users/{ada}", user(active=True))
    await caller.call("PUT", f"/Groups/{id}", group("Sales"))
    assert caller.rules == ["no_change", "no_change"]


async def test_waste_of_a_refused_request_is_not_recorded() -> None:
    caller = Caller(strict=True)
    ada = await caller.user("ada")
    id = await caller.group("Sales", ada)
    add = op("add", "members", [{"value": ada}])
    assert (await caller.patch(f"/Groups/{id}", add, op("remove", "shoeSize"))).status == 400
    assert caller.rules == ["unknown_attribute"]


async def test_what_the_client_cannot_know_breaks_no_rule() -> None:
    caller = Caller(strict=True, member_removal="neither", removal_refusal="silent")
    ada = await caller.user("ada")
    id = await caller.group("Sales", ada)
    remove = op("remove", f'members[value eq "{ada}"]')
    assert (await caller.patch(f"/Groups/{id}", remove)).status == 204
    caller.sim.set_options(removal_refusal="error")
    assert (await caller.patch(f"/Groups/{id}", remove)).status == 400
    unknown = op("add", "members", [{"value": "gone"}])
    assert (await caller.patch(f"/Groups/{id}", unknown)).status == 400
    assert (await caller.call("POST", "/Users", user("ADA"))).status == 409
    assert (await caller.call("GET", "/Users/gone")).status == 404
    assert caller.rules == []


async def test_wrong_endpoints_and_methods_are_recorded() -> None:
    caller = Caller(strict=True)
    await caller.call("GET", "/Me")
    await caller.call("PUT", "/Users", user())
    assert caller.rules == ["unknown_endpoint", "method"]


async def test_a_lenient_simulator_records_nothing() -> None:
    caller = Caller()
    await caller.call("POST", "/Users", {"shoeSize": 5})
    await caller.call("GET", "/Me")
    assert caller.sim.violations == []
