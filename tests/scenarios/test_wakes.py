"""The work queue on simulated time: what waits is woken at its time, and nothing spins."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from provisioning.errors import QueueUnavailable, StoreUnavailable
from provisioning.operations import work
from provisioning.operations.status import status
from provisioning.operations.writing import writing
from provisioning.record import CycleKind
from provisioning.wake import WORK
from tests.scenarios.pump import deliver
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import everybody, office, provisioned, user
from tests.scenarios.world import World


async def told(world: World) -> Any:
    return await status(world.services())


def test_a_tick_brings_a_load_to_its_end_in_executions_of_a_budget(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One message after the other, one cycle; each execution says that it came further."""
    caplog.set_level(logging.INFO)

    async def story(world: World) -> None:
        services = world.services()
        cycle = await work.tick(services, CycleKind.INCREMENTAL)
        seen = []
        while world.queue.messages:
            assert await deliver(world, services, 0.0) == 1
            seen.append((await told(world))["cycle"])
        assert {each["cycle_id"] for each in seen} == {cycle["cycle_id"]}
        done = [each["progress"]["done"] for each in seen]
        assert done == sorted(done)
        assert len(seen) > 3
        assert seen[-1]["status"] == "completed"
        assert world.differences() == []
        lines = [r.getMessage() for r in caplog.records if r.getMessage().startswith("CYCLE")]
        assert [line.split()[1] for line in lines] == ["running"] * (len(seen) - 1) + ["completed"]

    simulate(story, tenant=everybody(200), rate=5, DRAIN_BUDGET_SECONDS="10")


def test_what_is_in_escrow_is_tried_again_at_its_time_without_a_tick() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        world.zscloud.set_faults(fail_share=1.0, fail_status=400, path_contains="Users")
        world.tenant.update_user(user(world, 1), department="Legal")
        await work.tick(services, CycleKind.INCREMENTAL)
        await deliver(world, services, 5.0)
        assert (await told(world))["escrow"] == 1
        world.zscloud.set_faults()
        assert await deliver(world, services, 60.0) == 0
        assert await deliver(world, services, 600.0) >= 1
        assert (await told(world))["escrow"] == 0
        assert world.differences() == []
        assert world.queue.messages == []

    simulate(story, tenant=office)


def test_an_outage_waits_for_the_next_tick() -> None:
    """A cycle that failed arms nothing: it would only fail again, at once."""

    async def story(world: World) -> None:
        services = world.services()
        world.zscloud.set_faults(fail_share=1.0, fail_status=503)
        await work.tick(services, CycleKind.INCREMENTAL)
        assert await deliver(world, services, 3600.0) == 1
        world.zscloud.set_faults()
        await work.tick(services, CycleKind.INCREMENTAL)
        await deliver(world, services, 60.0)
        assert world.differences() == []

    simulate(story, tenant=office)


def test_a_queue_that_is_down_costs_one_tick() -> None:
    """The cycle is stored before its message is sent."""

    async def story(world: World) -> None:
        services = world.services()
        world.queue.is_down = True
        for begin in (work.tick, work.queue_cycle):
            options = {} if begin is work.tick else {"dry_run": False}
            with pytest.raises(QueueUnavailable):
                await begin(services, CycleKind.INCREMENTAL, **options)
        world.queue.is_down = False
        await world.clock.sleep(300)
        await work.tick(services, CycleKind.INCREMENTAL)
        await deliver(world, services, 60.0)
        assert world.differences() == []

    simulate(story, tenant=office)


def test_ticks_with_nothing_to_do_leave_nothing_behind() -> None:
    """Each is a cycle that reads Entra and sends nothing; old ones are forgotten in time."""

    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        world.forget_requests()
        for _ in range(40):
            await work.tick(services, CycleKind.INCREMENTAL)
            assert await deliver(world, services, 1.0) == 1
            await world.clock.sleep(86_400)
        assert world.scim() == []
        assert world.queue.messages == []
        kept = await services.job().cycles.rows.page()
        assert 29 <= len(kept) <= 33

    simulate(story, tenant=office)


def test_what_waits_for_hours_does_not_pile_up_messages() -> None:
    """Each tick outdates the message of the tick before, which stays on the queue to its time."""

    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        world.zscloud.set_faults(fail_share=1.0, fail_status=400, path_contains="Users")
        world.tenant.update_user(user(world, 1), department="Legal")
        most = delivered = 0
        for _ in range(12 * 24):
            await work.tick(services, CycleKind.INCREMENTAL)
            delivered += await deliver(world, services, 300.0)
            most = max(most, len(world.queue.messages))
            await world.clock.sleep(max(0.0, 300.0 - world.clock.time() % 300.0))
        assert most <= 3
        assert delivered <= 12 * 24 * 2 + 20

    simulate(story, tenant=office)


def test_poison_goes_away_with_work_that_succeeds_and_so_does_its_reason() -> None:
    """Not with a message that found somebody else at work."""

    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        await work.failed(services, WORK, StoreUnavailable("It was away on Monday."))
        await work.tick(services, CycleKind.INCREMENTAL)
        await deliver(world, services, 1.0)
        await work.poisoned(services, WORK, "{}")
        (entry,) = (await told(world))["poison"]
        assert "Monday" not in entry["reason"]

        await work.queue_cycle(services, CycleKind.INCREMENTAL, dry_run=False)
        async with writing(world.services(), wait=0):
            text = world.queue.take()
            assert text is not None
            await work.on_wake(services, json.loads(text)["generation"])
        assert len((await told(world))["poison"]) == 1
        await deliver(world, services, 60.0)
        assert (await told(world))["poison"] == []

    simulate(story, tenant=office)
