"""Send slots on every path: none is kept, none is spent twice, and no wait outlasts a budget."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from provisioning.apply.sending.pacer import Pacer, Turn
from provisioning.apply.sending.sender import Sender, Stopped
from provisioning.errors import StoreUnavailable
from provisioning.operations.cycles import run_cycle
from provisioning.ports import Row
from provisioning.record import CycleKind, CycleRecord, CycleStatus
from provisioning.services import Services
from provisioning.state.memory import MemoryStore
from simulator.entra import Tenant
from tests.scenarios.simulation import RunningClock, Saga, simulate
from tests.scenarios.steps import everybody, group, provisioned, user
from tests.scenarios.world import CountedIds, World
from tests.simulated_time import run_simulated

ENOUGH = 400_000
"""Steps that no story here needs: more of them are a loop that never ends."""


def many_groups(count: int) -> Any:
    """So many assigned groups, each with the same three people."""

    def tenant() -> Tenant:
        made = Tenant.empty()
        people = [made.add_user(f"user{n}@example.com", displayName=f"User {n}") for n in range(3)]
        for number in range(count):
            made.assign(made.add_group(f"Group {number}", people), "User")
        return made

    return tenant


def in_any_second(times: Sequence[float]) -> int:
    """The most of these times in one sliding second, less 10 ms."""
    return max(sum(1 for t in times if start <= t < start + 0.99) for start in times)


# --- the pacer by itself -------------------------------------------------------------------------


def test_a_slot_given_back_does_not_end_a_pause() -> None:
    """ZSCloud asked for ten seconds of silence: a slot that comes back does not break it."""

    async def story() -> None:
        clock = RunningClock()
        pacer = Pacer(5, clock)
        (await pacer.turn((3,))).finish()
        refused, unused = await pacer.turn((3,)), await pacer.turn((3,))
        paused = clock.monotonic()
        pacer.refused(10)
        refused.finish()
        unused.give_back()
        await pacer.turn((3,))
        assert clock.monotonic() - paused >= 10

    run_simulated(story)


def test_slots_given_back_late_make_no_burst() -> None:
    """Slots that are given back after later ones were used are gone: nothing catches up."""

    async def story() -> None:
        clock = RunningClock()
        pacer = Pacer(5, clock)
        (await pacer.turn((3,))).finish()
        idle = [await pacer.turn((3,)) for _ in range(4)]
        sent = []
        for turn in idle:
            (await pacer.turn((3,))).finish()
            sent.append(clock.monotonic())
            turn.give_back()
        gaps = [b - a for a, b in itertools.pairwise(sent)]
        assert min(gaps) >= 0.2, gaps

    run_simulated(story)


@pytest.mark.parametrize("how", ["given back", "cancelled"])
def test_the_first_slot_of_a_process_that_is_not_used_holds_nobody_up(how: str) -> None:
    """Before the first answer only one request flies: who does not send it lets the next one."""

    async def story() -> None:
        pacer = Pacer(5, RunningClock())
        if how == "cancelled":
            task = asyncio.create_task(pacer.turn((3,)))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        else:
            (await pacer.turn((3,))).give_back()
        await asyncio.wait_for(pacer.turn((3,)), 5)

    run_simulated(story)


class Free:
    """A lease that is always ours."""

    def may_send(self) -> bool:
        return True


def test_an_execution_that_ends_sends_only_its_own_away() -> None:
    """Two executions of one process share its pacer: one may have lost the lease to the other."""

    async def story() -> None:
        clock = RunningClock()
        pacer = Pacer(5, clock)
        (await pacer.turn((3,))).finish()
        ending, other = (Sender(pacer, Free(), clock, CountedIds()) for _ in range(2))
        turns = [asyncio.create_task(each.turn((3,))) for each in (ending, other, ending)]
        await asyncio.sleep(0.01)
        ending.stop()
        first, turn, last = await asyncio.gather(*turns, return_exceptions=True)
        assert isinstance(first, Stopped)
        assert isinstance(last, Stopped)
        assert isinstance(turn, Turn)

    run_simulated(story)


def test_a_request_that_is_cancelled_at_its_start_gives_its_slot_back() -> None:
    """Two that were held up together are taken apart: the second waits for its start."""

    async def story() -> None:
        clock = RunningClock()
        pacer = Pacer(5, clock)
        (await pacer.turn((3,))).finish()
        sender = Sender(pacer, Free(), clock, CountedIds())
        first = await pacer.turn((3,))
        second = await sender.turn((3,))
        await first.start()

        async def never() -> None:
            raise AssertionError

        task = asyncio.create_task(sender.send(never, (3,), second))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        first.finish()
        assert pacer._flying == 0

    run_simulated(story)


@pytest.mark.parametrize("ahead", [0.1, 1.0, 60.0])
def test_the_pace_goes_on_after_a_holder_whose_clock_was_ahead(ahead: float) -> None:
    """Its last send seems to lie in the future: one interval is waited, not more and not less."""

    async def story() -> None:
        clock = RunningClock()
        pacer = Pacer(5, clock)
        pacer.resume_after([clock.time() + ahead])
        began = clock.monotonic()
        await pacer.turn((3,))
        assert 0.2 <= clock.monotonic() - began <= 0.21

    run_simulated(story)


# --- no slot is lost -----------------------------------------------------------------------------


async def cycle_of(services: Services, **options: Any) -> CycleRecord:
    """A cycle of a process that lives on."""
    record, _ = await run_cycle(services, CycleKind.INCREMENTAL, **options)
    return record


def in_flight(services: Services) -> int:
    """Slots that were neither used nor given back."""
    return services.pacer._flying


def test_names_that_are_passed_on_leave_no_slot_behind() -> None:
    """Whoever finds at its slot that it has to wait for a name gives the slot back."""

    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        await cycle_of(services)
        for number in range(20):
            world.tenant.update_user(
                user(world, number), userPrincipalName=f"n{number}@example.com"
            )
        await cycle_of(services)
        people = [world.tenant.ids_named(f"n{n}@example.com", "user")[0] for n in range(20)]
        for number, id in enumerate(people):
            world.tenant.update_user(id, userPrincipalName=f"tmp{number}@example.com")
        for number, id in enumerate(people):
            world.tenant.update_user(id, userPrincipalName=f"n{(number + 1) % 20}@example.com")
        await cycle_of(services)
        await cycle_of(services)
        assert world.differences() == []
        assert in_flight(services) == 0

    assert Saga(tenant=everybody(20), rate=5).tell(story, steps=ENOUGH).finished


class FlakyStore(MemoryStore):
    """A store whose writes fail while ``failing``, and whose writes take a moment."""

    failing = False

    async def write(self, rows: Sequence[Row]) -> None:
        await asyncio.sleep(0.01)
        if self.failing and any(":link" in row.table for row in rows):
            raise StoreUnavailable("The state store was away for a moment.")
        await super().write(rows)


def test_a_store_that_fails_leaves_no_slot_behind() -> None:
    """A drain that ends in the middle, as the store is away, keeps no slot of the process."""

    async def story(world: World) -> None:
        world.store = FlakyStore(time=world.clock.time)
        services = world.services()
        world.store.failing = True
        for _ in range(8):
            with pytest.raises(StoreUnavailable):
                await cycle_of(services)
        world.store.failing = False
        assert in_flight(services) == 0
        assert (await cycle_of(services)).status is CycleStatus.COMPLETED
        assert world.differences() == []

    assert Saga(tenant=everybody(60), rate=5).tell(story, steps=ENOUGH).finished


class FailsOnIntent(MemoryStore):
    """A store that fails once when intents are to be stored, after they were so many times."""

    left: int | None = None

    async def write(self, rows: Sequence[Row]) -> None:
        await asyncio.sleep(0.01)
        intents = any(row.table.endswith(":intent") and row.value is not None for row in rows)
        if intents and self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.left = None
                raise StoreUnavailable("The state store was away for a moment.")
        await super().write(rows)


def test_a_store_that_fails_at_the_slot_leaves_none_behind() -> None:
    """The slot has come, and the intent cannot be stored: the slot is given back."""

    async def story(world: World) -> None:
        world.store = FailsOnIntent(time=world.clock.time)
        services = world.services()
        for left in range(3):
            world.store.left = left
            assert (await cycle_of(services)).status is CycleStatus.FAILED
        world.store.left = None
        assert in_flight(services) == 0
        assert (await cycle_of(services)).status is CycleStatus.COMPLETED
        assert world.differences() == []

    assert Saga(tenant=everybody(60), rate=5).tell(story, steps=ENOUGH).finished


# --- the proof of the removal --------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0, 1, 2, 5])
def test_the_first_removals_of_many_groups_do_not_wait_for_each_other(rate: int) -> None:
    """Whoever waits for the proof keeps no slot: the one who proves needs one."""

    async def story(world: World) -> None:
        await provisioned(world)
        for number in range(60):
            world.tenant.remove_member(group(world, f"Group {number}"), user(world, 0))
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED, record
        assert world.differences() == []

    options = {"DELETION_THRESHOLD_PERCENT": "100"}
    saga = Saga(tenant=many_groups(60), rate=rate, **options)
    assert saga.tell(story, steps=ENOUGH).finished


def test_the_first_removals_of_many_groups_keep_the_pace() -> None:
    """A slot is used when it comes, not seconds later together with others."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.zscloud.set_faults(latency=0.05)
        for number in range(40):
            world.tenant.remove_member(group(world, f"Group {number}"), user(world, 0))
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED, record
        assert in_any_second([r.time for r in world.scim()]) <= 5
        assert record.requests.throttled == 0

    options = {"DELETION_THRESHOLD_PERCENT": "100"}
    saga = Saga(tenant=many_groups(40), rate=5, **options)
    assert saga.tell(story, steps=ENOUGH).finished


