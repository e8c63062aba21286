"""Outcomes recorded in groups: a store that writes a little later, and shows it at once.

The storage's work is per write, not per row: 50 outcomes together cost little more than one. What
was deferred and not flushed when the process dies is lost, so the work that it records must be
safe to repeat.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from provisioning.errors import StoreUnavailable
from provisioning.fence import fenced
from provisioning.ports import Clock, Row, Store
from provisioning.rows import edits
from provisioning.rows.cache import UNKNOWN, CachedStore, Known
from provisioning.rows.edits import Edits
from provisioning.rows.key_range import check_keys

T = TypeVar("T")

_MANY_ROWS = 2000
"""Rows that are written without waiting for more: an outcome of a group has hundreds of them."""

_MOST_ROWS = 5000
"""Rows that may wait before those who record more have to wait, too (``room``)."""

_DUE_WITHIN = 0.001
"""Seconds by which a timer may be early: clocks count in steps."""


Counter = Callable[[], Sequence[Row]]
"""Makes the rows that hold a number as it is now."""


class _Queue(Edits):
    """Outcomes that wait for one write. ``last`` numbers the newest of them."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self.counters: dict[Counter, None] = {}
        self.outcomes = 0
        self.last = 0
        self.sent = False

    def add(self, rows: Iterable[Row]) -> None:
        """Appends rows."""
        rows = tuple(rows)
        self.rows.extend(rows)
        super().add(rows)

    def is_full(self, outcomes: int) -> bool:
        """Whether it is to be written without waiting for more."""
        return self.outcomes >= outcomes or len(self.rows) >= _MANY_ROWS


_Queues = Sequence[_Queue]


