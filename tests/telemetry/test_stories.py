"""What whoever watches sees of the whole program: traces, entries, cycles, signs of life."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from provisioning.instrumentation import SILENT
from provisioning.lanes import Lane
from provisioning.notifications.message import HINTS, decode, origins_of
from provisioning.operations import heartbeat, work
from provisioning.operations.hints import take_in
from provisioning.operations.notifications import receive
from provisioning.operations.subscriptions import ensure
from provisioning.record import CycleKind
from provisioning.services import Services
from provisioning.telemetry.spans import context_of
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import account, office, provisioned, user
from tests.scenarios.test_notified import SETTINGS
from tests.scenarios.world import World
from tests.telemetry.collected import Collected, links_of, trace_of

FIRST, SECOND, THIRD = (f"00-{n:032x}-{n:016x}-00" for n in (0xA1, 0xB2, 0xC3))
"""Traces of the host, which samples none of them."""


def story(tell: Callable[[World, Services, Collected], Awaitable[Any]], **world: Any) -> Collected:
    """Tells a story of a provisioned office. What was collected of it."""
    collected = Collected(personal=False)

    async def main(made: World) -> None:
        made.environ |= {**SETTINGS, "ENTRA_TENANT_ID": made.tenant.id}
        await provisioned(made)
        first = made.services()
        await ensure(first)
        await work.look_now(first)  # which making the subscriptions asks for
        made.queue.messages.clear()
        made.telemetry = collected.telemetry
        await tell(made, made.services(), collected)

    simulate(main, tenant=office, **world)
    return collected


def notified(world: World, *numbers: int) -> bytes:
    """What Graph tells of people of the office."""
    [ours] = [one for one in world.entra.subscriptions.living() if one.resource == "users"]
    items = [
        {
            "subscriptionId": ours.id,
            "clientState": SETTINGS["NOTIFICATION_CLIENT_STATE"],
            "tenantId": world.tenant.id,
            "changeType": "updated",
            "resource": f"Users/{user(world, number)}",
            "resourceData": {"@odata.type": "#Microsoft.Graph.User", "id": user(world, number)},
        }
        for number in numbers
    ]
    return json.dumps({"value": items}).encode()


async def tell(services: Services, parent: str, body: bytes) -> None:
    """The function ``notifications``, as the host calls it."""
    with services.telemetry.execution("notifications", parent):
        await receive(services, body)


async def take(world: World, services: Services) -> None:
    """The function ``hints``, with the next message of its queue."""
    while (taken := world.queue.take_any()) is not None and taken[0] != HINTS:
        pass  # A wake-up: what there is to do is done here.
    assert taken is not None
    body = taken[1].encode()
    with services.telemetry.execution("hints", THIRD, origins_of(body)):
        await take_in(services, decode(body))


def trace(parent: str) -> int:
    found = context_of(parent)
    assert found is not None
    return found.trace_id


def test_one_trace_leads_from_the_notification_to_the_request() -> None:
    async def told(world: World, services: Services, collected: Collected) -> None:
        world.tenant.disable(user(world, 1))
        await tell(services, FIRST, notified(world, 1))
        await take(world, services)
        assert not account(world, 1).active
        [entry] = await world.logs(principal=user(world, 1), action="disable")
        assert entry["trace_id"] == f"{trace(FIRST):032x}"

    collected = story(told)
    [sent] = collected.spans("PATCH /Users/{id}")
    [item] = collected.spans("provision user")
    assert trace_of(sent) == trace_of(item) == trace(FIRST)
    assert sent.attributes is not None
    assert sent.attributes["http.response.status_code"] in {200, 204}
    [hints] = collected.spans("hints")
    assert (trace_of(hints), links_of(hints)) == (trace(THIRD), {trace(FIRST)})
    [look] = collected.spans("cycle live")
    assert trace_of(look) == trace(THIRD)
    assert links_of(item) == {trace(THIRD)}, "the item names the execution that worked on it"
    graph = list(collected.spans("GET /users/delta"))
    assert graph
    assert {trace_of(span) for span in graph} == {trace(THIRD)}


def test_notifications_that_become_one_item_are_all_linked() -> None:
    async def told(world: World, services: Services, _: Collected) -> None:
        world.tenant.disable(user(world, 1))
        both = tell(services, FIRST, notified(world, 1)), tell(services, SECOND, notified(world, 1))
        await asyncio.gather(*both)
        await take(world, services)

    collected = story(told)
    [item] = collected.spans("provision user")
    assert trace_of(item) == trace(FIRST)
    assert links_of(item) == {trace(SECOND), trace(THIRD)}


def test_a_hint_that_comes_again_keeps_whom_the_first_came_from() -> None:
    """Each has a message of its own, and both wait, since the job is off."""

    async def told(world: World, services: Services, _: Collected) -> None:
        world.tenant.disable(user(world, 1))
        world.environ["PROVISIONING_STATUS"] = "off"
        off = world.services()
        for parent in (FIRST, SECOND):
            await tell(off, parent, notified(world, 1))
            await take(world, off)
            await world.clock.sleep(1.0)
        await work.look_now(services)

    collected = story(told)
    [item] = collected.spans("provision user")
    assert trace_of(item) == trace(FIRST)
    assert trace(SECOND) in links_of(item)


def test_an_item_that_is_filed_again_keeps_whom_it_came_from() -> None:
    async def told(world: World, services: Services, _: Collected) -> None:
        job = services.job()
        await _file(world, services, FIRST)
        await _file(world, services, SECOND)
        [item] = await job.work.page(Lane.LEAVERS)
        assert item.origins == (FIRST, SECOND)

    story(told)


async def _file(world: World, services: Services, origin: str) -> None:
    """Files the removal of a user, as a look does."""
    from provisioning.discovery.crowd import Crowd
    from provisioning.discovery.filing import Filing
    from provisioning.discovery.since import Since
    from provisioning.model import EntraId, Key, ObjectType
    from provisioning.record import CycleRecord
    from provisioning.resolve import load_graph

    job = services.job()
    await job.load_tallies()
    key = Key(ObjectType.USER, EntraId(user(world, 1)))
    row = await job.mirror.users.get(key.id)
    assert row is not None
    gone = msgspec.structs.replace(row, enabled=False)
    await job.store.write([job.mirror.users.put(key.id, gone)])
    record = CycleRecord(cycle_id="1", kind=CycleKind.LIVE)
    since = Since(1.0, origins=(origin,))
    await Filing(job, await load_graph(job), record, Lane.LIVE, since).file(
        Crowd(job, {key}), "live", told=True
    )


def test_each_stored_entry_is_told_once_and_a_dry_run_tells_none() -> None:
    async def told(world: World, services: Services, collected: Collected) -> None:
        before = {entry["id"] for entry in await world.logs()}
        for number in range(4):
            world.tenant.disable(user(world, number))
        await world.cycle(dry_run=True)
        assert collected.events("provisioning_log") == []
        assert collected.events("provisioning_cycle") == []
        await world.cycle()
        stored = {entry["id"] for entry in await world.logs()} - before
        shown = [event["id"] for event in collected.events("provisioning_log")]
        assert len(stored) >= 4
        assert sorted(shown) == sorted(stored)
        [cycle] = collected.events("provisioning_cycle")
        assert (cycle["status"], cycle["disabled"], cycle["kind"]) == (
            "completed",
            4,
            "incremental",
        )
        assert cycle["scim_requests"] == 4
        [span] = list(collected.spans("cycle incremental"))[-1:]
        assert (span.attributes or {})["status"] == "completed"
        names = [event.get("name") for event in collected.events("provisioning_log")]
        assert names == [None] * len(shown)

    story(told)


def test_a_request_that_is_tried_again_says_which_try_it_is() -> None:
    async def told(world: World, services: Services, _: Collected) -> None:
        world.tenant.disable(user(world, 1))
        world.zscloud.set_faults(
            fail_next=1, fail_status=429, fail_retry_after="1", methods=("PATCH",)
        )
        await world.cycle()

    collected = story(told)
    tries = [(s.attributes or {})["attempt"] for s in collected.spans("PATCH /Users/{id}")]
    assert tries == [1, 2]
    handovers = collected.numbers()["provisioning.lease.handovers"]
    assert {attributes["how"] for attributes, _ in handovers} == {"released"}


@pytest.mark.parametrize(
    ("change", "state", "idle"),
    [
        ({}, "healthy", True),
        ({"PROVISIONING_STATUS": "off"}, "off", True),
    ],
)
def test_alive_and_nothing_to_do_is_visible(
    change: dict[str, str], state: str, idle: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def told(world: World, _: Services, collected: Collected) -> None:
        world.environ |= change
        with caplog.at_level("INFO", "provisioning"):
            await world.clock.sleep(60.0)
            await heartbeat.beat(world.services(), "incremental_cycle", count=True)
        [beat] = collected.events("provisioning_heartbeat")
        assert (beat["state"], beat["idle"], beat["timer"]) == (state, idle, "incremental_cycle")
        assert beat["lane_1"] == beat["escrow"] == beat["held"] == 0
        assert beat["watermark_age_seconds"] == 60.0

    story(told)
    assert f"HEARTBEAT incremental_cycle: {state}, nothing to do" in caplog.text


def test_what_waits_is_no_idleness(caplog: pytest.LogCaptureFixture) -> None:
    async def told(world: World, services: Services, collected: Collected) -> None:
        await work.tick(services, CycleKind.INCREMENTAL)
        with caplog.at_level("INFO", "provisioning"):
            await heartbeat.beat(services, "assignment_poll")
        [beat] = collected.events("provisioning_heartbeat")
        assert (beat["state"], beat["idle"]) == ("working", False)
        assert not {"lane_1", "escrow", "held"} & set(beat), "one timer alone counts"

    story(told)
    assert "HEARTBEAT assignment_poll: working" in caplog.text


def test_a_sign_of_life_comes_also_where_the_state_cannot_be_read(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def told(world: World, services: Services, collected: Collected) -> None:
        async def broken(*_: Any, **__: Any) -> Any:
            raise RuntimeError("a defect")

        world.store.scan = broken
        with caplog.at_level("INFO", "provisioning"):
            await heartbeat.beat(services, "maintenance")
        [beat] = collected.events("provisioning_heartbeat")
        assert (beat["state"], beat["idle"]) == ("unknown", False)

    story(told)
    assert "HEARTBEAT maintenance: unknown" in caplog.text


def test_where_nobody_listens_nothing_is_carried_along() -> None:
    async def told(world: World, _: Services, collected: Collected) -> None:
        world.telemetry = SILENT
        services = world.services()
        world.tenant.disable(user(world, 1))
        await tell(services, FIRST, notified(world, 1))
        [(_, _, text)] = [m for m in world.queue.messages if "users" in m[2]]
        assert "origins" not in text
        await take(world, services)
        [entry] = await world.logs(principal=user(world, 1), action="disable")
        assert entry["trace_id"] is None

    assert story(told).spans() == []
