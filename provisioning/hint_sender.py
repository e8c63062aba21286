"""Puts hints on their queue: what comes while a message is under way goes with the next one.

Nobody is answered before the message that has their hints is on the queue. So a flood makes a few
large messages a second, and not one for each call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import msgspec

from provisioning.hint_message import HINTS, MOST_KEYS, Gathered, HintMessage, encode
from provisioning.ports import Clock, Queue

PAUSE = 0.025
"""Seconds at least from the beginning of one message to that of the next."""

MOST_PENDING = 10_000
"""Keys that wait in memory. Beyond, keys are let go and the feeds are asked for: they have them."""


class _Pending:
    """What goes with the next message, and those who wait for it."""

    def __init__(self) -> None:
        self.gathered = Gathered()
        self.sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class HintSender:
    """One process's way to the hints queue. It belongs to one event loop."""

    def __init__(self, queue: Queue, clock: Clock) -> None:
        self._queue = queue
        self._clock = clock
        self._pending: _Pending | None = None
        self._sending: asyncio.Task[None] | None = None

    async def send(self, message: HintMessage) -> None:
        """On the queue when it returns. Raises ``QueueUnavailable``.

        A caller who is cancelled takes nothing away from the others.
        """
        if self._pending is None:
            self._pending = _Pending()
        pending = self._pending
        pending.gathered.add(message, most=MOST_PENDING)
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all())
        await asyncio.shield(pending.sent)

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
            for part in _parts(pending.gathered.message()):
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
        first = HintMessage(told=message.told)
