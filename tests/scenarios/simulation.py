"""Runs a story on simulated time: days pass in milliseconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tests.scenarios.world import World
from tests.simulated_time import EPOCH, SimulatedLoop, run_simulated

Story = Callable[[World], Awaitable[Any]]


class RunningClock:
    """The time of whatever simulated loop is running: a world can outlive a killed one."""

    def time(self) -> float:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedLoop)
        return loop.start + loop.time()

    def monotonic(self) -> float:
        return self.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def simulate(story: Story, **world: Any) -> Any:
    """Tells a story in a new world. ``tenant`` is made anew for each world."""
    return Saga(**world).tell(story).result


class Saga:
    """Several runs in one world, each of which may be killed after some steps."""

    def __init__(self, **world: Any) -> None:
        self._options = world
        self.world: World | None = None
        self._now = EPOCH

    def tell(self, story: Story, *, steps: int | None = None, pause: float = 60.0) -> Any:
        """Runs a story to its end, or kills it after ``steps``. The next begins ``pause`` seconds
        later: the lease of a killed process has run out by then.
        """

        async def main() -> Any:
            if self.world is None:
                options = dict(self._options)
                tenant = options.pop("tenant", None)
                self.world = World(RunningClock(), tenant and tenant(), **options)
            try:
                return await story(self.world)
            finally:
                self._now = max(self._now, self.world.clock.time())

        run = run_simulated(main, steps=steps, start=self._now)
        self._now += pause if run.finished else 3600.0
        return run
