"""The state store and the queues of a run: in memory, with what can happen to them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence

import msgspec

from provisioning.errors import QueueUnavailable, StoreUnavailable
from provisioning.fence import check_fence
from provisioning.ports import LeaseState, Row
from provisioning.rows.key_range import check_keys
from provisioning.state.memory import MemoryStore, _Table
from tests.scenarios.piecewise import pieces
from tests.soak import loop


class SoakStore(MemoryStore):
    """Each write is a place to die at: before it, after it and, ``in_pieces``, in the middle.

    ``dies_in`` counts the writes of facts and work, by any process, until the one that its process
    does not survive.
    ``is_down``: nothing can be read or written. ``renews`` is false while leases cannot be renewed.
    ``written`` is told of the rows of each write that took effect.
    """

    def __init__(
        self, time: Callable[[], float], *, in_pieces: bool, chance: random.Random
    ) -> None:
        super().__init__(time=time)
        self._in_pieces = in_pieces
        self._chance = chance
        self.dies_in: int | None = None
        self.is_down = False
        self.renews = True
        self.written: Callable[[Sequence[Row]], None] = lambda _: None

    async def get(self, table: str, key: str) -> bytes | None:
        self._check()
        return await super().get(table, key)

    async def scan(
        self, table: str, prefix: str = "", **options: object
    ) -> Sequence[tuple[str, bytes]]:  # type: ignore[override]
        self._check()
        return await super().scan(table, prefix, **options)  # type: ignore[arg-type]

    async def write(self, rows: Sequence[Row]) -> None:
        """Writes, and lets others go first."""
        self._check()
        check_keys(rows)
        await asyncio.sleep(0)
        dies = None
        if self.dies_in is not None and loop.current() is not None and _tells(rows):
            self.dies_in -= 1
            if self.dies_in <= 0:
                self.dies_in, dies = None, self._chance.choice(("before", "within", "after"))
        if dies == "before":
            await loop.die()
        # As the adapter of Azure asks right before each request: the wait may have been long.
        check_fence()
        parts = list(pieces(rows, self._chance)) if self._in_pieces else [list(rows)]
        for number, part in enumerate(parts):
            for row in part:
                self._tables.setdefault(row.table, _Table()).apply(row)
            self.written(part)
            if dies == "within" and number == len(parts) // 2:
                await loop.die()
            if self._in_pieces:
                await asyncio.sleep(0)
                check_fence()
        if dies == "after":
            await loop.die()

    async def acquire(self, name: str, holder: str, seconds: float) -> LeaseState | None:
        self._check()
        await asyncio.sleep(0)
        return await super().acquire(name, holder, seconds)

    async def renew(self, name: str, holder: str, seconds: float) -> bool:
        if not self.renews:
            raise StoreUnavailable("The leases are away.")
        await asyncio.sleep(0)
        return await super().renew(name, holder, seconds)

    def lose(self) -> None:
        """Everything is gone."""
        self._tables.clear()
        self._leases.clear()

    def lease(self, name: str) -> LeaseState | None:
        """Who holds a lease."""
        return self._leases.get(name)

    def rows(self, table: str) -> dict[str, bytes]:
        """The rows of all jobs in a table."""
        found = [each for name, each in self._tables.items() if name.endswith(f":{table}")]
        return {key: value for each in found for key, value in each.values.items()}

    def _check(self) -> None:
        if self.is_down:
            raise StoreUnavailable("The state store is away.")


_TELLING = ("mirror_user", "mirror_group", "mirror_members", "mirror_assignments", "touched",
            "work", "link", "intent", "log", "held", "escrow")  # fmt: skip


def _tells(rows: Sequence[Row]) -> bool:
    """Whether a write is about somebody: most writes only say that nothing has happened."""
    return any(row.table.rpartition(":")[2] in _TELLING for row in rows)


class Message(msgspec.Struct):
    """``at`` is when it appears, ``tries`` how often it was delivered."""

    at: float
    number: int
    queue: str
    text: str
    tries: int = 0


class Queues:
    """``ports.Queue``: what was sent waits in ``messages``."""

    def __init__(self, time: Callable[[], float], sent: Callable[[], None]) -> None:
        self._time = time
        self._sent = sent
        self._numbers = 0
        self.messages: list[Message] = []
        self.is_down = False

    async def send(self, name: str, text: str, *, delay: float = 0.0) -> None:
        """Raises ``QueueUnavailable``."""
        await asyncio.sleep(0)
        if self.is_down:
            raise QueueUnavailable("The queue is down.")
        self.put(name, text, self._time() + delay)

    def put(self, name: str, text: str, at: float) -> None:
        """Puts a message on a queue."""
        self._numbers += 1
        self.messages.append(Message(at, self._numbers, name, text))
        self._sent()

    def take(self, name: str) -> Message | None:
        """A message that has appeared, oldest first."""
        now = self._time()
        ready = [one for one in self.messages if one.queue == name and one.at <= now]
        if not ready:
            return None
        first = min(ready, key=lambda one: (one.at, one.number))
        self.messages.remove(first)
        first.tries += 1
        return first

    async def close(self) -> None:
        """Keeps the messages: they outlive a process."""
