"""Sizes, request counts and pace: every object right, and not a request more than needed."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence

import pytest

from provisioning.operations.cycles import run_cycle
from provisioning.plan import Planned
from provisioning.ports import Row
from provisioning.record import CycleKind, CycleRecord, CycleStatus
from provisioning.state.memory import MemoryStore
from simulator.entra import Tenant
from simulator.zscloud import max_in_any_second
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import group, user
from tests.scenarios.world import World


def company(users: int, departments: int) -> Tenant:
    """Users in one group of all and one group a department, all groups assigned."""
    tenant = Tenant.empty()
    people = [
        tenant.add_user(
            f"user{n}@example.com", displayName=f"User {n}", department=f"Dept {n % departments}"
        )
        for n in range(users)
    ]
    tenant.assign(tenant.add_group("All", people), "User")
    for number in range(departments):
        group = tenant.add_group(f"Dept {number}", people[number::departments])
        tenant.assign(group, "User")
    return tenant


def batches(members: int, batch: int) -> int:
    """Requests for so many members."""
    return (members + batch - 1) // batch


def floor(users: int, departments: int, batch: int = 100) -> int:
    """The least requests: a POST for each object, the further members in batches, the lists."""
    patches = batches(users, batch) - 1
    patches += departments * (batches(batches(users, departments), batch) - 1)
    return users + departments + 1 + patches + batches(users, 1000) + 1


@pytest.mark.parametrize(("users", "departments", "rate"), [(1000, 50, 0), (1000, 50, 5)])
def test_initial_load_takes_the_least_requests(users: int, departments: int, rate: int) -> None:
    async def story(world: World) -> None:
        began = world.clock.time()
        record = await world.cycle()
        took = world.clock.time() - began
        assert record.status is CycleStatus.COMPLETED
        assert world.differences() == []
        assert world.zscloud.violations == []
        requests = len(world.scim())
        least = floor(users, departments)
        assert requests <= least * 1.02 + 1, (requests, least)
        assert all(r.status != 429 for r in world.scim())
        assert record.requests.scim == requests
        if rate:
            assert max_in_any_second(world.zscloud.requests.times()) <= rate
            assert took <= 1.05 * requests / rate
        world.forget_requests()
        assert (await world.cycle()).counts.writes == 0
        assert world.scim() == []

    simulate(
        story,
        tenant=lambda: company(users, departments),
        rate=rate,
        zscloud={"rate": rate} if rate else {},
    )


@pytest.mark.parametrize("latency", [0.02, 0.5, 2.0])
def test_the_pace_is_kept_whatever_the_latency(latency: float) -> None:
    async def story(world: World) -> None:
        world.zscloud.set_faults(latency=latency)
        began = world.clock.time()
        await world.cycle()
        took = world.clock.time() - began
        assert world.differences() == []
        requests = len(world.scim())
        assert took <= requests / 5 * 1.05 + 6 * latency + 2
        assert all(r.status != 429 for r in world.scim())

    simulate(story, tenant=lambda: company(200, 4), rate=5, zscloud={"rate": 5})


def test_a_large_group_is_worked_on_in_parts_and_nothing_is_kept_of_what_is_done() -> None:
    plans: list[int] = []

    def progress(record: CycleRecord) -> None:
        if record.done == 100 and not plans:
            plans.append(sum(isinstance(each, Planned) for each in gc.get_objects()))

    async def story(world: World) -> None:
        world.environ["MEMBER_BATCH_SIZE"] = "2"
        world.environ["DELETION_THRESHOLD_PERCENT"] = "100"
        await run_cycle(world.services(), CycleKind.INITIAL, progress=progress)
        assert world.differences() == []
        assert sum(r.method == "PATCH" for r in world.scim()) == 59 + 59
        assert plans[0] < 70  # as many as are worked on at once, and not all
        world.forget_requests()
        for number in range(100):
            world.tenant.remove_member(group(world, "Dept 0"), user(world, number))
        await world.cycle()
        assert world.differences() == []
        assert sum(r.method == "PATCH" for r in world.scim()) == 50

    simulate(story, tenant=lambda: company(120, 1))


class MirrorStore(MemoryStore):
    """Counts the rows that are written to the mirror of users."""

    written = 0

    async def write(self, rows: Sequence[Row]) -> None:
        self.written += sum(row.table.endswith(":mirror_user") for row in rows)
        await super().write(rows)


def test_who_is_shown_by_several_groups_is_taken_in_once() -> None:
    async def story(world: World) -> None:
        store = world.store = MirrorStore(time=world.clock.time)
        await world.cycle()
        assert world.differences() == []
        assert store.written == 10 + 2 * 10  # once itself, and each of its groups

    simulate(story, tenant=lambda: company(10, 1))


def test_an_incremental_cycle_without_changes_costs_only_the_look_at_graph() -> None:
    async def story(world: World) -> None:
        await world.cycle()
        await world.clock.sleep(200)
        await world.cycle()
        before = len(world.entra.requests)
        record = await world.cycle()
        paths = [r.path for r in list(world.entra.requests)[before:]]
        assert record.requests.graph == len(paths) == 4
        assert sum("delta" in path for path in paths) == 2

    simulate(story, tenant=lambda: company(100, 5))


def test_a_reconcile_without_changes_costs_the_list_pages() -> None:
    async def story(world: World) -> None:
        await world.cycle()
        await world.clock.sleep(200)
        await world.cycle()
        world.forget_requests()
        record = await world.cycle("reconcile")
        assert record.status is CycleStatus.COMPLETED
        assert record.counts.writes == 0
        assert [r.method for r in world.scim()] == ["GET"] * 3

    simulate(story, tenant=lambda: company(1200, 5))


def test_a_load_cut_into_short_executions_is_one_cycle() -> None:
    async def story(world: World) -> None:
        cycles = set()
        for _ in range(100):
            record = await world.cycle(budget=20.0)
            cycles.add(record.cycle_id)
            if record.status is not CycleStatus.RUNNING:
                break
            assert record.left > 0
        assert record.status is CycleStatus.COMPLETED
        assert len(cycles) == 1
        assert world.differences() == []
        assert len(world.scim("POST")) == 305
        assert max_in_any_second(world.zscloud.requests.times()) <= 5

    simulate(story, tenant=lambda: company(300, 4), rate=5, zscloud={"rate": 5})


def test_a_leaver_goes_first_in_the_middle_of_an_initial_load() -> None:
    async def story(world: World) -> None:
        await world.cycle(budget=20.0)
        (leaver,) = world.tenant.ids_named("user3@example.com", "user")
        assert world.zscloud.users.by_user_name("user3@example.com") is not None
        world.tenant.disable(leaver)
        world.forget_requests()
        await world.cycle(budget=20.0)
        first = world.writes()[0]
        assert first.method == "PATCH"
        assert not world.zscloud.users.by_user_name("user3@example.com").active

    # The first people by their id go first; all of them are the same to us.
    def tenant() -> Tenant:
        made = Tenant.empty()
        people = [
            made.add_user(
                f"user{n}@example.com",
                displayName=f"User {n}",
                id=f"00000000-0000-4000-8000-{n:012d}",
            )
            for n in range(300)
        ]
        made.assign(made.add_group("All", people), "User")
        return made

    simulate(story, tenant=tenant, rate=5, zscloud={"rate": 5})


class CountingStore(MemoryStore):
    """Counts what is asked of it."""

    asked = 0

    async def get_many(self, table: str, keys: Sequence[str]) -> Mapping[str, bytes]:
        self.asked += 1
        return await super().get_many(table, keys)


def test_a_reconcile_asks_the_store_page_by_page() -> None:
    """In Azure an answer takes milliseconds: object by object, 100,000 users would take half an
    hour, in which nobody is deprovisioned and after which the host ends the execution.
    """

    async def story(world: World) -> None:
        store = world.store = MirrorStore(time=world.clock.time)
        await world.cycle()
        await world.clock.sleep(200)
        await world.cycle()
        store.asked = 0
        await world.cycle("reconcile")
        assert store.asked <= 250

    simulate(story, tenant=lambda: company(2000, 10))


class MeasuringStore(MemoryStore):
    """Notes the most rows that were written at once."""

    most = 0

    async def write(self, rows: Sequence[Row]) -> None:
        self.most = max(self.most, len(rows))
        await super().write(rows)


def test_a_look_at_everybody_ends_in_writes_of_bounded_size() -> None:
    """A row for each of a million users is more than a process may have in memory, and a lease is
    not renewed behind one write of so many.
    """

    async def story(world: World) -> None:
        store = world.store = MeasuringStore(time=world.clock.time)
        await world.cycle(budget=1.0)
        assert 0 < store.most < 2500

    simulate(story, tenant=lambda: company(3000, 3), rate=5, zscloud={"rate": 5})
