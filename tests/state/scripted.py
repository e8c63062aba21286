"""A store that fails and waits on demand, to put under ``WriteBehind``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from provisioning.errors import StoreUnavailable
from provisioning.ports import Row
from provisioning.state.memory import MemoryStore


class Scripted(MemoryStore):
    """A memory store that remembers its writes, fails on demand and waits while ``open`` is not.

    A write takes effect at its end, or with ``early`` before it waits: both are possible.
    """

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[list[Row]] = []
        self.fail = 0
        self.early = False
        self.error: Exception = StoreUnavailable("The state store is away.")
        self.open = asyncio.Event()
        self.open.set()
        self.at_once = 0
        self.most_at_once = 0
        self.closed = 0

    async def write(self, rows: Sequence[Row]) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self._write(rows)
        finally:
            self.at_once -= 1

    async def _write(self, rows: Sequence[Row]) -> None:
        if self.early:
            await super().write(rows)
        await self.open.wait()
        if self.fail:
            self.fail -= 1
            raise self.error
        if not self.early:
            await super().write(rows)
        self.writes.append(list(rows))

    async def close(self) -> None:
        self.closed += 1


def row(n: int) -> Row:
    """A row that is told by its number."""
    return Row("links", f"{n:04d}", b"%d" % n)


def numbers(writes: Sequence[Sequence[Row]]) -> list[list[int]]:
    """The numbers of the rows in each write."""
    return [[int(written.key) for written in rows] for rows in writes]
