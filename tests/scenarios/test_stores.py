"""The stories on the state stores that are deployed: a SQLite file, and Azure Storage (Azurite).

On SQLite the time is simulated. Azurite is another process: its answers take the time that they
take, and the waiting in between is skipped.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from provisioning.ports import LeaseState, Row
from provisioning.record import CycleStatus
from provisioning.state.azure import AzureStore, BlobLeases
from provisioning.state.sqlite import SqliteStore
from simulator.entra import Tenant
from tests.foreign.loop import SkippingClock, run_skipping, running_loop
from tests.scenarios.simulation import RunningClock, simulate
from tests.scenarios.steps import everybody, office
from tests.scenarios.stories import STORIES, Story, member_removed
from tests.scenarios.world import World
from tests.state.azure_storage import account, new_name

T = TypeVar("T")


class AzureState:
    """Both ports over a table and a container of its own. No time is skipped while it answers."""

    def __init__(self) -> None:
        self._store = AzureStore(account(), table=new_name())
        self._leases = BlobLeases(account(), container=new_name())

    async def get(self, table: str, key: str) -> bytes | None:
        return await _answer(self._store.get(table, key))

    async def get_many(self, table: str, keys: Sequence[str]) -> Mapping[str, bytes]:
        return await _answer(self._store.get_many(table, keys))

    async def scan(self, table: str, prefix: str = "", **options: Any) -> Any:
        return await _answer(self._store.scan(table, prefix, **options))

    async def count(self, table: str, prefix: str = "") -> int:
        return await _answer(self._store.count(table, prefix))

    async def write(self, rows: Sequence[Row]) -> None:
        await _answer(self._store.write(rows))

    async def acquire(self, name: str, holder: str, seconds: float) -> LeaseState | None:
        return await _answer(self._leases.acquire(name, holder, seconds))

    async def renew(self, name: str, holder: str, seconds: float) -> bool:
        return await _answer(self._leases.renew(name, holder, seconds))

    async def release(self, name: str, holder: str, payload: bytes) -> None:
        await _answer(self._leases.release(name, holder, payload))

    async def read(self, name: str) -> LeaseState | None:
        return await _answer(self._leases.read(name))

    async def close(self) -> None:
        await self._store.close()
        await self._leases.close()


async def _answer(call: Awaitable[T]) -> T:
    with running_loop().waiting_for_an_answer():
        return await call


@asynccontextmanager
async def azure_state() -> AsyncIterator[AzureState]:
    state = AzureState()
    try:
        yield state
    finally:
        await state.close()


def tell_on_azure(
    story: Callable[[World], Awaitable[Any]],
    tenant: Callable[[], Tenant],
    zscloud: Mapping[str, Any] | None = None,
    **settings: str,
) -> None:
    async def main() -> None:
        async with azure_state() as state:
            clock = SkippingClock(running_loop())
            await story(World(clock, tenant(), zscloud=zscloud, store=state, **settings))

    run_skipping(main)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_story_on_sqlite(story: Story, tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.db", threaded=False, time=RunningClock().time)

    async def tell(world: World) -> None:
        try:
            await story.tell(world)
        finally:
            await store.close()

    options = {"domains": story.domains}
    simulate(tell, tenant=story.tenant, zscloud=options, store=store, **story.settings)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_story_on_azure(story: Story) -> None:
    tell_on_azure(story.tell, story.tenant, {"domains": story.domains}, **story.settings)


def test_members_are_removed_on_azure() -> None:
    tell_on_azure(member_removed(requests_each=1), office)


def test_an_initial_cycle_in_many_executions_on_azure() -> None:
    """Each execution is a process of its own: only what is in the storage lasts."""

    async def story(world: World) -> None:
        executions = 0
        record = await world.cycle(budget=5.0)
        while record.status is CycleStatus.RUNNING:
            executions += 1
            assert executions < 50
            record = await world.cycle(budget=5.0)
        assert executions > 1
        assert record.status is CycleStatus.COMPLETED
        assert world.differences() == []
        assert len(world.scim("POST")) == 121
        assert (await world.cycle()).counts.writes == 0

    tell_on_azure(story, everybody(120), ZSCLOUD_REQUESTS_PER_SECOND="5")
