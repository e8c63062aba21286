"""An operator stops the job, in the midst of a load too, and starts it again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from provisioning.apply.sending.halting import Halting
from provisioning.audit import Operator
from provisioning.errors import ConfigurationError
from provisioning.hints import Hint
from provisioning.operations import alarms, assignments, hints, switches, token, work
from provisioning.operations.audit import query_audit
from provisioning.operations.on_demand import get_on_demand, provision_within
from provisioning.operations.status import status
from provisioning.orders import Order, Orders
from provisioning.record import CycleKind, CycleStatus
from provisioning.state.memory import MemoryStore
from tests.scenarios.simulation import Saga, simulate
from tests.scenarios.steps import everybody, office, user
from tests.scenarios.test_wakes import deliver
from tests.scenarios.world import World
from tests.simulated_time import run_simulated

ANNA = Operator.claimed("anna")
FRESH = 0.25
"""Seconds that are promised."""


async def stop(world: World, note: str = "") -> Any:
    return await switches.stop(world.services(), ANNA, note)


async def start(world: World) -> Any:
    return await switches.start(world.services(), ANNA)


async def state(world: World) -> Any:
    return await status(world.services())


def test_a_job_that_is_not_stopped_is_not_changed_by_a_start() -> None:
    async def story(world: World) -> None:
        await world.cycle()
        world.forget_requests()
        assert await start(world) == {"stopped": None, "changed": False}
        assert (await state(world))["stopped"] is None
        assert (await world.cycle()).counts.writes == 0
        assert world.writes() == []

    simulate(story, tenant=office)


@pytest.mark.parametrize("after", [3.0, 3.05, 3.1, 3.15, 3.2, 20.0])
def test_a_stop_in_mid_load_ends_the_sending_within_a_quarter_of_a_second(after: float) -> None:
    """Nothing is lost: after the start the same cycle goes on, and nobody is made twice."""

    async def story(world: World) -> None:
        load = asyncio.create_task(world.cycle())
        await world.clock.sleep(after)
        assert not load.done()
        stopped_at = world.clock.time()
        await stop(world, "the portal is being repaired")
        record = await load
        assert record.status is CycleStatus.STOPPED
        assert max(request.time for request in world.scim()) <= stopped_at + FRESH
        sent = len(world.scim())
        await world.clock.sleep(3600)
        assert len(world.scim()) == sent

        told = await state(world)
        assert told["state"] == "stopped"
        assert "anna" in told["why"]
        assert "being repaired" in told["why"]
        assert told["cycle"]["status"] == "stopped"
        assert told["lanes"]["4"] > 0
        with pytest.raises(ConfigurationError, match="start"):
            await world.cycle()

        await start(world)
        again = await world.cycle()
        assert again.cycle_id == record.cycle_id
        assert again.status is CycleStatus.COMPLETED
        assert world.differences() == []
        assert len(world.scim("POST")) == 151

    simulate(story, tenant=everybody(150), rate=5, zscloud={"rate": 5})


def test_after_a_start_the_queue_goes_on_at_once_with_what_was_told_meanwhile() -> None:
    """Hints are stored while the job is stopped, and nothing spins or is asked of ZSCloud."""

    async def story(world: World) -> None:
        services = world.services()
        await world.cycle()
        await world.clock.sleep(200)
        world.queue.messages.clear()
        await stop(world)
        world.forget_requests()
        world.tenant.disable(user(world, 7))
        hint = Hint(about=f"user/{user(world, 7)}", mark="1", told_at=world.clock.time())
        await hints.store(services, [hint])
        await work.look_now(services)
        await token.check(services)
        assert await assignments.poll(services) is None
        with pytest.raises(ConfigurationError, match="stopped"):
            await work.tick(services, CycleKind.INCREMENTAL)
        await work.on_wake(services, 2**40)
        assert world.queue.messages == []
        assert world.scim() == []

        await start(world)
        assert await deliver(world, services, 1.0) > 0
        assert world.differences() == []
        assert (await state(world))["state"] == "healthy"

    simulate(story, tenant=office)


def test_calls_on_demand_are_refused_and_dry_runs_work() -> None:
    async def story(world: World) -> None:
        await stop(world)
        with pytest.raises(ConfigurationError, match="Run `start`"):
            await world.on_demand("user0@example.com")
        assert (await world.on_demand("user0@example.com", dry_run=True))[0]["outcome"] == "create"
        assert (await world.cycle(dry_run=True)).counts.created > 0
        explained = await world.explain("user0@example.com")
        assert "was stopped by anna" in explained["steps"][-1]["detail"]
        assert world.writes() == []

    simulate(story, tenant=office)


def test_a_call_that_is_under_way_waits_for_the_start_and_is_answered_then() -> None:
    async def story(world: World) -> None:
        services = world.services()
        names = [f"user{n}@example.com" for n in range(100)]
        call = asyncio.create_task(provision_within(services, users=names, seconds=20.0))
        await world.clock.sleep(5)
        await stop(world)
        with pytest.raises(ConfigurationError, match="stopped"):
            await call
        sent = len(world.scim())
        await deliver(world, services, 600.0)
        assert len(world.scim()) == sent
        [(id, _)] = await services.job().calls._calls.page()
        await start(world)
        await deliver(world, services, 600.0)
        document, done = await get_on_demand(services, id)
        assert done
        assert [each["outcome"] for each in document["results"]] == ["create"] * 100
        assert world.queue.messages == []

    simulate(story, tenant=everybody(100), rate=5, PROVISIONING_STATUS="off")


def test_a_look_at_hints_that_is_stopped_leaves_no_work_without_a_cycle() -> None:
    async def story(world: World) -> None:
        services = world.services()
        await world.cycle()
        await world.clock.sleep(200)
        world.queue.messages.clear()
        for number in range(60):
            world.tenant.update_user(user(world, number), department="Legal")
        about = [f"user/{user(world, number)}" for number in range(60)]
        now = world.clock.time()
        await hints.store(services, [Hint(about=each, mark=each, told_at=now) for each in about])
        looking = asyncio.create_task(work.on_wake(services, 2**40))
        await world.clock.sleep(4)
        await stop(world)
        await looking
        assert world.differences() != []
        await start(world)
        await deliver(world, services, 120.0)
        assert world.differences() == []

    simulate(story, tenant=everybody(60), rate=5)


def test_no_alarm_says_that_no_cycle_ends_while_the_job_is_stopped() -> None:
    async def story(world: World) -> None:
        await world.cycle()
        await stop(world)
        services = world.services()
        await alarms.tell(services)
        await world.clock.sleep(86_400)
        await alarms.tell(services)
        assert await alarms.state(services) == []
        await start(world)
        await alarms.tell(services)
        assert await alarms.state(services) == []
        await world.clock.sleep(2 * 3600)
        assert [each["code"] for each in await alarms.state(services)] == ["no_cycle"]

    simulate(story, tenant=office)


def test_a_second_stop_keeps_the_first_and_both_are_in_the_audit_log() -> None:
    async def story(world: World) -> None:
        first = await stop(world, "first")
        await world.clock.sleep(10)
        again = await stop(world, "second")
        assert (first["changed"], again["changed"]) == (True, False)
        assert again["stopped"] == first["stopped"]
        await start(world)
        items = (await query_audit(world.services()))["items"]
        assert [(each["operation"], each["detail"]) for each in items] == [
            ("start", ""),
            ("stop", "second"),
            ("stop", "first"),
        ]
        assert {each["operator"] for each in items} == {"anna"}

    simulate(story, tenant=office)


def test_a_stop_outlasts_the_death_of_the_process() -> None:
    saga = Saga(tenant=everybody(60), rate=5)

    async def stopped_load(world: World) -> None:
        load = asyncio.create_task(world.cycle())
        await world.clock.sleep(3)
        await stop(world)
        await load

    saga.tell(stopped_load, steps=3000)

    async def after(world: World) -> None:
        if (await state(world))["stopped"] is None:
            await stop(world)
        with pytest.raises(ConfigurationError, match="stopped"):
            await world.cycle()
        await start(world)
        await world.cycle()
        assert world.differences() == []

    saga.tell(after)


class SlowStore(MemoryStore):
    """A store that takes some seconds for each answer."""

    seconds = 0.0
    scans = 0

    async def scan(self, *arguments: Any, **options: Any) -> Any:
        self.scans += 1
        found = await super().scan(*arguments, **options)  # As it was when it was asked.
        await asyncio.sleep(self.seconds)
        return found


class LoopClock:
    def time(self) -> float:
        return asyncio.get_running_loop().time()

    monotonic = time

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.2])
def test_what_a_send_goes_by_is_never_older_than_a_quarter_of_a_second(seconds: float) -> None:
    async def story() -> None:
        clock = LoopClock()
        store = SlowStore(time=clock.time)
        store.seconds = seconds
        orders = Orders(store, "job")
        halting = Halting(orders, clock)
        ordered_at = float("inf")
        for number in range(60):
            wanted = await halting.is_wanted()
            if clock.time() > ordered_at + FRESH + seconds:
                assert wanted
            if number == 30:
                ordered_at = clock.time()
                order = Order(id="1", at=0.0, by="anna")
                await store.write([orders.stop_row(order)])
            await clock.sleep(0.03)
        assert store.scans < 60
        await halting.close()

    run_simulated(story)


@pytest.mark.parametrize("silence", [0.26, 0.5, 0.9, 3600.0])
def test_after_a_silence_the_storage_is_asked_before_anything_is_sent(silence: float) -> None:
    async def story() -> None:
        clock = LoopClock()
        store = SlowStore(time=clock.time)
        orders = Orders(store, "job")
        halting = Halting(orders, clock)
        assert not await halting.is_wanted()
        await store.write([orders.stop_row(Order(id="1", at=0.0, by="anna"))])
        await clock.sleep(silence)
        assert await halting.is_wanted()
        await halting.close()

    run_simulated(story)


def test_no_send_waits_for_the_storage_while_others_follow_it() -> None:
    async def story() -> None:
        clock = LoopClock()
        store = SlowStore(time=clock.time)
        store.seconds = 0.03
        halting = Halting(Orders(store, "job"), clock)
        await halting.is_wanted()
        for _ in range(20):
            await clock.sleep(0.17)
            before = clock.time()
            await halting.is_wanted()
            assert clock.time() == before
        await halting.close()

    run_simulated(story)
