"""JSON batching: every inner call is answered, throttled and logged for itself."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.entra import generate
from tests.simulator.entra_caller import Caller


@pytest.fixture
def caller() -> Caller:
    return Caller(generate(1, 30, 2))


def gets(*urls: str) -> dict[str, Any]:
    return {
        "requests": [
            {"id": str(number), "method": "GET", "url": url} for number, url in enumerate(urls)
        ]
    }


async def test_answers_come_in_any_order_with_their_own_status(caller: Caller) -> None:
    ids = list(caller.tenant.users.current())[:18]
    urls = [*(f"/users/{id}?$select=id,displayName" for id in ids), "/users/nobody", "users"]
    answer = await caller.send("POST", "/$batch", gets(*urls))
    responses = answer.document["responses"]
    assert [one["id"] for one in responses] != [str(number) for number in range(20)]
    by_id = {int(one["id"]): one for one in responses}
    assert [by_id[number]["status"] for number in range(20)] == [200] * 18 + [404, 200]
    assert [by_id[number]["body"]["id"] for number in range(18)] == ids
    assert by_id[0]["headers"]["x-ms-resource-unit"] == "1"
    assert by_id[19]["body"]["@odata.context"].startswith("http://graph.example.com/v1.0/")
    assert [one.batched for one in caller.simulator.requests] == [True] * 20 + [False]


async def test_inner_calls_are_throttled_alone(caller: Caller) -> None:
    caller.simulator.set(throttle_next=1, retry_after=3)
    answer = await caller.send("POST", "/$batch", gets("/users", "/groups"))
    assert answer.status == 200
    by_id = {one["id"]: one for one in answer.document["responses"]}
    assert (by_id["0"]["status"], by_id["1"]["status"]) == (429, 200)
    assert by_id["0"]["headers"]["Retry-After"] == "3"


async def test_a_call_waits_for_what_it_depends_on(caller: Caller) -> None:
    body = gets("/users/nobody", "/users", "/groups")
    body["requests"][1]["dependsOn"] = ["0"]
    body["requests"][2]["dependsOn"] = []
    answer = await caller.send("POST", "/$batch", body)
    by_id = {one["id"]: one["status"] for one in answer.document["responses"]}
    assert by_id == {"0": 404, "1": 424, "2": 200}


async def test_headers_and_bodies_reach_the_inner_call(caller: Caller) -> None:
    group = next(iter(caller.tenant.groups.current()))
    body = gets(f"/groups/{group}/members/$count", "/subscriptions")
    body["requests"][0]["headers"] = {"ConsistencyLevel": "eventual"}
    body["requests"][1] |= {"method": "POST", "body": {"resource": "nonsense"}}
    answer = await caller.send("POST", "/$batch", body)
    by_id = {one["id"]: one for one in answer.document["responses"]}
    assert by_id["0"]["body"] == "12"
    assert "nonsense" in by_id["1"]["body"]["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        gets(*["/users"] * 21),
        {},
        {"requests": []},
        {"requests": [{"id": "1", "method": "GET"}]},
        {"requests": [{"method": "GET", "url": "/users"}]},
        {"requests": [{"id": "1", "method": "GET", "url": "/users"}] * 2},
        [],
    ],
)
async def test_a_malformed_batch_is_refused(caller: Caller, body: Any) -> None:
    assert (await caller.send("POST", "/$batch", body)).status == 400
