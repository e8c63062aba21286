"""Each knob does what it says, a counted fault strikes exactly so often, seeds repeat."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest

from simulator.entra import EntraSimulator, Faults, Tenant, generate
from simulator.http import Server
from tests.simulator.entra_caller import START, Caller


@pytest.fixture
def caller() -> Caller:
    return Caller(generate(6, 40, 6, group_size=20, assigned_users=25))


def assigned(caller: Caller) -> str:
    return f"/servicePrincipals/{caller.tenant.service_principal_id}/appRoleAssignedTo"


async def test_throttling_counts_and_says_how_long(caller: Caller) -> None:
    caller.simulator.set(throttle_next=2, retry_after=2.5)
    answers = [await caller.get("/users?$top=1") for _ in range(3)]
    assert [answer.status for answer in answers] == [429, 429, 200]
    assert answers[0].code == "TooManyRequests"
    assert answers[0].headers["retry-after"] == "2.5"
    assert answers[0].headers["x-ms-throttle-information"] == "CPULimitExceeded"
    caller.simulator.set(throttle_next=2, retry_after_form="date", retry_after=30)
    dated = (await caller.get("/users")).headers["retry-after"]
    assert parsedate_to_datetime(dated).timestamp() == START + 30
    caller.simulator.set(retry_after_form="none")
    assert "retry-after" not in (await caller.get("/users")).headers


@pytest.mark.parametrize(
    ("status", "code"),
    [(500, "InternalServerError"), (502, "BadGateway"), (503, "serviceNotAvailable")],
)
async def test_server_errors(caller: Caller, status: int, code: str) -> None:
    caller.simulator.set(error_next=1, error_status=status)
    answer = await caller.get("/users")
    assert (answer.status, answer.code) == (status, code)
    assert ("retry-after" in answer.headers) == (status == 503)
    assert (await caller.get("/users")).status == 200


async def test_a_fault_can_be_kept_to_a_path(caller: Caller) -> None:
    caller.simulator.set(error_next=1, fault_path="/groups")
    assert (await caller.get("/users")).status == 200
    assert (await caller.get("/groups")).status == 503
    assert (await caller.get("/groups")).status == 200


async def test_shares_are_seeded() -> None:
    async def statuses(seed: int) -> list[int]:
        caller = Caller(Tenant.empty(), seed=seed, faults=Faults(throttle_share=0.5))
        return [(await caller.get("/users")).status for _ in range(40)]

    one, same, other = await statuses(1), await statuses(1), await statuses(2)
    assert one == same != other
    assert 5 < one.count(429) < 35


async def test_the_quota_is_counted_in_units_over_ten_seconds(caller: Caller) -> None:
    caller.simulator.set(quota_units=10)
    answers = [await caller.get("/users") for _ in range(6)]
    assert [answer.status for answer in answers] == [200] * 5 + [429]
    shares = [answer.headers.get("x-ms-throttle-limit-percentage") for answer in answers]
    assert shares == [None, None, None, "0.80", "1.00", None]
    assert answers[5].headers["x-ms-throttle-information"] == "ResourceUnitLimitExceeded"
    caller.clock.now += 10
    assert (await caller.get("/users")).status == 200


async def test_latency_passes_on_the_clock(caller: Caller) -> None:
    caller.simulator.set(latency=2.0, latency_jitter=1.0)
    await caller.get("/users")
    assert START + 2 <= caller.clock.now < START + 3


async def test_a_dropped_request_is_still_carried_out(caller: Caller) -> None:
    caller.simulator.set(drop_next=1)
    answer = await caller.raw("GET", "/v1.0/users")
    assert answer.drop
    assert caller.simulator.requests[-1].status == 0
    assert not (await caller.raw("GET", "/v1.0/users")).drop


async def test_a_drop_closes_the_connection() -> None:
    simulator = EntraSimulator(Tenant.empty(), faults=Faults(drop_next=1))
    async with Server(simulator) as server, aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            await session.post(f"{server.url}/v1.0/subscriptions")
        async with session.get(f"{server.url}/v1.0/users") as answer:
            assert (await answer.json())["value"] == []


async def test_a_truncated_list_ends_early(caller: Caller) -> None:
    caller.simulator.set(truncate_next=1)
    assert len(await caller.ids("/users?$top=10")) == 10
    assert len(await caller.ids("/users?$top=10")) == 40


async def test_the_assignments_end_a_page_early(caller: Caller) -> None:
    everything = len(await caller.ids(assigned(caller)))
    caller.simulator.set(short_assignments_next=2, page_size=10)
    assert len(await caller.ids(assigned(caller))) == everything - everything % 10
    caller.simulator.set(page_size=0)
    assert await caller.ids(assigned(caller)) == []
    assert len(await caller.ids(assigned(caller))) == everything


async def test_a_row_slips_between_pages(caller: Caller) -> None:
    caller.simulator.set(slip_next=1)
    assert len(await caller.ids("/users?$top=10")) == 39
    assert len(await caller.ids("/users?$top=10")) == 40


async def test_a_named_principal_slips_once(caller: Caller) -> None:
    row = next(iter(caller.tenant.assignments.current().values()))
    caller.simulator.set(slip_ids=[row.principal_id, "not met"])
    assert row.id not in await caller.ids(assigned(caller))
    assert row.id in await caller.ids(assigned(caller))
    assert caller.simulator.faults.knobs.slip_ids == ("not met",)


async def test_a_page_is_never_larger_than_the_knob(caller: Caller) -> None:
    caller.simulator.set(page_size=7)
    pages = await caller.pages("/users?$top=999")
    assert [len(page.rows) for page in pages] == [7] * 5 + [5]


async def test_reads_lag_behind(caller: Caller) -> None:
    tenant, clock = caller.tenant, caller.clock
    group = next(iter(tenant.groups.current()))
    link = (await caller.get("/users/delta?$deltatoken=latest")).document["@odata.deltaLink"]
    caller.simulator.set(replication_lag=30)
    user = tenant.add_user("new@example.com")
    tenant.add_member(group, user)
    row = tenant.assign(user)
    clock.now += 29

    async def seen() -> list[bool]:
        rows, _ = await caller.round(link)
        return [
            user in await caller.ids("/users"),
            user in await caller.ids(f"/groups/{group}/members"),
            row in await caller.ids(assigned(caller)),
            (await caller.get("/users/new@example.com")).status == 200,
            bool(rows),
        ]

    assert await seen() == [False] * 5
    clock.now += 1
    assert await seen() == [True] * 5


@pytest.mark.parametrize(
    ("knob", "late"), [("assignment_lag", 0), ("delta_lag", 1), ("index_lag", 2)]
)
async def test_each_kind_of_read_can_lag_by_itself(caller: Caller, knob: str, late: int) -> None:
    tenant = caller.tenant
    group = next(iter(tenant.groups.current()))
    link = (await caller.get("/users/delta?$deltatoken=latest")).document["@odata.deltaLink"]
    caller.simulator.set(**{knob: 45})
    user = tenant.add_user("new@example.com")
    tenant.add_member(group, user)
    row = tenant.assign(user)
    cast = f"/groups/{group}/transitiveMembers/microsoft.graph.user?$count=true"
    seen = [
        row in await caller.ids(assigned(caller)),
        bool((await caller.round(link))[0]),
        user in await caller.ids(cast, consistencylevel="eventual"),
        user in await caller.ids(f"/groups/{group}/members"),
    ]
    assert [number for number, one in enumerate(seen) if not one] == [late]


async def test_a_stale_replica_shows_what_was(caller: Caller) -> None:
    tenant = caller.tenant
    user = next(id for id, one in tenant.users.current().items() if one.account_enabled)
    caller.clock.now += 100
    tenant.disable(user)
    tenant.delete(user)
    caller.clock.now += 50
    caller.simulator.set(stale_next=1, stale_seconds=60, fault_path=user)
    path = f"/users/{user}?$select=accountEnabled"
    assert (await caller.get(path)).document["accountEnabled"] is True
    assert (await caller.get(path)).status == 404


async def test_a_delta_link_never_goes_back(caller: Caller) -> None:
    link = (await caller.get("/users/delta?$deltatoken=latest")).document["@odata.deltaLink"]
    caller.tenant.add_user("new@example.com")
    rows, link = await caller.round(link)
    assert len(rows) == 1
    caller.simulator.set(stale_next=1, stale_seconds=600)
    rows, link = await caller.round(link)
    assert rows == []
    assert (await caller.round(link))[0] == []


@pytest.mark.parametrize(
    "knobs",
    [
        {"no_such_knob": 1},
        {"throttle_next": "many"},
        {"throttle_next": True},
        {"slip_ids": "abc"},
        {"slip_ids": [1]},
        {"retry_after_form": "weeks"},
        {"notification_reorder": 1},
    ],
)
def test_a_wrong_knob_is_refused(caller: Caller, knobs: dict[str, Any]) -> None:
    before = caller.simulator.faults.knobs
    with pytest.raises(ValueError, match=next(iter(knobs))):
        caller.simulator.set(**knobs)
    assert caller.simulator.faults.knobs == before


async def test_a_list_that_keeps_a_share_of_its_rows(caller: Caller) -> None:
    whole = len((await caller.get(assigned(caller))).rows)
    caller.simulator.set(kept_share=0.5, fault_path="appRoleAssignedTo")
    half = await caller.get(assigned(caller))
    assert (len(half.rows), "@odata.nextLink" in half.document) == (whole // 2, False)
    assert len((await caller.get("/users")).rows) == 40


@pytest.mark.parametrize("pager", ["repeat", "circle", "elsewhere"])
async def test_a_pager_that_is_broken(caller: Caller, pager: str) -> None:
    caller.simulator.set(page_size=10, pager=pager)
    first = await caller.get("/users")
    link = first.document["@odata.nextLink"]
    if pager == "elsewhere":
        assert link.startswith("https://graph.example/v1.0/users?")
        return
    again = await caller.get(link)
    assert again.rows == first.rows
    assert (again.document["@odata.nextLink"] == link) == (pager == "circle")


@pytest.mark.parametrize("form", ["html", "empty", "cut", "error", "no_value", "no_ids"])
async def test_successes_that_hold_something_else(caller: Caller, form: str) -> None:
    caller.simulator.set(body=form, fault_path="/users")
    answer = await caller.raw("GET", "/v1.0/users")
    assert answer.status == 200
    match form:
        case "html":
            assert answer.headers["content-type"] == "text/html"
        case "empty":
            assert answer.body == b""
        case "cut":
            assert not answer.body.endswith(b"}")
        case "error":
            assert "error" in json.loads(answer.body)
        case "no_value":
            assert "value" not in json.loads(answer.body)
        case "no_ids":
            assert all("id" not in row for row in json.loads(answer.body)["value"])


async def test_properties_that_are_withheld(caller: Caller) -> None:
    caller.simulator.set(blank_properties=("displayName", "accountEnabled"))
    rows = (await caller.get("/users?$select=displayName,userPrincipalName")).rows
    assert all(row["displayName"] is None and row["userPrincipalName"] for row in rows)
    main = await caller.get(f"/servicePrincipals/{caller.tenant.service_principal_id}")
    assert main.document["accountEnabled"] is True


async def test_another_tenant_knows_nothing_of_this_one(caller: Caller) -> None:
    link = (await caller.get("/users/delta?$deltatoken=latest")).document["@odata.deltaLink"]
    caller.simulator.set(other_tenant=True)
    assert (await caller.get(assigned(caller))).status == 404
    assert (await caller.get("/users")).rows == []
    assert (await caller.get(link)).status == 400
