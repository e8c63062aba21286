"""What a process counts of the notifications that come to it, and stores now and then.

No answer waits for that: the storage may take long, and Graph does not. What a process that dies
had not stored yet is missing from the counts, and from nothing else.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping

from provisioning.errors import ProvisioningError
from provisioning.notifications.batch import Batch
from provisioning.notifications.counts import Counted, NotificationCounts, hour_of
from provisioning.ports import Clock, Row, Store
from provisioning.rows.order import in_steps

_log = logging.getLogger(__name__)

EVERY = 10.0
"""Seconds at least between two writes, and between two lines of log, so that a flood costs no
more."""

PATIENCE = 2.0
"""Seconds that the storage has for the last counts of a process that ends."""


class NotificationTally:
    """The counts of the process of that name. It belongs to one event loop."""

    def __init__(self, store: Store, job: str, process: str, clock: Clock) -> None:
        self._store = store
        self._rows = NotificationCounts(store, job)
        self._process = process.replace("/", "-")
        self._clock = clock
        self._hours: dict[str, Counted] = {}
        self._unsaid: Counter[str] = Counter()
        self._refused: set[str] = set()
        self._fresh = False
        self._written_at = float("-inf")
        self._swept = ""
        self._task: asyncio.Task[None] | None = None

    def add(self, batch: Batch, *, accepted: bool) -> None:
        """Counts a batch, to be stored soon. One whose hints could not be kept comes again: of it
        only what was dropped counts.
        """
        now = self._clock.time()
        hour = hour_of(now)
        dropped = Counter({why.value: number for why, number in batch.dropped.items()})
        counted = self._hours.get(hour, Counted())
        self._hours[hour] = counted.plus(batch.accepted if accepted else 0, dropped, now)
        self._unsaid += dropped
        self._refused |= batch.refused
        self._fresh = True
        if self._task is None:
            self._task = asyncio.create_task(self._store_later())

    async def stored(self) -> None:
        """Stores at once what is not stored yet, if the storage answers soon."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._fresh:
            try:
                async with asyncio.timeout(PATIENCE):
                    await self._write()
            except TimeoutError:
                _log.warning("The last counts of notifications are not stored: no answer in time")

    async def _store_later(self) -> None:
        """Stores until nothing new is there."""
        try:
            while self._fresh:
                since = self._clock.monotonic() - self._written_at
                await self._clock.sleep(max(0.0, EVERY - since))
                await self._write()
        finally:
            self._task = None

    async def _write(self) -> None:
        now = self._clock.time()
        self._written_at = self._clock.monotonic()
        self._say_dropped()
        self._fresh = False
        hours, refused = dict(self._hours), frozenset(self._refused)
        try:
            await self._store.write(in_steps(await self._changed(hours, refused, now)))
        except (ProvisioningError, asyncio.CancelledError) as error:
            self._fresh = True
            if isinstance(error, asyncio.CancelledError):
                raise
            _log.warning("The counts of notifications could not be stored: %s", error)
            return
        self._swept = hour_of(now)
        self._refused -= refused
        for hour, counted in hours.items():
            if hour != hour_of(now) and self._hours[hour] is counted:
                del self._hours[hour]

    async def _changed(
        self, hours: Mapping[str, Counted], refused: frozenset[str], now: float
    ) -> list[Row]:
        rows = [self._rows.row(self._process, hour, counted) for hour, counted in hours.items()]
        rows += self._rows.refused_rows(refused, now)
        if self._swept != hour_of(now):
            rows += await self._rows.forget(now)
        return rows

    def _say_dropped(self) -> None:
        if self._unsaid:
            what = ", ".join(f"{why} {number}" for why, number in sorted(self._unsaid.items()))
            _log.warning("Notifications were dropped: %s", what)
            self._unsaid.clear()