class WriteBehind:
    """A ``ports.Store`` over another, with ``defer``. It belongs to one event loop.

    Deferred rows are written together once ``outcomes`` calls are queued, or ``seconds`` after
    the first of them, or by ``flush``; one write at a time, in the order of the calls. A write
    that fails keeps its rows at the head of the queue. Its error is raised by the call that asked
    for it; that of a write in the background by the next call, after which it is tried again.

    While ``may_write`` says no, nothing is written: writes raise ``LeaseUnavailable``. The store
    below asks again before what it sends, since a write may take long.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        outcomes: int = 50,
        seconds: float = 0.2,
        may_write: Callable[[], bool] = lambda: True,
    ) -> None:
        self._store = store
        self._known_below = store.recall if isinstance(store, CachedStore) else _nothing_known
        self._clock = clock
        self._limit = outcomes
        self._seconds = seconds
        self._may_write = may_write
        self._queue = _Queue()
        self._flying: _Queue | None = None
        self._due = 0.0
        self._numbered = 0
        self._written = 0
        self._failure: Exception | None = None
        self._timer: asyncio.Task[None] | None = None
        self._writer: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()
        self._closed = False

    def defer(self, rows: Sequence[Row], about: str = "") -> None:
        """Queues the rows of one outcome, all ``about`` one thing. Durable after the next
        ``flush``.

        Raises what a write in the background failed with. The rows are queued even then: they
        record something that has happened.
        """
        if about:
            # Rows are made anew: ``_replace`` takes several times as long, and this is for each.
            rows = [
                Row(table, key, value, only_if, about) for table, key, value, only_if, _ in rows
            ]
        self._put(rows)
        self._raise_failure()

    def defer_counter(self, counter: Counter) -> None:
        """A number has changed that many outcomes change. It is asked for once, when what is queued
        is written, and goes before that; reads show it from then on. ``counter`` is the same for
        the same number, and is called again after a write that failed.
        """
        if not self._queue.outcomes:
            self._put(())
        self._queue.counters[counter] = None

    async def write(self, rows: Sequence[Row]) -> None:
        """Queues the rows and flushes. Durable when it returns."""
        self._put(rows)
        await self.flush()

    async def flush(self) -> None:
        """Writes what is queued so far. Durable when it returns; raises what the write raised.

        When the caller is cancelled, the write goes on.
        """
        target = self._numbered
        self._failure = None
        while self._written < target:
            await asyncio.shield(self._start_writer())
            self._raise_failure()

    async def room(self) -> None:
        """Returns when few rows wait: what is recorded faster than it is written would fill the
        memory. Raises what ``flush`` does.
        """
        while len(self._queue.rows) >= _MOST_ROWS:
            await self.flush()

    async def get(self, table: str, key: str) -> bytes | None:
        """The value of a row, if it exists."""
        if self._failure is not None:
            self._raise_failure()
        known = self._recall(table, key)
        return (await self._read_many(table, (key,))).get(key) if known is UNKNOWN else known

    async def get_many(self, table: str, keys: Sequence[str]) -> Mapping[str, bytes]:
        """The rows that exist, by key."""
        if self._failure is not None:
            self._raise_failure()
        found: dict[str, bytes] = {}
        for key in keys:
            known = self._recall(table, key)
            if known is UNKNOWN:
                return await self._read_many(table, keys)
            if known is not None:
                found[key] = known
        return found

    async def _read_many(self, table: str, keys: Sequence[str]) -> Mapping[str, bytes]:
        return await self._read(lambda layers: edits.get_many(self._store, layers, table, keys))

    async def scan(
        self,
        table: str,
        prefix: str = "",
        *,
        after: str = "",
        limit: int = 1000,
        reverse: bool = False,
    ) -> Sequence[tuple[str, bytes]]:
        """Rows with the prefix beyond ``after``, in key order."""
        return await self._read(
            lambda layers: edits.scan(
                self._store, layers, table, prefix, after, limit, reverse=reverse
            )
        )

    async def count(self, table: str, prefix: str = "") -> int:
        """How many rows have the prefix."""
        self._raise_failure()
        async with self._writing:
            return await edits.count(self._store, self._layers(), table, prefix)

    async def close(self) -> None:
        """Flushes and closes the store below, also when the flush fails; its error is raised."""
        if self._closed:
            return
        self._closed = True
        try:
            await self._stop_timer()
            await self.flush()
        finally:
            await self._store.close()

    def _layers(self) -> _Queues:
        return (self._queue,) if self._flying is None else (self._flying, self._queue)

    def _recall(self, table: str, key: str) -> Known:
        """What is known of a row without a read: nearly all that a key's work needs is."""
        queued = self._queue.chain(table, key)
        if queued and queued[0].only_if is None:
            return self._queue.resolve(table, key, None)
        known: Known
        flying = () if self._flying is None else self._flying.chain(table, key)
        if not flying:
            known = self._known_below(table, key)
        elif flying[0].only_if is None and self._flying is not None:
            known = self._flying.resolve(table, key, None)
        else:
            known = UNKNOWN  # The store below may have applied it by now, or not.
        return self._queue.resolve(table, key, known) if queued and known is not UNKNOWN else known

    async def _read(self, read: Callable[[_Queues], Awaitable[T]]) -> T:
        """Reads while writes go on: rows that were written meanwhile are applied once more, which
        changes nothing. Where it might, the read is repeated between two writes.
        """
        self._raise_failure()
        layers = self._layers()
        answer = await read(layers)
        if not _ambiguous(layers):
            return answer
        async with self._writing:
            return await read(self._layers())

    def _put(self, rows: Sequence[Row]) -> None:
        if self._closed:
            raise StoreUnavailable("The state store was closed.")
        check_keys(rows)
        if not self._queue.outcomes:
            self._due = self._clock.monotonic() + self._seconds
        self._numbered += 1
        self._queue.add(rows)
        self._queue.outcomes += 1
        self._queue.last = self._numbered
        if self._failure is None:
            self._start_timer()
            if self._queue.is_full(self._limit):
                self._start_writer()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            failure, self._failure = self._failure, None
            self._start_timer()
            raise failure

    def _start_timer(self) -> None:
        if not self._closed and (self._timer is None or self._timer.done()):
            self._timer = asyncio.create_task(self._keep_time())

    async def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            await asyncio.gather(self._timer, return_exceptions=True)

    async def _keep_time(self) -> None:
        """Starts the writer when the queue is due; ends when nothing is queued."""
        while self._queue.outcomes and self._failure is None:
            wait = self._due - self._clock.monotonic()
            if wait > _DUE_WITHIN:
                await self._clock.sleep(wait)
            else:
                await asyncio.shield(self._start_writer())

    def _start_writer(self) -> asyncio.Task[None]:
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_queue())
        return self._writer

    async def _write_queue(self) -> None:
        """Writes the queue, and again while it is full. Leaves an error in ``_failure``."""
        async with self._writing:
            await self._write_once()
            while self._queue.is_full(self._limit) and self._failure is None:
                await self._write_once()

    async def _write_once(self) -> None:
        flying, self._queue = self._queue, _Queue()
        self._flying, flying.sent = flying, True
        try:
            with fenced(self._may_write):
                await self._store.write(_counted(flying))
        except BaseException as failure:
            self._requeue(flying)
            if not isinstance(failure, Exception):
                raise
            self._failure = failure
        else:
            self._written = max(self._written, flying.last)
        finally:
            self._flying = None

    def _requeue(self, flying: _Queue) -> None:
        """Puts rows that were not written back to the head of the queue."""
        newer, self._queue = self._queue, _Queue()
        self._queue.add(flying.rows + newer.rows)
        self._queue.counters = flying.counters | newer.counters
        self._queue.outcomes = flying.outcomes + newer.outcomes
        self._queue.last = max(flying.last, newer.last)
        self._due = self._clock.monotonic() + self._seconds


def _counted(queue: _Queue) -> Sequence[Row]:
    """Its rows after the numbers that they change: a death in between counts something twice, and
    forgets nothing.
    """
    numbers = [row for counter in queue.counters for row in counter()]
    if not numbers:
        return queue.rows
    # Side by side but for the last, which is about nothing: what follows waits for all of them.
    beside = [row._replace(about=f"{row.table}/{row.key}") for row in numbers[:-1]]
    return [*beside, numbers[-1], *queue.rows]


def _nothing_known(_table: str, _key: str) -> Known:
    return UNKNOWN


def _ambiguous(layers: _Queues) -> bool:
    """Whether the base may have held rows that must not be applied to it once more."""
    if len(layers) > 1 and layers[-1].sent:
        return True
    return any(queue.sent and not queue.repeatable for queue in layers)
