"""The whole program over real sockets, on the real clock, with the embedded store."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from provisioning.bootstrap import SystemClock, build
from provisioning.record import CycleStatus
from provisioning.services import Services
from provisioning.settings import load_settings
from simulator.entra import Tenant
from simulator.http import Handler, Server
from simulator.zscloud import max_in_any_second
from tests.scenarios.test_scale import company, floor
from tests.scenarios.world import World

DISCOVERY = 2
"""Requests beyond the floor that a first cycle may need, whatever its size."""

STALL = 0.1
"""Seconds by which a busy machine may hold up one arrival against another. A catch-up of one slot
would still be seen: six requests within 0.81 s. Simulated time holds the pace to the millisecond.
"""


@contextlib.contextmanager
def served(*handlers: Handler) -> Iterator[list[str]]:
    """Serves the handlers on a thread with a loop of its own; gives their URLs."""
    ready = threading.Event()
    urls: list[str] = []
    stopping: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        stop = asyncio.Event()
        async with contextlib.AsyncExitStack() as stack:
            for handler in handlers:
                urls.append((await stack.enter_async_context(Server(handler))).url)
            stopping.append((asyncio.get_running_loop(), stop))
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), name="simulators")
    thread.start()
    try:
        assert ready.wait(timeout=10), "the simulators did not start"
        yield urls
    finally:
        for loop, stop in stopping:
            loop.call_soon_threadsafe(stop.set)
        thread.join()


class SocketWorld(World):
    """A world whose program is built as a deployed one is. The store is a file."""

    def services(self) -> Services:
        """The program over its real adapters."""
        return build(load_settings(self.environ))

    async def _close(self, services: Services) -> None:
        await services.close()


@contextlib.asynccontextmanager
async def connected(tenant: Tenant, folder: Path, rate: float) -> AsyncIterator[SocketWorld]:
    zscloud: dict[str, Any] = {"rate": rate}
    world = SocketWorld(SystemClock(), tenant, rate=rate, zscloud=zscloud)
    with served(world.entra, world.zscloud) as (graph, scim):
        world.environ |= {
            "GRAPH_BASE_URL": f"{graph}/v1.0",
            "ZSCLOUD_SCIM_BASE_URL": f"{scim}{world.zscloud.options.base_path}",
            "ZSCLOUD_SCIM_TOKEN": world.zscloud.options.token,
            "STATE_STORE": f"sqlite:///{folder}/provisioning.db",
        }
        yield world


async def test_a_thousand_users_without_a_limit(tmp_path: Path) -> None:
    async with connected(company(1000, 50), tmp_path, rate=0) as world:
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED
        assert world.differences() == []
        assert world.zscloud.violations == []
        assert not [r for r in world.scim() if r.status == 429]
        requests, least = len(world.scim()), floor(1000, 50)
        assert least <= requests <= least * 1.02, (requests, least)
        assert record.requests.scim == requests
        assert record.counts.created == 1051
        assert record.counts.memberships_added == 2000
        world.forget_requests()
        assert (await world.cycle()).counts.writes == 0
        assert world.writes() == []


async def test_the_real_limit_of_five_a_second(tmp_path: Path) -> None:
    async with connected(company(15, 2), tmp_path, rate=5) as world:
        record = await world.cycle()
        assert record.status is CycleStatus.COMPLETED
        assert world.differences() == []
        assert not [r for r in world.scim() if r.status == 429]
        requests, least = len(world.scim()), floor(15, 2)
        assert least <= requests <= least * 1.02 + DISCOVERY, (requests, least)
        assert max_in_any_second(world.zscloud.requests.times(), STALL) <= 5
