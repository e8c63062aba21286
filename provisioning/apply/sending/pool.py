"""Writes that wait for a slot together: whoever gets one takes others along.

Leavers travel with leavers alone, so that nothing that can wait makes them late.
"""

from __future__ import annotations

import asyncio
import heapq
from typing import Any, NamedTuple, Protocol

from provisioning.apply.sending.batch import Batch, Load, Seat
from provisioning.apply.sending.pacer import WAITED, Pacer, Priority, Turn, granted
from provisioning.lanes import Lane
from provisioning.ports import Clock


class Loads(Protocol):
    """Decides how writes travel."""

    def load(self, waiting: int) -> Load | None:
        """What the next slot is used for while so many wait; ``None`` for a single request."""
        ...


class _Waiter(NamedTuple):
    priority: Priority
    number: int
    asked: float
    what: object
    future: asyncio.Future[Any]


class _Line:
    """Those who may travel together, most urgent first."""

    def __init__(self) -> None:
        self._heap: list[_Waiter] = []
        self.asked: list[Priority] = []
        """The priorities for which a slot is being waited for."""

    def add(self, waiter: _Waiter) -> None:
        heapq.heappush(self._heap, waiter)

    def waiters(self) -> list[_Waiter]:
        """In no order."""
        return list(self._heap)

    def purge(self) -> int:
        """Forgets those who were sent away; how many are left."""
        if any(one.future.done() for one in self._heap):
            self._heap = [one for one in self._heap if not one.future.done()]
            heapq.heapify(self._heap)
        return len(self._heap)

    def first(self) -> _Waiter | None:
        """The most urgent one; it stays."""
        while self._heap and self._heap[0].future.done():
            heapq.heappop(self._heap)
        return self._heap[0] if self._heap else None

    def take(self) -> _Waiter | None:
        """The most urgent one."""
        waiter = self.first()
        return waiter and heapq.heappop(self._heap)


class Pool:
    """Stands between those who write and the pacer, which it asks for a slot for all of them."""

    def __init__(self, pacer: Pacer, clock: Clock, loads: Loads) -> None:
        self._pacer = pacer
        self._clock = clock
        self._loads = loads
        self._lines = {True: _Line(), False: _Line()}
        self._riders = _Line()
        self._counter = 0
        self._leading: set[asyncio.Task[None]] = set()

    async def turn(self, priority: Priority, what: object = None) -> Turn:
        """Waits for a slot, or a seat in one. The wait can be ended: ``dismiss``."""
        future: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        self._counter += 1
        asked = self._clock.monotonic()
        line = self._lines[priority[0] == Lane.LEAVERS]
        line.add(_Waiter(priority, self._counter, asked, what, future))
        self._ask(line, priority)
        return await granted(future)

    async def ride(self, priority: Priority, what: object = None) -> Seat:
        """Waits for a seat in a batch of others, after theirs: no slot is asked for. For what is no
        leaver's.
        """
        future: asyncio.Future[Seat] = asyncio.get_running_loop().create_future()
        self._counter += 1
        asked = self._clock.monotonic()
        self._riders.add(_Waiter(priority, self._counter, asked, what, future))
        return await granted(future)

    def dismiss(self, what: object = None) -> None:
        """Sends away who waits for ``what``, or all."""
        for line in (*self._lines.values(), self._riders):
            for waiter in line.waiters():
                if what in (None, waiter.what):
                    waiter.future.cancel()
        if what is None:
            self._pacer.dismiss(self)

    def _ask(self, line: _Line, priority: Priority) -> None:
        """Asks for a slot, unless one that comes as early is asked for."""
        if any(asked <= priority for asked in line.asked):
            return
        line.asked.append(priority)
        task = asyncio.create_task(self._lead(line, priority))
        self._leading.add(task)
        task.add_done_callback(self._leading.discard)

    async def _lead(self, line: _Line, priority: Priority) -> None:
        try:
            turn = await self._pacer.turn(priority, self)
        except asyncio.CancelledError:
            # The pacer grants nothing any more.
            for waiter in line.waiters():
                waiter.future.cancel()
            raise
        finally:
            line.asked.remove(priority)
        self._board(line, turn)

    def _board(self, line: _Line, turn: Turn) -> None:
        waiting, riding = line.purge(), self._riders.purge()
        if not waiting or line is not self._lines[False]:
            riding = 0
        load = self._loads.load(waiting + riding) if waiting + riding > 1 else None
        if load is not None:
            batch = Batch(turn, load, lambda batch: self._seat(line, batch))
            for _ in range(min(load.size, waiting)):
                self._seat(line, batch)
            for _ in range(min(load.size - waiting, riding)):
                self._seat(self._riders, batch)
        elif (waiter := line.take()) is not None:
            turn.waited = self._waited(waiter)
            waiter.future.set_result(turn)
        else:
            turn.give_back()
        if (first := line.first()) is not None:
            self._ask(line, first.priority)

    def _seat(self, line: _Line, batch: Batch) -> None:
        if (waiter := line.take()) is not None:
            waiter.future.set_result(batch.seat(waited=self._waited(waiter)))

    def _waited(self, waiter: _Waiter) -> bool:
        return self._clock.monotonic() - waiter.asked >= WAITED
