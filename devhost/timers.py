"""Timers: each tick fires once, in one of the processes that share the leases.

What is due next is kept as the payload of the timer's lease. Whoever takes the lease at that time
runs the function, and leaves the tick after. A process that dies in between leaves the tick as it
was: it fires later, past due, like one that no process was there for (azure-webjobs-sdk,
``TimerListener`` and ``ScheduleMonitor``).
"""

from __future__ import annotations

import asyncio
import json
import logging
import time as wall
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from devhost.invocations import InvocationFailed, InvocationStopped
from provisioning.errors import QueueUnavailable, StoreUnavailable
from provisioning.ncrontab import Schedule
from provisioning.ports import LeasePort

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_log = logging.getLogger("serve")

LEASE_SECONDS = 15.0
"""Renewed every third of it. When a process dies, another takes over after as long."""
RETRY_SECONDS = 1.0
"""To the next look while another process has the lease, or the storage is away."""

LATE_SECONDS = 2.0
"""A tick that fires later than this is past due."""

_LONGEST_SLEEP = 30.0
"""Then the clock is looked at again: it may have been set, or the machine asleep."""

Call = Callable[[bool], Awaitable[None]]
"""Calls the function, told whether the tick is past due. Raises as ``Invocations`` does."""


class Timer:
    """One timer. ``holder`` names this process in the leases; ``time`` is epoch seconds."""

    def __init__(
        self,
        name: str,
        schedule: Schedule,
        leases: LeasePort,
        holder: str,
        call: Call,
        *,
        time: Callable[[], float] = wall.time,
    ) -> None:
        self.name = name
        self.schedule = schedule
        self._leases = leases
        self._holder = holder
        self._call = call
        self._time = time
        self._lease = f"timer/{name}"
        self._one_at_a_time = asyncio.Lock()

    async def run(self, stop: asyncio.Event) -> None:
        """Fires until ``stop`` is set."""
        while not stop.is_set():
            try:
                due = await self._due()
                if await self._until(due, stop) or await self._fire():
                    continue
            except (StoreUnavailable, QueueUnavailable) as error:
                _log.warning("%s does not tick now: %s %s", self.name, error, error.remedy)
            await self._until(self._now().timestamp() + RETRY_SECONDS, stop)

    async def fire_by_hand(self) -> None:
        """Calls the function now, outside its schedule. Raises as ``Invocations`` does."""
        async with self._one_at_a_time:
            await self._call(False)

    async def _due(self) -> float:
        """When the next tick is due. A timer that is new, or has a new schedule, begins now."""
        state = await self._leases.read(self._lease)
        due = None if state is None else self._decoded(state.payload)
        if due is not None:
            return due
        following = self._following()
        if await self._leases.acquire(self._lease, self._holder, LEASE_SECONDS) is not None:
            await self._leases.release(self._lease, self._holder, self._encoded(following))
        return following

    async def _fire(self) -> bool:
        """Fires the tick, if it is still due. False while another process has the lease."""
        state = await self._leases.acquire(self._lease, self._holder, LEASE_SECONDS)
        if state is None:
            return False
        payload = state.payload
        try:
            due = self._decoded(payload)
            late = 0.0 if due is None else self._time() - due
            if late >= 0:
                async with self._renewed(), self._one_at_a_time:
                    await self._call(late > LATE_SECONDS)
                payload = self._encoded(self._following())
        except InvocationFailed:
            # It is in the log. The next tick is the next try.
            payload = self._encoded(self._following())
        except InvocationStopped:
            # What is left stays as it was: the tick is missed, and fires past due.
            _log.info("%s was stopped", self.name)
        finally:
            await self._leases.release(self._lease, self._holder, payload)
        return True

    @asynccontextmanager
    async def _renewed(self) -> AsyncIterator[None]:
        """Keeps the lease for the body."""
        renewing = asyncio.create_task(self._renew())
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.wait([renewing])

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            try:
                if not await self._leases.renew(self._lease, self._holder, LEASE_SECONDS):
                    _log.warning("Another process has taken the lease of %s", self.name)
                    return
            except StoreUnavailable as error:
                _log.warning("The lease of %s could not be renewed: %s", self.name, error)

    async def _until(self, due: float, stop: asyncio.Event) -> bool:
        """Waits for the time. True when it is to stop instead."""
        while (left := due - self._time()) > 0 and not stop.is_set():
            try:
                async with asyncio.timeout(min(left, _LONGEST_SLEEP)):
                    await stop.wait()
            except TimeoutError:
                continue
        return stop.is_set()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._time(), UTC)

    def _following(self) -> float:
        return self.schedule.next_after(self._now()).timestamp()

    def _encoded(self, due: float) -> bytes:
        following = datetime.fromtimestamp(due, UTC).isoformat()
        return json.dumps({"schedule": self.schedule.text, "next": following}).encode()

    def _decoded(self, payload: bytes) -> float | None:
        """The tick that is due next; ``None`` when none of this schedule is stored."""
        if not payload:
            return None
        stored = json.loads(payload)
        if stored["schedule"] != self.schedule.text:
            return None
        return datetime.fromisoformat(stored["next"]).timestamp()
