"""Puts hints on their queue: what comes while a message is under way goes with the next one.

Nobody is answered before the message that has their hints is on the queue. So a flood makes a few
large messages a second, and not one for each call; and none at all as far as it is about strangers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import msgspec

from provisioning.errors import QueueUnavailable
from provisioning.notifications.message import HINTS, MOST_KEYS, Gathered, HintMessage, encode
from provisioning.ports import Clock, Queue

Narrow = Callable[[HintMessage], Awaitable[HintMessage]]
"""Leaves strangers out of a message, as far as they are known."""

PAUSE = 0.03
"""Seconds at least from the beginning of one message to that of the next."""

MOST_PENDING = 10_000
"""Keys that wait in memory. Beyond, keys are let go and the feeds are asked for: they have them."""

PATIENCE = 5.0
"""Seconds that a caller waits. Behind a message that the queue does not take, one that comes later
would wait for both, and an endpoint that often answers after more than ten seconds is told nothing
for a while (Graph: receive change notifications through webhooks).
"""


class _Pending:
    """What goes with the next message, and those who wait for it."""

    def __init__(self) -> None:
        self.gathered = Gathered()
        self.sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class HintSender:
    """One process's way to the hints queue. It belongs to one event loop."""

    def __init__(self, queue: Queue, clock: Clock, narrow: Narrow | None = None) -> None:
        self._queue = queue
        self._narrow = narrow
        self._clock = clock
        self._pending: _Pending | None = None
        self._sending: asyncio.Task[None] | None = None

    async def send(self, message: HintMessage) -> None:
        """On the queue when it returns. Raises ``QueueUnavailable``, at the latest after
        ``PATIENCE``; the message may get there all the same.

        A caller who is cancelled takes nothing away from the others.
        """
        if self._pending is None:
            self._pending = _Pending()
        pending = self._pending
        pending.gathered.add(message, most=MOST_PENDING)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all())
            self._sending.add_done_callback(self._let_go)
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.shield(pending.sent)
        except TimeoutError:
            raise QueueUnavailable(
                f"The queue {HINTS} has taken no message for {PATIENCE:g} seconds."
            ) from None

    def _let_go(self, sending: asyncio.Task[None]) -> None:
        """At the end of the process: what is pending is sent by nobody any more."""
        if sending.cancelled() and self._pending is not None:
            self._pending.sent.cancel()
            self._pending = None

    async def _send_all(self) -> None:
        """Sends until nothing is pending."""
        try:
            while (pending := self._pending) is not None:
                self._pending = None
                began = self._clock.monotonic()
                await self._send(pending)
                await self._clock.sleep(max(0.0, began + PAUSE - self._clock.monotonic()))
        finally:
            self._sending = None

    async def _send(self, pending: _Pending) -> None:
        try:
            message = pending.gathered.message()
            if self._narrow is not None:
                message = await self._narrow(message)
            for part in () if message.is_empty else _parts(message):
                await self._queue.send(HINTS, encode(part))
        except asyncio.CancelledError:
            pending.sent.cancel()
            raise
        except Exception as error:  # noqa: BLE001  it is theirs who wait
            pending.sent.set_exception(error)
            # Whoever waited may have been cancelled: then nobody asks for it.
            pending.sent.exception()
        else:
            pending.sent.set_result(None)


def _parts(message: HintMessage) -> Iterator[HintMessage]:
    """Messages that a queue takes, together all of it."""
    users, groups = list(message.users.items()), list(message.groups.items())
    first = message
    for start in range(0, max(1, len(users) + len(groups)), MOST_KEYS):
        end = start + MOST_KEYS
        beyond = max(0, start - len(users)), max(0, end - len(users))
        yield msgspec.structs.replace(
            first, users=dict(users[start:end]), groups=dict(groups[slice(*beyond)])
        )
        # What names no key is said once.
        first = HintMessage(told=message.told, origins=message.origins)
