"""What one execution knows is not read again by the next, unless another process was at work."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from provisioning.errors import StoreUnavailable
from provisioning.job import HELD_TABLES
from provisioning.near_scope import NearScope
from provisioning.operations.writing import writing
from provisioning.ports import Row, Store
from provisioning.services import Services
from tests.scenarios.simulation import simulate
from tests.scenarios.steps import account, office, provisioned, user
from tests.scenarios.test_hints import tell
from tests.scenarios.world import World


class Watched:
    """A store that notes what is read of it, by the name of the table."""

    def __init__(self, base: Store) -> None:
        self._base = base
        self.read: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method: Callable[..., Any] = getattr(self._base, name)
        if name not in ("get", "get_many", "scan", "count"):
            return method

        def noted(table: str, *rest: Any, **more: Any) -> Any:
            self.read.append(table.rpartition(":")[2])
            return method(table, *rest, **more)

        return noted


class _Broken:
    """A store that takes nothing any more."""

    async def write(self, rows: object) -> None:
        raise StoreUnavailable("away")


async def _fail_to_store(services: Services) -> None:
    async with writing(services, wait=0) as held:
        held.job.store.defer([held.job.near_scope.renewed("lost")])
        held.job.store._store._base = _Broken()  # type: ignore[attr-defined]


def watched(world: World) -> tuple[Services, Watched]:
    services = world.services()
    store = Watched(services.store)
    return dataclasses.replace(services, store=store), store  # type: ignore[arg-type]


def test_a_look_reads_again_only_what_others_write() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services, store = watched(world)
        for title in ("Legal", "Sales"):
            store.read.clear()
            world.tenant.update_user(user(world, 1), department=title)
            await tell(world, services, users=[user(world, 1)])
        held = [table for table in store.read if table in HELD_TABLES]
        # Before the lease: whether it is a stranger, whether the job waits, and the last look.
        assert held == ["mirror_user", "quarantine", "hint_looked"]
        # An operator's order may come at any moment: it is looked for at each send.
        assert len([table for table in store.read if table != "order"]) < 30, store.read
        assert world.differences() == []

    simulate(story, tenant=office, rate=5)


def test_what_another_process_has_written_is_read() -> None:
    """Two instances take turns: neither may go by what it knew before the other's turn."""

    async def story(world: World) -> None:
        await provisioned(world)
        turns = [world.services(), world.services()]
        one = user(world, 1)
        for number in range(6):
            enabled = bool(number % 2)
            world.tenant.update_user(one, accountEnabled=enabled, department=f"D{number}")
            await world.clock.sleep(200)
            await tell(world, turns[number % 2], users=[one])
            assert account(world, 1).active is enabled
            assert world.differences() == []

    simulate(story, tenant=office, rate=5)


def test_after_a_holder_that_died_nothing_is_taken_for_known() -> None:
    """It may have written after what the last one left with the lease."""

    async def story(world: World) -> None:
        await provisioned(world)
        first, second = world.services(), world.services()
        async with writing(first, wait=0) as held:
            assert await held.job.watermarks.page()
            assert await held.job.mirror.user(user(world, 1)) is not None
        name = first.settings.zscloud_tenant
        await second.leases.acquire(name, "somebody who dies", 30.0)
        table = held.job.mirror.users.name
        await second.store.write([Row(table, user(world, 1), None)])
        await world.clock.sleep(60)
        async with writing(first, wait=0) as held:
            assert await held.job.mirror.user(user(world, 1)) is None

    simulate(story, tenant=office)


def test_a_store_that_is_new_is_not_taken_for_the_old_one() -> None:
    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        async with writing(services, wait=0) as held:
            assert await held.job.watermarks.page()
        drop = [Row("store:owner", "job", None)]
        drop += [
            Row(held.job.watermarks.name, key, None)
            for key, _ in await services.store.scan(held.job.watermarks.name)
        ]
        await services.store.write(drop)
        async with writing(services, wait=0) as held:
            assert await held.job.watermarks.page() == []

    simulate(story, tenant=office)


def test_somebody_new_renews_the_mark_and_a_change_does_not() -> None:
    async def story(world: World) -> None:
        services = world.services()
        near = NearScope(services.store, services.settings.job)
        assert await near.mark() is None
        await provisioned(world)
        before = await near.mark()
        assert before is not None
        assert user(world, 1) in (await near.ids(1000) or ())
        world.tenant.update_user(user(world, 1), department="Legal")
        async with writing(services, wait=0):  # The first of this process renews it in any case.
            pass
        mark = await near.mark()
        await tell(world, services, users=[user(world, 1)])
        assert await near.mark() == mark
        new = world.tenant.add_user("new@example.com", displayName="New")
        world.tenant.assign(new)
        await world.cycle()
        assert await near.mark() != mark
        assert new in (await near.ids(1000) or ())

    simulate(story, tenant=office)


def test_a_holder_that_could_not_store_all_leaves_no_name() -> None:
    """Else the mark of somebody new, lost with its last write, would never be made good."""

    async def story(world: World) -> None:
        await provisioned(world)
        services = world.services()
        near = NearScope(services.store, services.settings.job)
        with pytest.raises(StoreUnavailable):
            await _fail_to_store(services)
        before = await near.mark()
        async with writing(services, wait=0):
            pass
        assert await near.mark() != before

    simulate(story, tenant=office)
