"""Wake-ups: queue messages that say that there is work, and nothing else.

What there is to do is in the store. A message carries a number, and only the newest one counts:
so a job has one chain of continuations, however many instances run, and a message that comes
twice, late or never does no harm. Waiting is a message that appears later, never a sleep.
"""

from __future__ import annotations

import json

import msgspec

from provisioning.ports import Clock, Queue, Store
from provisioning.rows.table import Table

WORK = "provisioning-work"
"""The queue of wake-ups and of dry runs."""

_LONGEST = 600.0
"""Seconds that a message may wait. What comes later is reached in steps: each tick outdates the
message before it, which stays on the queue to its time, and Azure starts instances by their number.
"""

LARGEST = 2**53
"""The largest number of a wake-up; after it they begin anew. Whoever can write to the queue could
else send one from which nobody can count on.
"""

_SOON = 5.0
_LATE = 60.0


class Wake(msgspec.Struct, frozen=True):
    """The newest wake-up: its number, when it is to appear (epoch seconds), whether it has."""

    generation: int
    at: float
    taken: bool = False


class Wakes:
    """The wake-ups of one job."""

    def __init__(self, store: Store, job: str, queue: Queue, clock: Clock) -> None:
        self._store = store
        self._rows = Table(store, job, "wake", Wake)
        self._queue = queue
        self._clock = clock

    async def arm(self, delay: float = 0.0) -> None:
        """Puts one more message on the queue; older ones do not count any more.

        Raises ``QueueUnavailable``; the next tick of a timer then arms anew.
        """
        before = await self._rows.get("now")
        generation = 1 if before is None or before.generation >= LARGEST else before.generation + 1
        delay = min(max(0.0, delay), _LONGEST)
        wake = Wake(generation, self._clock.time() + delay)
        await self._store.write([self._rows.put("now", wake)])
        await self._queue.send(WORK, json.dumps({"generation": generation}), delay=delay)

    async def ensure(self, delay: float = 0.0, *, slack: float = _SOON) -> None:
        """Arms, unless a message is on its way that appears by then, or ``slack`` seconds later."""
        wake = await self._rows.get("now")
        now = self._clock.time()
        by = now + min(delay, _LONGEST) + slack
        if wake is None or wake.taken or not now - _LATE <= wake.at <= by:
            await self.arm(delay)

    async def take(self, generation: int) -> bool:
        """Whether a message that has appeared is the newest one."""
        wake = await self._rows.get("now")
        if wake is not None and generation < wake.generation:
            return False
        if wake is None or not wake.taken or generation > wake.generation:
            taken = Wake(generation, self._clock.time(), taken=True)
            await self._store.write([self._rows.put("now", taken)])
        return True
