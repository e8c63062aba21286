"""Faults, the request log and the control interface."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.simulator.zscloud_caller import START, Caller, op, user


async def statuses(caller: Caller, count: int, method: str = "GET") -> list[int]:
    body = user("ada") if method == "POST" else None
    return [(await caller.call(method, "/Users", body)).status for _ in range(count)]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_the_next_requests_fail_before_anything_is_done(status: int) -> None:
    caller = Caller()
    caller.sim.set_faults(fail_next=2, fail_status=status, fail_retry_after="7")
    answer = await caller.call("POST", "/Users", user())
    assert (answer.status, answer.headers["retry-after"]) == (status, "7")
    assert await statuses(caller, 2) == [status, 200]
    assert not caller.sim.users.provisioned()
    assert caller.sim.faults.fail_next == 0


async def test_a_share_of_requests_fails_the_same_way_every_time() -> None:
    runs = []
    for _ in range(2):
        caller = Caller()
        caller.sim.set_faults(fail_share=0.3, seed=7)
        runs.append(await statuses(caller, 100))
    assert runs[0] == runs[1]
    assert 15 < runs[0].count(500) < 45


async def test_every_nth_write_fails() -> None:
    caller = Caller()
    caller.sim.set_faults(fail_every_write=2)
    assert await statuses(caller, 2) == [200, 200]
    assert await statuses(caller, 4, "POST") == [201, 500, 409, 500]


async def test_a_write_may_fail_as_often_as_it_is_sent_again() -> None:
    caller = Caller()
    caller.sim.set_faults(fail_every_write=2, fail_again=True)
    body = {**user(), "userName": "second@example.com"}

    async def second() -> int:
        return (await caller.call("POST", "/Users", body)).status

    assert await statuses(caller, 1, "POST") == [201]
    assert [await second() for _ in range(3)] == [500, 500, 500]
    assert await statuses(caller, 1, "POST") == [409]
    caller.sim.set_faults()
    assert await second() == 201


async def test_faults_may_be_narrowed() -> None:
    caller = Caller()
    caller.sim.set_faults(fail_next=1, methods=["POST"], path_contains="/Groups")
    assert await statuses(caller, 1) == [200]
    assert await statuses(caller, 1, "POST") == [201]
    assert (await caller.call("POST", "/Groups", {})).status == 500


async def test_a_proxy_answers_with_a_page() -> None:
    caller = Caller()
    caller.sim.set_faults(html_next=1)
    answer = await caller.call("POST", "/Users", user())
    assert (answer.status, answer.headers["content-type"]) == (502, "text/html")
    assert answer.raw.body.startswith(b"<html>")
    assert not caller.sim.users.provisioned()


async def test_a_lost_answer_is_a_write_that_was_done() -> None:
    caller = Caller()
    caller.sim.set_faults(lose_next=1)
    await caller.call("GET", "/Users")
    answer = await caller.call("POST", "/Users", user("ada"))
    assert answer.raw.drop
    assert caller.sim.users.by_user_name("ada@example.com") is not None
    logged = caller.sim.requests[1]
    assert (logged.status, logged.dropped) == (201, True)
    caller.sim.set_faults(lose_share=1.0, lose_by="500")
    assert (await caller.call("POST", "/Users", user("ada"))).status == 409
    answer = await caller.call("POST", "/Users", user("bob"))
    assert (answer.status, answer.raw.drop) == (500, False)
    assert caller.sim.users.by_user_name("bob@example.com") is not None


async def test_a_truncated_answer() -> None:
    caller = Caller()
    caller.sim.set_faults(truncate_next=1)
    answer = await caller.call("GET", "/Users")
    assert answer.status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.raw.body)
    assert (await caller.call("GET", "/Users")).body is not None


async def test_latency_is_fixed_or_drawn_evenly() -> None:
    caller = Caller()
    caller.sim.set_faults(latency=0.2)
    await caller.call("GET", "/Users")
    assert caller.clock.now == START + 0.2
    caller.sim.set_faults(latency=1.0, latency_spread=2.0, seed=3)
    waits = []
    for _ in range(50):
        before = caller.clock.now
        await caller.call("GET", "/Users")
        waits.append(caller.clock.now - before)
    assert 1.0 <= min(waits) < 1.3 < 2.7 < max(waits) <= 3.0
    assert caller.sim.requests[0].time == START


async def test_a_slow_answer_comes_after_the_work() -> None:
    caller = Caller()
    caller.sim.set_faults(slow_next=1, slow_seconds=40.0)
    id = await caller.user()
    assert caller.clock.now == START + 40
    stored = caller.sim.users.by_id(id)
    assert stored is not None
    assert stored.created == START


async def test_a_pager_that_repeats_a_page() -> None:
    caller = Caller(max_results=2)
    for number in range(3):
        await caller.user(f"u{number}")
    pages = []
    caller.sim.set_faults(repeat_pages=1)
    for start in (1, 3, 3):
        page = await caller.get("/Users", startIndex=start)
        assert page["startIndex"] == start
        pages.append([row["id"] for row in page["Resources"]])
    assert pages[0] == pages[1]
    assert not set(pages[0]) & set(pages[2])


async def test_a_list_whose_order_changes() -> None:
    caller = Caller()
    for number in range(20):
        await caller.user(f"u{number}")
    caller.sim.set_faults(list_order="shuffled")
    first, second = [
        [row["id"] for row in (await caller.get("/Users"))["Resources"]] for _ in range(2)
    ]
    assert first != second
    assert sorted(first) == sorted(second)


async def test_a_changed_token_is_refused_at_once() -> None:
    caller = Caller()
    assert (await caller.control("POST", "set_token", {"token": "new"})).status == 200
    assert await statuses(caller, 1) == [401]
    caller.headers["authorization"] = "Bearer new"
    assert await statuses(caller, 1) == [200]


async def test_the_request_log() -> None:
    caller = Caller(keep_bodies=True)
    id = await caller.user()
    caller.clock.now += 1
    await caller.get("/Users", filter=f'id eq "{id}"')
    await caller.call("POST", "/Users", b"{")
    first, second, third = caller.sim.requests
    assert (first.time, first.method, first.path, first.status) == (START, "POST", "/Users", 201)
    assert first.body == user()
    assert first.size == len(json.dumps(user()))
    assert second.query.startswith("filter=id+eq")
    assert (third.status, third.body) == (400, None)
    assert caller.sim.requests.since(START + 1) == [second, third]
    logged = (await caller.control("GET", f"requests?since={START + 1}")).body["requests"]
    assert [request["method"] for request in logged] == ["GET", "POST"]
    assert len(caller.sim.requests) == 3


async def test_bodies_are_not_kept_by_default() -> None:
    caller = Caller()
    await caller.user()
    assert caller.sim.requests[0].body is None


async def test_control_changes_options_and_faults() -> None:
    caller = Caller()
    answer = await caller.control("POST", "options", {"rate": 5, "burst": 1, "domains": ["a.com"]})
    assert (answer.body["rate"], answer.body["domains"]) == (5.0, ["a.com"])
    answer = await caller.control("POST", "faults", {"fail_next": 1, "fail_status": 503})
    assert answer.body["fail_status"] == 503
    assert await statuses(caller, 2) == [503, 429]
    state = (await caller.control("GET", "state")).body
    assert state["options"]["burst"] == 1
    assert state["faults"]["fail_next"] == 0
    assert state["counts"] == {"users": 1, "groups": 1, "requests": 2, "violations": 0}
    assert state["base_path"] == "/1234/5678/scim"
    assert "users" not in state


async def test_control_acts_as_the_portal() -> None:
    caller = Caller(strict=True, other_attributes="ignored")
    made = {"userName": "ada@example.com", "displayName": "Ada", "department": "Sales"}
    ada = (await caller.control("POST", "create_user", made)).body
    assert ada["department"] == "Sales"
    change = {"user": "ada@example.com", "attributes": {"department": "IT", "active": False}}
    edited = (await caller.control("POST", "edit_user", change)).body
    assert (edited["department"], edited["active"]) == ("IT", False)
    await caller.control("POST", "create_group", {"displayName": "Sales"})
    members = {"group": "Sales", "add": ["ada@example.com"]}
    assert (await caller.control("POST", "edit_members", members)).body["members"]
    state = (await caller.control("GET", "state?objects=true")).body
    assert state["users"][-1]["id"] == ada["id"]
    assert state["groups"][-1]["members"][0]["value"] == ada["id"]
    removal = {"group": "Sales", "remove": [ada["id"]]}
    assert (await caller.control("POST", "edit_members", removal)).body["members"] == []
    renamed = {"group": "Sales", "attributes": {"displayName": "EU"}}
    assert (await caller.control("POST", "edit_group", renamed)).body["displayName"] == "EU"
    assert (await caller.control("POST", "delete_group", {"group": "EU"})).status == 200
    assert (await caller.control("POST", "delete_user", {"user": ada["id"]})).status == 200
    assert not caller.sim.users.provisioned()
    assert not caller.sim.groups.provisioned()
    assert caller.sim.violations == []


async def test_control_shows_violations() -> None:
    caller = Caller(strict=True)
    await caller.call("GET", "/Me")
    caller.clock.now += 1
    await caller.call("GET", "/You")
    found = (await caller.control("GET", f"violations?since={START + 1}")).body["violations"]
    assert [(item["rule"], item["path"]) for item in found] == [("unknown_endpoint", "/You")]


async def test_control_resets() -> None:
    caller = Caller()
    await caller.user()
    caller.sim.set_faults(fail_share=1.0)
    assert (await caller.control("POST", "reset", {"admins": ["b@example.com"]})).status == 200
    assert len(caller.sim.users) == 2
    assert len(caller.sim.requests) == 0
    assert await statuses(caller, 1) == [200]


@pytest.mark.parametrize(
    ("method", "action", "body", "status"),
    [
        ("POST", "options", {"nothing": 1}, 400),
        ("POST", "options", {"limiter": "none"}, 400),
        ("POST", "options", {"domains": "example.com"}, 400),
        ("POST", "options", {"burst": "5"}, 400),
        ("POST", "options", {"strict": 1}, 400),
        ("POST", "options", [], 400),
        ("POST", "options", b"{", 400),
        ("POST", "set_token", {}, 400),
        ("POST", "create_user", {"userName": "ada"}, 400),
        ("POST", "edit_user", {"user": "nobody"}, 404),
        ("GET", "requests?since=yesterday", None, 400),
        ("GET", "nothing", None, 404),
        ("POST", "nothing", None, 404),
    ],
)
async def test_a_wrong_control_call(method: str, action: str, body: Any, status: int) -> None:
    caller = Caller()
    before = caller.sim.options
    answer = await caller.control(method, action, body)
    assert answer.status == status
    assert answer.body["error"]
    assert caller.sim.options == before


async def test_views_and_duplicates() -> None:
    caller = Caller()
    await caller.user("ada", displayName="Twin", externalId="e1")
    await caller.user("bob", displayName="Twin", externalId="e1")
    cy = await caller.user("cy", externalId="e3")
    await caller.group("Sales", cy, externalId="g1")
    await caller.group("Sales 2", externalId="g1")
    users, groups = caller.sim.users, caller.sim.groups
    assert [found.user_name for found in users.by_display_name("Twin")] == [
        "ada@example.com",
        "bob@example.com",
    ]
    assert len(users.by_external_id("e1")) == 2
    assert list(users.duplicates()) == ["e1"]
    assert list(groups.duplicates()) == ["g1"]
    assert len(groups.by_external_id("g1")) == 2
    assert users.by_user_name("nobody@example.com") is None
    sales = groups.by_display_name("sales")
    assert sales is not None
    assert groups.by_id(sales.id) is sales
    await caller.patch(f"/Users/{cy}", op("replace", "active", value=False))
    stored = users.by_id(cy)
    assert stored is not None
    assert not stored.active
    assert len(users) == len(list(users)) == 4
    assert len(groups) == 3