# --- budgets while ZSCloud is throttling ---------------------------------------------------------


def test_a_budget_ends_also_while_zscloud_asks_for_a_long_pause() -> None:
    """An execution that has a budget does not sleep through a pause of ten minutes."""

    async def story(world: World) -> None:
        await world.cycle(budget=10.0)
        world.zscloud.set_faults(fail_next=1, fail_status=429, fail_retry_after="600")
        began = world.clock.time()
        record = await world.cycle(budget=60.0)
        assert record.status is CycleStatus.RUNNING, record
        assert world.clock.time() - began <= 90

    assert Saga(tenant=everybody(200), rate=5).tell(story, steps=ENOUGH).finished


def test_a_budget_that_ends_in_429_leaves_a_continuation() -> None:
    """Being throttled is no failure: the budget ends, the cycle stays open and goes on."""

    async def story(world: World) -> None:
        await world.cycle(budget=10.0)
        world.zscloud.set_faults(fail_share=1.0, fail_status=429, fail_retry_after="2")
        record = await world.cycle(budget=30.0)
        assert record.status is CycleStatus.RUNNING, record
        world.zscloud.set_faults()
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED
        assert world.differences() == []

    assert Saga(tenant=everybody(200), rate=5).tell(story, steps=ENOUGH).finished


def test_an_idle_drain_looks_four_times_a_second_and_no_more() -> None:
    """While a pause lasts, the engine wakes for its looks only."""

    async def story(world: World) -> None:
        await provisioned(world)
        world.tenant.update_user(user(world, 0), department="Legal")
        world.zscloud.set_faults(fail_next=1, fail_status=429, fail_retry_after="600")
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED

    run = Saga(tenant=everybody(3), rate=5).tell(story, steps=ENOUGH)
    assert run.finished
    assert run.steps_used < 600 * 4 * 30


def test_unlimited_rate_goes_on_after_a_429() -> None:
    """Without a pace of our own, the pauses that ZSCloud asks for are kept all the same."""

    async def story(world: World) -> None:
        world.zscloud.set_faults(fail_share=0.2, fail_status=429, fail_retry_after="3")
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED
        assert record.counts.failed == 0
        assert world.differences() == []

    simulate(story, tenant=everybody(50))
