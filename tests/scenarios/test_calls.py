"""Calls on demand that do not end at once: whoever works next answers them, and truly."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest

from provisioning.calls import Call
from provisioning.discovery.arrivals import Arrivals
from provisioning.errors import LeaseUnavailable
from provisioning.lease import LEASE_SECONDS, HeldLease
from provisioning.mirror import user_key
from provisioning.operations.on_demand import get_on_demand, provision_within
from provisioning.operations.status import status
from provisioning.operations.writing import writing
from provisioning.ports import Clock
from provisioning.record import CycleKind, CycleRecord, CycleStatus
from provisioning.services import Services
from tests.scenarios.pump import deliver
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import everybody, provisioned, user
from tests.scenarios.world import World


def names(first: int, last: int) -> list[str]:
    return [f"user{number}@example.com" for number in range(first, last)]


class Ahead:
    """A clock that goes before another."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self.monotonic, self.sleep = clock.monotonic, clock.sleep

    def time(self) -> float:
        return self._clock.time() + self._seconds


def outcomes(document: Any) -> list[str]:
    return [result["outcome"] for result in document["results"]]


async def answered(world: World, services: Services, id: str) -> list[str]:
    """What a call came to by wake-ups alone."""
    await deliver(world, services, 240.0)
    document, done = await get_on_demand(services, id)
    assert done, document
    return outcomes(document)


def test_a_call_that_outlasts_its_caller_goes_on_while_the_job_is_off() -> None:
    """No cycle will ever come to work off what the call has filed."""

    async def story(world: World) -> None:
        services = world.services()
        id, document = await provision_within(services, users=names(0, 100), seconds=20.0)
        assert document is None
        assert await answered(world, services, id) == ["create"] * 100
        assert world.queue.messages == []

    simulate(story, tenant=everybody(100), rate=5, PROVISIONING_STATUS="off")


def test_a_call_that_an_outage_ends_says_so_and_is_not_tried_for_ever() -> None:
    """It has failed; whom it named is tried again by the next cycle or call."""

    async def story(world: World) -> None:
        services = world.services()
        id, document = await provision_within(services, users=names(0, 100), seconds=20.0)
        assert document is None
        world.zscloud.set_faults(fail_share=1.0, fail_status=503)
        assert "failure" in await answered(world, services, id)
        assert world.queue.messages == []

    simulate(story, tenant=everybody(100), rate=5, PROVISIONING_STATUS="off")


def test_calls_that_come_at_once_are_all_answered_with_what_is_true() -> None:
    """Several of them name the same user: nobody hears that nothing was done, or hears too soon."""

    async def story(world: World) -> None:
        services = world.services()
        wanted = [names(0, 60), names(3, 4), names(5, 6), names(5, 6), names(70, 71), names(5, 7)]

        async def call(number: int) -> tuple[str, Any]:
            await world.clock.sleep(number * 0.01)
            return await provision_within(world.services(), users=wanted[number], seconds=20.0)

        made = await asyncio.gather(*(call(number) for number in range(len(wanted))))
        await deliver(world, services, 240.0)
        for (id, document), users in zip(made, wanted, strict=True):
            found, done = await get_on_demand(services, id)
            assert done
            assert outcomes(found) == ["create"] * len(users), users
            assert document is None or outcomes(document) == outcomes(found)
        assert len(world.scim("POST")) == 61

    simulate(story, tenant=everybody(100), rate=5, PROVISIONING_STATUS="off")


def test_a_call_is_remembered_however_much_is_logged_after_it() -> None:
    """Its answer can be asked for later."""

    async def story(world: World) -> None:
        services = world.services()
        id, document = await provision_within(services, users=names(7, 8), seconds=20.0)
        assert outcomes(document) == ["create"]
        await world.cycle()
        found, done = await get_on_demand(services, id)
        assert done
        assert found == document

    simulate(story, tenant=everybody(2500))


def test_a_caller_whose_clock_is_ahead_hears_what_was_done() -> None:
    async def story(world: World) -> None:
        caller = dataclasses.replace(world.services(), clock=Ahead(world.clock, 90.0))
        writer = world.services()

        async def hold() -> None:
            async with writing(writer, wait=0) as held:
                await world.clock.sleep(1)
                await held.answer_calls(budget=60)

        async def call() -> Any:
            await world.clock.sleep(0.5)
            return await provision_within(caller, users=names(7, 8), seconds=20.0)

        _, (_, document) = await asyncio.gather(hold(), call())
        assert outcomes(document) == ["create"]

    simulate(story, tenant=everybody(10))


def test_status_tells_a_call_from_a_cycle() -> None:
    """The lease is held, and the last cycle has ended long ago."""

    async def story(world: World) -> None:
        await world.cycle()
        async with writing(world.services(), wait=0):
            told = await status(world.services())
        assert (told["state"], told["since"]) == ("working", None)
        assert told["why"] == "A call on demand or a dry run is under way."

    simulate(story, tenant=everybody(3))


def test_a_call_that_meets_a_renewal_that_was_late_is_taken_up_again() -> None:
    """For a moment nothing may be stored. That is no answer to the call."""

    async def story(world: World) -> None:
        services = world.services()
        await world.cycle()
        lease = HeldLease(services.leases, "tenant", "one", world.clock)
        assert await lease.acquire() is not None
        async with services.held_job(lease, dry_run=False) as job:
            await job.load_tallies()
            key = user_key(user(world, 1))
            await job.calls.store(Call("call", (key,), world.clock.time()))
            record = CycleRecord(cycle_id="cycle", kind=CycleKind.INCREMENTAL)
            arrivals = Arrivals(job, services.source, record, hints=False)
            await world.clock.sleep(LEASE_SECONDS)
            with pytest.raises(LeaseUnavailable):
                await arrivals.settle()
            assert await lease.acquire() is not None
            await job.store.flush()
            assert await job.calls.any_waiting()
            arrivals = Arrivals(job, services.source, record, hints=False)
            await arrivals.settle()
            assert not await job.calls.any_waiting()

    simulate(story, tenant=everybody(3))


def test_a_call_that_is_forgotten_waits_no_more() -> None:
    """Whoever looks for calls that wait would look for this one for ever."""

    async def story(world: World) -> None:
        job = world.services().job()
        await job.calls.store(Call("call", (), world.clock.time()))
        await job.store.write(await job.calls.forget_before(world.clock.time() + 1))
        assert not await job.calls.any_waiting()

    simulate(story)


def test_a_dismissal_does_not_wait_for_the_slot_of_an_update_of_the_same_person() -> None:
    """Many updates wait for their slots, also that of the person who is named now."""

    async def story(world: World) -> None:
        await provisioned(world)
        for number in range(200):
            world.tenant.update_user(user(world, number), department="Legal")
        world.forget_requests()
        running = asyncio.create_task(world.cycle())
        await world.clock.sleep(6)
        touched = {request.path.rpartition("/")[2] for request in world.scim()}
        people = sorted(u.external_id for u in world.zscloud.users if u.id not in touched)
        # In the order of the lanes: of those whom the engine has begun with, one of the last.
        id = people[40]
        (target,) = (u.id for u in world.zscloud.users if u.external_id == id)
        world.tenant.disable(id)
        before = len(world.scim())
        _, document = await provision_within(world.services(), users=[id], seconds=20)
        assert outcomes(document) == ["disable"]
        sent = [request.path.rpartition("/")[2] for request in world.scim()[before:]]
        assert sent.index(target) <= 4
        assert (await running).status is CycleStatus.COMPLETED
        assert world.differences() == []

    simulate(story, tenant=everybody(200), rate=5)
