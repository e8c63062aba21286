"""Processes whose every step is chosen by the test: the real code over one store, one queue.

Each call of the store, the lease and the queue waits at a gate. A killed process stops there for
good: nothing of it runs any more, no clean-up either.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Coroutine, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from provisioning.apply.sending.pacer import Pacer
from provisioning.handover import Handover
from provisioning.lease import HeldLease, held
from provisioning.ports import LeaseState, Row
from provisioning.state.memory import MemoryStore
from provisioning.wake import Wakes
from tests.support.memory_queue import MemoryQueue

T = TypeVar("T")

TENANT = "tenant"
_process: ContextVar[int] = ContextVar("process")
_ROUNDS = 30
"""Turns of the event loop in which everything that can run has run up to its next gate."""


class Stage:
    """Where processes wait: for their next step, or for a time."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.is_over = False
        """At the end nobody waits any more: what is left ends by being cancelled."""
        self.gates: dict[int, list[asyncio.Future[None]]] = {}
        self.tasks: dict[int, asyncio.Task[Any]] = {}
        self._timers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._dead: list[object] = []
        self._numbers = itertools.count(1)

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        if self.is_over:
            raise asyncio.CancelledError
        waits: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._timers.append((self.now + seconds, _process.get(), waits))
        await waits

    async def gate(self) -> None:
        """Waits until the test lets this process take its next step."""
        if self.is_over:
            return
        waits: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.gates.setdefault(_process.get(), []).append(waits)
        await waits

    def start(self, program: Coroutine[Any, Any, Any]) -> int:
        """Starts a process; its number."""
        number = next(self._numbers)
        token = _process.set(number)
        self.tasks[number] = asyncio.create_task(program)
        _process.reset(token)
        return number

    @property
    def alive(self) -> list[int]:
        """Processes that have not ended."""
        return [number for number, task in self.tasks.items() if not task.done()]

    @property
    def ready(self) -> list[int]:
        """Processes that wait at a gate."""
        return [number for number in self.alive if self.gates.get(number)]

    def step(self, number: int, which: int) -> None:
        """Lets a process pass one of the gates at which it waits."""
        gates = self.gates[number]
        waits = gates.pop(which % len(gates))
        if not waits.done():  # else whoever waited there was cancelled
            waits.set_result(None)

    def kill(self, number: int) -> None:
        """Nothing of the process runs any more."""
        # Kept, frozen: collected, it would run its clean-up.
        self._dead.append((self.tasks.pop(number), self.gates.pop(number, [])))

    def advance(self, seconds: float) -> None:
        """Time passes, and wakes those whose time has come."""
        self.now += seconds
        due = [timer for timer in self._timers if timer[0] <= self.now]
        self._timers = [timer for timer in self._timers if timer not in due]
        self._dead += due
        for _, number, waits in due:
            if number in self.tasks and not waits.done():
                waits.set_result(None)

    async def settle(self) -> None:
        """Everybody runs up to the next gate. Raises what a process ended with."""
        for _ in range(_ROUNDS):
            await asyncio.sleep(0)
        for task in self.tasks.values():
            if task.done():
                task.result()


class GatedStore(MemoryStore):
    """Each call is one step, and takes effect at its end."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(time=stage.time)
        self._stage = stage

    async def _step(self, call: Awaitable[T]) -> T:
        try:
            await self._stage.gate()
        except BaseException:
            call.close()  # type: ignore[attr-defined]
            raise
        return await call

    async def get_many(self, table: str, keys: Sequence[str]) -> Any:
        return await self._step(super().get_many(table, keys))

    async def get(self, table: str, key: str) -> bytes | None:
        return await self._step(super().get(table, key))

    async def scan(self, table: str, prefix: str = "", **options: Any) -> Any:
        return await self._step(super().scan(table, prefix, **options))

    async def write(self, rows: Sequence[Row]) -> None:
        await self._step(super().write(rows))

    async def acquire(self, name: str, holder: str, seconds: float) -> LeaseState | None:
        return await self._step(super().acquire(name, holder, seconds))

    async def renew(self, name: str, holder: str, seconds: float) -> bool:
        return await self._step(super().renew(name, holder, seconds))

    async def release(self, name: str, holder: str, payload: bytes) -> None:
        await self._step(super().release(name, holder, payload))


class GatedQueue(MemoryQueue):
    """Sending is one step."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.time)
        self._stage = stage

    async def send(self, name: str, text: str, *, delay: float = 0.0) -> None:
        await self._stage.gate()
        await super().send(name, text, delay=delay)


class Instance:
    """What one process of the program does, over what all of them share."""

    def __init__(self, stage: Stage, store: GatedStore, queue: GatedQueue) -> None:
        self._stage = stage
        self._store = store
        self.wakes = Wakes(store, "job", queue, stage)
        self.handover = Handover(self._hold, self._work, self._left)
        self.writers = 0
        self.done: set[str] = set()

    @asynccontextmanager
    async def _hold(self) -> AsyncIterator[HeldLease]:
        pacer = Pacer(0, self._stage)
        holder = f"process {_process.get()}"
        async with held(self._store, TENANT, holder, self._stage, pacer, wait=0) as lease:
            yield lease

    async def _work(self, lease: HeldLease) -> None:
        """Works off what is filed, item by item, as long as the lease lets it."""
        while items := await self._store.scan("work", limit=1):
            if not lease.may_send():
                return
            self.done.add(items[0][0])
            await self._store.write([Row("work", items[0][0], None)])

    async def _left(self, _: object = None) -> float | None:
        return 0.0 if await self._store.scan("work", limit=1) else None

    async def file(self, key: str) -> None:
        """Files an item, then works itself if the lease is free: a call on demand."""
        await self._store.write([Row("work", key, b"")])
        await self.handover.here()

    async def file_and_wake(self, key: str) -> None:
        """Files an item, then wakes the queue: a hint."""
        await self._store.write([Row("work", key, b"")])
        await self.wakes.arm()

    async def on_message(self, text: str) -> None:
        """The queue delivers a message."""
        await self.handover.on_wake(self.wakes, json.loads(text)["generation"])

    async def tick(self) -> None:
        """A timer: wakes what is left."""
        if await self._left() == 0:
            await self.wakes.ensure()
