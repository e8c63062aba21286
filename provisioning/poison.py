"""Messages that failed too often: kept with their reason until work succeeds again.

The host moves a message to the poison queue after ``maxDequeueCount`` tries and says no more. What
it failed with is remembered here while it still is tried.
"""

from __future__ import annotations

import msgspec

from provisioning.errors import cut
from provisioning.ports import Clock, Store
from provisioning.rows.order import in_steps
from provisioning.rows.table import Table

_TEXT = 500


class PoisonedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """An escrow entry of a message. ``since`` is epoch seconds; the text is cut."""

    queue: str
    text: str
    reason: str
    remedy: str
    since: float


class Poison:
    """The messages of one job that were set aside."""

    def __init__(self, store: Store, job: str, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._failures = Table(store, job, "queue_failure", str)
        self._messages = Table(store, job, "poison", PoisonedMessage)

    async def failed(self, queue: str, error: BaseException) -> None:
        """Remembers what a message of the queue failed with."""
        reason = cut(f"{type(error).__name__}: {error}", _TEXT)
        await self._store.write([self._failures.put(queue, reason)])

    async def set_aside(self, queue: str, text: str) -> PoisonedMessage:
        """Stores a message that failed too often, with the reason that was remembered."""
        now = self._clock.time()
        message = PoisonedMessage(
            queue=queue,
            text=cut(text, _TEXT),
            reason=await self._failures.get(queue)
            or "unknown: the executions ended without an error, or could not store it",
            remedy="See the log of the function app. The next tick of the timer tries again; this "
            "entry goes away when that succeeds.",
            since=now,
        )
        await self._store.write([self._messages.put(f"{queue}/{now:017.6f}", message)])
        return message

    async def all(self) -> list[PoisonedMessage]:
        """What is set aside now, oldest first."""
        return [message async for _, message in self._messages.all()]

    async def clear(self, queue: str) -> None:
        """Work of the queue has succeeded: nothing of it is set aside any more."""
        rows = [self._messages.drop(key) async for key, _ in self._messages.all(f"{queue}/")]
        if await self._failures.get(queue) is not None:
            # Else a message that fails without a word would be set aside with this old reason.
            rows.append(self._failures.drop(queue))
        if rows:
            await self._store.write(in_steps(rows))
