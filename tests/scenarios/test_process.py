"""Processes that stop and go on: budgets, leases, leftovers of a failed cycle, what status says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from provisioning.discovery.arrivals import Arrivals
from provisioning.errors import ConfigurationError, LeaseUnavailable, Problem, StoreUnavailable
from provisioning.job import Knowledge
from provisioning.operations import work
from provisioning.operations.cycles import get_cycle
from provisioning.operations.on_demand import provision_on_demand
from provisioning.operations.status import status
from provisioning.operations.writing import writing
from provisioning.ports import Row
from provisioning.record import CycleKind, CycleRecord, CycleStatus
from provisioning.state.memory import MemoryStore
from tests.scenarios.pump import deliver
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import SETTLE, everybody, group, office, provisioned, user
from tests.scenarios.world import World


async def told(world: World) -> Any:
    """The status document."""
    return await status(world.services())


def test_continuations_cost_nothing_extra() -> None:
    """An initial cycle in many executions sends what one execution would, within two percent."""

    async def story(world: World) -> None:
        record = await world.cycle(budget=60.0)
        executions = 1
        while record.status is CycleStatus.RUNNING:
            record = await world.cycle(budget=60.0)
            executions += 1
            assert executions < 50
        assert record.kind == "initial"
        assert record.status is CycleStatus.COMPLETED
        assert world.differences() == []
        assert executions > 1
        least = 400 + 4 + 1 + 1
        assert len(world.scim()) <= least * 1.02 + 3

    simulate(story, tenant=everybody(400), rate=5)


def test_what_a_failed_initial_cycle_left_is_matched_by_the_list() -> None:
    """Matching costs the lesser of filters and list pages, also for items of an earlier cycle."""

    async def story(world: World) -> None:
        world.zscloud.set_faults(fail_share=1.0, fail_status=503, path_contains="Users")
        assert (await world.cycle()).status is CycleStatus.FAILED
        world.zscloud.set_faults()
        world.forget_requests()
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED
        assert world.differences() == []
        assert len(world.scim("GET")) <= 3

    simulate(story, tenant=everybody(300))


def test_two_processes_one_after_the_other_and_at_once() -> None:
    """The second process waits for the lease, and finds nothing left to do."""

    async def story(world: World) -> None:
        first, second = await asyncio.gather(world.cycle(), world.cycle())
        assert {first.status, second.status} == {CycleStatus.COMPLETED}
        assert world.differences() == []
        assert len(world.scim("POST")) == 11
        sends = sorted(r.time for r in world.scim())
        assert all(b - a >= 0.99 for a, b in zip(sends, sends[5:], strict=False))

    simulate(story, tenant=office, rate=5)


class FlakyLeases(MemoryStore):
    """A store that cannot be reached for the renewals that ``failing`` counts."""

    failing = 0
    error: Exception = StoreUnavailable("The state store was away for a moment.")

    async def renew(self, name: str, holder: str, seconds: float) -> bool:
        if self.failing:
            self.failing -= 1
            raise self.error
        return await super().renew(name, holder, seconds)


def test_a_renewal_that_fails_once_does_not_lose_the_lease() -> None:
    """A lease is renewed every five seconds, and one failure is no reason to give it up."""

    async def story(world: World) -> None:
        world.store = FlakyLeases(time=world.clock.time)
        world.store.failing = 1
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED, record.error
        assert world.differences() == []

    simulate(story, tenant=everybody(200), rate=5)


def test_a_lease_that_was_lost_sends_nothing_and_the_next_process_goes_on() -> None:
    """Without the lease nothing is sent, and nothing that was done is done again."""

    async def story(world: World) -> None:
        world.store = FlakyLeases(time=world.clock.time)
        world.store.failing = 1000
        with pytest.raises(LeaseUnavailable):
            await world.cycle()
        assert (await told(world))["cycle"]["status"] == "running"
        last = max(r.time for r in world.scim())
        assert last - min(r.time for r in world.scim()) <= 31
        world.store.failing = 0
        await world.clock.sleep(60)
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED
        assert len(world.scim("POST")) == 201

    simulate(story, tenant=everybody(200), rate=5)


def test_a_dry_run_does_not_change_what_status_says() -> None:
    """A dry run stores its plan, and is neither a success nor a failure of the job."""

    async def story(world: World) -> None:
        await provisioned(world)
        before = await told(world)
        await world.clock.sleep(10)
        await world.cycle(dry_run=True)
        after = await told(world)
        assert after["last_success"] == before["last_success"]
        assert after["state"] == before["state"]

    simulate(story, tenant=office)


def test_a_dry_run_does_not_hide_a_failed_cycle() -> None:
    """After a failed cycle and a dry run, status still speaks of the failure."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.set_entra(error_next=1000, error_status=500)
        assert (await world.cycle()).status is CycleStatus.FAILED
        world.set_entra(error_next=0)
        before = await told(world)
        await world.cycle(dry_run=True)
        assert (await told(world))["why"] == before["why"]

    simulate(story, tenant=office)


