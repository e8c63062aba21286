"""A clock that moves only when told to, for stores that run on a real event loop."""

from __future__ import annotations

import asyncio

_ROUNDING = 1e-9


class ManualClock:
    """``ports.Clock``. ``advance`` wakes the sleepers whose time has come."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    @property
    def sleepers(self) -> int:
        return sum(not future.done() for _, future in self._sleepers)

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.now + seconds, future))
        await future

    def advance(self, seconds: float) -> None:
        self.now += seconds
        until = self.now + _ROUNDING
        due = [sleeper for sleeper in self._sleepers if sleeper[0] <= until]
        self._sleepers = [sleeper for sleeper in self._sleepers if sleeper[0] > until]
        for _, future in due:
            if not future.done():
                future.set_result(None)


async def settle() -> None:
    """Lets every task that is ready run until it waits."""
    for _ in range(20):
        await asyncio.sleep(0)
