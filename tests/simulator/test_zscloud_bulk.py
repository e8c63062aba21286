"""Bulk requests as RFC 7644 section 3.7 has them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.zscloud_caller import BULK_REQUEST, Caller, group, op, patch, user


def operation(method: str, path: str, data: Any = None, bulk_id: str = "") -> dict[str, Any]:
    item = {"method": method, "path": path, "bulkId": bulk_id, "data": data}
    return {name: value for name, value in item.items() if value}


def bulk(*operations: Any, **more: Any) -> dict[str, Any]:
    return {"schemas": [BULK_REQUEST], "Operations": list(operations), **more}


async def statuses(caller: Caller, body: Any) -> list[str]:
    answer = await caller.call("POST", "/Bulk", body)
    assert answer.status == 200, answer.body
    return [result["status"] for result in answer.body["Operations"]]


async def test_bulk_is_off_by_default() -> None:
    caller = Caller()
    answer = await caller.call("POST", "/Bulk", bulk(operation("POST", "/Users", user(), "a")))
    assert answer.status == 501
    assert (await caller.get("/ServiceProviderConfig"))["bulk"]["supported"] is False


async def test_operations_refer_to_what_others_create() -> None:
    caller = Caller(bulk=True, strict=True)
    sales = group("Sales", "bulkId:ada")
    body = bulk(
        operation("POST", "/Groups", sales, "sales"),
        operation("POST", "/Users", user("ada"), "ada"),
        operation("PATCH", "/Users/bulkId:ada", patch(op("add", "title", "Countess"))),
    )
    answer = await caller.call("POST", "/Bulk", body)
    results = answer.body["Operations"]
    assert [(result["method"], result["status"]) for result in results] == [
        ("POST", "201"),
        ("POST", "201"),
        ("PATCH", "204"),
    ]
    ada = caller.sim.users.by_user_name("ada@example.com")
    assert ada is not None
    assert ada.document["title"] == "Countess"
    assert results[1]["bulkId"] == "ada"
    assert results[1]["location"] == results[2]["location"]
    assert results[1]["location"].endswith(ada.id)
    assert caller.sim.members("Sales") == ("ada@example.com",)
    assert caller.sim.violations == []


async def test_put_and_delete() -> None:
    caller = Caller(bulk=True)
    ada, bob = await caller.user("ada"), await caller.user("bob")
    body = bulk(
        operation("PUT", f"/Users/{ada}", user("countess")),
        operation("DELETE", f"/Users/{bob}"),
        operation("DELETE", f"/Users/{bob}"),
    )
    assert await statuses(caller, body) == ["200", "204", "404"]
    assert [user.user_name for user in caller.sim.users.provisioned()] == ["countess@example.com"]


async def test_a_reference_that_cannot_be_resolved() -> None:
    caller = Caller(bulk=True)
    body = bulk(
        operation("POST", "/Users", user(displayName=""), "ada"),
        operation("POST", "/Groups", group("A", "bulkId:ada"), "a"),
        operation("POST", "/Groups", group("B", "bulkId:c"), "b"),
        operation("POST", "/Groups", group("C", "bulkId:b"), "c"),
    )
    assert await statuses(caller, body) == ["400", "409", "409", "409"]


@pytest.mark.parametrize(
    ("conduct", "told", "members"),
    [
        ("refused", ["201", "400"], None),
        ("literal", ["201", "201"], ("bulkId:ada",)),
        ("dropped", ["201", "201"], ()),
    ],
)
async def test_a_server_that_does_not_know_references(
    conduct: str, told: list[str], members: tuple[str, ...] | None
) -> None:
    caller = Caller(bulk=True, bulk_references=conduct)
    body = bulk(
        operation("POST", "/Users", user("ada"), "ada"),
        operation("POST", "/Groups", group("Sales", "bulkId:ada"), "sales"),
    )
    assert await statuses(caller, body) == told
    assert members is None or caller.sim.members("Sales") == members


async def test_a_server_that_refuses_a_request_with_references() -> None:
    caller = Caller(bulk=True, bulk_references="all_refused")
    ada = operation("POST", "/Users", user("ada"), "ada")
    sales = operation("POST", "/Groups", group("Sales", "bulkId:ada"), "sales")
    assert (await caller.call("POST", "/Bulk", bulk(ada, sales))).status == 400
    assert await statuses(caller, bulk(ada)) == ["201"]


async def test_fail_on_errors_ends_the_request() -> None:
    caller = Caller(bulk=True, strict=True)
    wrong = operation("DELETE", "/Users/none")
    strange = operation("POST", "/Users", user("eve", shoeSize="38"), "eve")
    body = bulk(strange, wrong, operation("POST", "/Users", user("ada"), "ada"), failOnErrors=2)
    assert await statuses(caller, body) == ["400", "404"]
    assert not caller.sim.users.provisioned()
    assert caller.rules == ["unknown_attribute"]
    assert await statuses(caller, bulk(wrong, wrong, wrong)) == ["404"] * 3


async def test_limits_are_answered_413() -> None:
    caller = Caller(bulk=True, bulk_max_operations=1, bulk_max_payload_size=200)
    delete = operation("DELETE", "/Users/none")
    assert (await caller.call("POST", "/Bulk", bulk(delete, delete))).status == 413
    large = operation("POST", "/Users", user("a" * 200), "a")
    assert (await caller.call("POST", "/Bulk", bulk(large))).status == 413
    assert await statuses(caller, bulk(delete)) == ["404"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        bulk(),
        bulk("text"),
        bulk(operation("GET", "/Users/none")),
        bulk(operation("POST", "/Users/none", user(), "a")),
        bulk(operation("DELETE", "/Users")),
        bulk(operation("DELETE", "/Others/none")),
        bulk(operation("POST", "/Users", user())),
        bulk(operation("POST", "/Users", None, "a")),
        bulk(operation("DELETE", "/Users/none"), failOnErrors=0),
    ],
)
async def test_a_wrong_bulk_request_does_nothing(body: Any) -> None:
    caller = Caller(bulk=True)
    assert (await caller.call("POST", "/Bulk", body)).status == 400
    assert not caller.sim.users.provisioned()


async def test_strict_mode_wants_the_schema_of_a_bulk_request() -> None:
    caller = Caller(bulk=True, strict=True)
    body = {"Operations": [operation("DELETE", "/Users/none")]}
    assert (await caller.call("POST", "/Bulk", body)).status == 400
    assert caller.rules == ["schemas"]


async def test_an_operation_that_failed_tells_what_it_was_about() -> None:
    caller = Caller(bulk=True)
    answer = await caller.call("POST", "/Bulk", bulk(operation("DELETE", "/Users/none")))
    (result,) = answer.body["Operations"]
    assert result["location"].endswith("/Users/none")


async def results(caller: Caller, count: int = 4) -> list[Any]:
    posts = [operation("POST", "/Users", user(f"u{n}"), f"b{n}") for n in range(count)]
    answer = await caller.call("POST", "/Bulk", bulk(*posts))
    assert answer.status == 200, answer.body
    found: list[Any] = answer.body["Operations"]
    return found


@pytest.mark.parametrize(
    ("conduct", "told", "done"), [("pretends", 4, 0), ("half", 4, 2), ("forgets", 2, 4)]
)
async def test_a_server_that_lies(conduct: str, told: int, done: int) -> None:
    caller = Caller(bulk=True, bulk_conduct=conduct)
    found = await results(caller)
    assert [result["status"] for result in found] == ["201"] * told
    assert len(caller.sim.users.provisioned()) == done


async def test_a_server_that_tells_little() -> None:
    caller = Caller(bulk=True, bulk_conduct="anonymous", bulk_status="object")
    assert await results(caller, 1) == [{"method": "POST", "status": {"code": "201"}}]


async def test_a_server_that_answers_in_another_order() -> None:
    caller = Caller(bulk=True, bulk_conduct="shuffled", bulk_status="number")
    found = await results(caller)
    assert {result["status"] for result in found} == {201}
    assert [result["bulkId"] for result in found] != ["b0", "b1", "b2", "b3"]
    for result in found:
        name = f"u{result['bulkId'][1:]}@example.com"
        assert result["location"].endswith(caller.sim.users.by_user_name(name).id)


async def test_a_server_that_takes_fewer_than_it_says() -> None:
    caller = Caller(bulk=True, bulk_accepts=2, bulk_throttles=1)
    posts = [operation("POST", "/Users", user(f"u{n}"), f"b{n}") for n in range(3)]
    assert (await caller.call("POST", "/Bulk", bulk(*posts))).status == 413
    assert await statuses(caller, bulk(*posts[:2])) == ["201", "429"]


async def test_a_server_that_breaks_down_in_the_middle() -> None:
    caller = Caller(bulk=True)
    caller.sim.set_faults(break_next=1)
    posts = [operation("POST", "/Users", user(f"u{n}"), f"b{n}") for n in range(4)]
    assert (await caller.call("POST", "/Bulk", bulk(*posts))).status == 500
    assert len(caller.sim.users.provisioned()) == 2
    assert await statuses(caller, bulk(*posts)) == ["409", "409", "201", "201"]


async def test_a_server_that_does_only_the_last_of_several_on_one_object() -> None:
    caller = Caller(bulk=True, bulk_conduct="overwrites")
    ada, bob = await caller.user("ada"), await caller.user("bob")
    sales = await caller.group("Sales")
    additions = [patch(op("add", value={"members": [{"value": id}]})) for id in (ada, bob)]
    body = bulk(*[operation("PATCH", f"/Groups/{sales}", each) for each in additions])
    assert await statuses(caller, body) == ["204", "204"]
    assert caller.sim.members("Sales") == ("bob@example.com",)