def test_a_dry_run_of_a_reconcile_stores_nothing_and_shows_the_repair() -> None:
    """The dry run of a reconcile reads ZSCloud and prints what the run then does."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.edit_user("user1@example.com", department="By hand")
        world.zscloud.edit_members("Sales", remove=("user3@example.com",))
        _, changes = await world.cycle_with_changes("reconcile", dry_run=True)
        assert world.writes() == []
        assert sorted(c.action.value for c in changes) == ["add_member", "update"]
        assert (await world.logs(since="1m")) == []
        record = await world.cycle("reconcile")
        assert record.counts.writes == 2

    simulate(story, tenant=office)


def test_a_dry_run_shows_what_the_brake_would_hold() -> None:
    """The dry run is judged like the run: what would be held is not among what would be sent."""

    async def story(world: World) -> None:
        await provisioned(world)
        for number in range(10):
            world.tenant.disable(user(world, number))
        record, changes = await world.cycle_with_changes(dry_run=True)
        assert changes == []
        assert record.counts.held == 10

    simulate(story, tenant=everybody(40))


def test_latency_is_counted_from_the_moment_we_were_told() -> None:
    """With a slow pace the last of many changes has waited the longest, and the log says so."""

    async def story(world: World) -> None:
        await provisioned(world)
        for number in range(20):
            world.tenant.update_user(user(world, number), department="Legal")
        record = await world.cycle()
        entries = await world.logs(cycle=record.cycle_id)
        latencies = [e["latency_ms"] for e in entries]
        assert len(latencies) == 20
        assert max(latencies) >= 3500
        assert all(e["duration_ms"] < 1000 for e in entries)

    simulate(story, tenant=everybody(20), rate=5)


def test_a_leaver_goes_before_a_thousand_others() -> None:
    """Leavers first, also in the middle of an initial cycle that was interrupted."""

    async def story(world: World) -> None:
        await world.cycle(budget=10.0)
        leaver = next(u for u in world.zscloud.users if not u.admin)
        world.tenant.disable(leaver.external_id)
        world.forget_requests()
        await world.cycle(budget=10.0)
        first = world.scim("PATCH", "POST", "DELETE")[0]
        assert first.method == "PATCH"
        assert leaver.id in first.path

    simulate(story, tenant=everybody(200), rate=5)


def test_an_unchanged_reconcile_costs_the_list_pages() -> None:
    """A reconcile without changes reads the two lists, and a no-change cycle nothing."""

    async def story(world: World) -> None:
        await provisioned(world)
        await world.clock.sleep(SETTLE)
        await world.cycle("reconcile")
        assert len(world.scim()) == 2
        world.forget_requests()
        await world.cycle()
        assert world.scim() == []
        assert group(world, "Sales")

    simulate(story, tenant=office)


def test_one_process_does_not_write_twice_at_once() -> None:
    """Two executions in one process are two holders: the second waits like anybody else."""

    async def story(world: World) -> None:
        services = world.services()
        async with writing(services, wait=0):
            with pytest.raises(LeaseUnavailable):
                async with writing(services, wait=0):
                    pass
        calls = [
            provision_on_demand(services, users=[f"user{n}@example.com"], wait=60)
            for n in (7, 8, 7)
        ]
        for record, document in await asyncio.gather(*calls):
            assert record.status is CycleStatus.COMPLETED
            assert len(document["results"]) == 1
        names = [u.user_name for u in world.zscloud.users if not u.admin]
        assert sorted(names) == ["user7@example.com", "user8@example.com"]

    simulate(story, tenant=office, rate=5)


def test_a_call_whose_process_dies_over_it_is_answered_by_who_waits() -> None:
    """It was taken up and filed, and nobody worked on it any more."""

    async def story(world: World) -> None:
        dying, waiting = world.services(), world.services()

        async def take_up_and_die() -> None:
            async with writing(dying, wait=0) as held:
                while not await held.job.calls.any_waiting():
                    await world.clock.sleep(0.1)
                record = CycleRecord(cycle_id="dying", kind=CycleKind.INCREMENTAL)
                await Arrivals(held.job, dying.source, record, hints=False).settle()

        async def call() -> Any:
            await world.clock.sleep(0.05)
            return await provision_on_demand(waiting, users=["user7@example.com"], wait=30)

        _, (record, document) = await asyncio.gather(take_up_and_die(), call())
        assert record.status is CycleStatus.COMPLETED
        assert [result["outcome"] for result in document["results"]] == ["create"]
        assert len(world.writes()) == 1

    simulate(story, tenant=office)


class DownStore(MemoryStore):
    """A store that cannot be written while ``down``. Leases are another service."""

    down = False

    async def write(self, rows: Sequence[Row]) -> None:
        if self.down:
            raise StoreUnavailable("The state store is away.")
        await super().write(rows)


def test_nothing_is_stored_after_the_lease_was_let_go() -> None:
    """What could not be stored under the lease is not stored later: another may hold it by then."""

    async def story(world: World) -> None:
        world.store = DownStore(time=world.clock.time)
        services = world.services()

        async def write() -> None:
            async with writing(services, wait=0) as held:
                held.job.store.defer([held.job.knowledge.put("target", Knowledge())])
                world.store.down = True

        with pytest.raises(StoreUnavailable):
            await write()
        world.store.down = False
        await world.clock.sleep(5)
        assert await services.job().knowledge.get("target") is None

    simulate(story, tenant=office)


def test_a_renewal_that_is_refused_for_a_moment_does_not_lose_the_lease() -> None:
    """An identity that is not served for once is refused like one without rights."""

    async def story(world: World) -> None:
        world.store = FlakyLeases(time=world.clock.time)
        world.store.error = ConfigurationError((Problem("AzureWebJobsStorage", "Refused.", ""),))
        world.store.failing = 1
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED, record.error

    simulate(story, tenant=everybody(200), rate=5)


class YieldingStore(MemoryStore):
    """Each call lets others go first, as a storage elsewhere does."""

    async def get_many(self, table: str, keys: Sequence[str]) -> Mapping[str, bytes]:
        await asyncio.sleep(0.01)
        return await super().get_many(table, keys)

    async def write(self, rows: Sequence[Row]) -> None:
        await asyncio.sleep(0.01)
        await super().write(rows)


@pytest.mark.parametrize("head_start", [-0.03, -0.02, -0.01, 0.0, 0.01, 0.02, 0.03])
def test_two_timers_of_the_same_moment_lose_no_reconcile(head_start: float) -> None:
    """At half past two both schedules are due, each in an instance of its own."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.store = _copied(world.store, YieldingStore(time=world.clock.time))
        world.zscloud.edit_user("user1@example.com", department="By hand")

        async def tick(kind: CycleKind, after: float) -> Any:
            await world.clock.sleep(after)
            return await work.tick(world.services(), kind)

        cycles = await asyncio.gather(
            tick(CycleKind.RECONCILE, 1 + head_start), tick(CycleKind.INCREMENTAL, 1)
        )
        await deliver(world, world.services(), 60.0)
        await work.tick(world.services(), CycleKind.INCREMENTAL)
        await deliver(world, world.services(), 60.0)
        assert world.differences() == []
        for cycle in cycles:
            found = await get_cycle(world.services(), cycle["cycle_id"])
            assert found["status"] == "completed"

    simulate(story, tenant=office)


def _copied(store: MemoryStore, to: MemoryStore) -> MemoryStore:
    to._tables, to._leases = store._tables, store._leases
    return to


def test_a_tick_leaves_the_record_of_the_running_cycle_alone() -> None:
    """What it has read of the cycle may be out of date when it writes."""

    async def story(world: World) -> None:
        world.store = YieldingStore(time=world.clock.time)
        running = asyncio.create_task(world.cycle())
        while not running.done():
            await work.tick(world.services(), CycleKind.INCREMENTAL)
        record = await running
        found = await get_cycle(world.services(), record.cycle_id)
        assert found["status"] == "completed"
        assert found["counts"]["created"] == record.counts.created

    simulate(story, tenant=office)
