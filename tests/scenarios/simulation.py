"""Runs a story on simulated time: days pass in milliseconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tests.scenarios.world import World
from tests.simulated_time import SimulatedClock, SimulatedLoop, run_simulated

Story = Callable[[World], Awaitable[Any]]


def simulated_clock() -> SimulatedClock:
    """The clock of the running simulated loop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop)
    return SimulatedClock(loop)


def simulate(story: Story, **world: Any) -> Any:
    """Tells a story in a new world. ``tenant`` is made anew for each world."""
    tenant = world.pop("tenant", None)

    async def main() -> Any:
        made = tenant() if callable(tenant) else tenant
        return await story(World(simulated_clock(), made, **world))

    return run_simulated(main).result
