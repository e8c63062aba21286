"""The pump of a queue trigger: receives messages and hands them to the function.

As the host does it (azure-webjobs-sdk, ``QueueListener`` and ``QueueProcessor``): a batch, the next
one when few enough of it are left; an empty queue is looked at less and less often; a message is
kept invisible while its function works, deleted afterwards, tried again when the function failed,
and put on the poison queue after too many tries.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence

from devhost.host_json import QueueOptions
from devhost.invocations import InvocationFailed, InvocationStopped
from provisioning.errors import QueueUnavailable
from provisioning.queues.messages import Message, Receiver, StaleReceipt

_log = logging.getLogger("serve")

FIRST_PAUSE = 0.1
"""Seconds to the next look at a queue that has just been found empty."""

LOCK_SECONDS = 30.0
"""How long a received message is invisible; renewed while its function works. When the process
dies, the message comes back after as long."""

POISON = "-poison"
"""What the name of a queue of messages ends with that failed too often."""

Call = Callable[[Message], Awaitable[None]]
"""Calls the function. Raises ``InvocationFailed`` or ``InvocationStopped``."""


class Pump:
    """Pumps one queue into one function.

    ``lock`` is how long a message is invisible at a time, in seconds.
    """

    def __init__(
        self,
        queue: str,
        queues: Receiver,
        call: Call,
        options: QueueOptions,
        *,
        lock: float = LOCK_SECONDS,
    ) -> None:
        self.queue = queue
        self._queues = queues
        self._call = call
        self._options = options
        self._lock = lock
        self._wake = asyncio.Event()
        self._working: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """There is a message: look at once."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Pumps until ``stop`` is set and the last message is settled."""
        ended = asyncio.create_task(stop.wait())
        longest = self._options.max_polling_interval
        pause = first = min(FIRST_PAUSE, longest)
        try:
            while not stop.is_set():
                self._wake.clear()
                messages = await self._receive()
                if stop.is_set():
                    await asyncio.gather(*(self._give_back(each, 0) for each in messages))
                    break
                for message in messages:
                    task = asyncio.create_task(self._handle(message), name=self.queue)
                    self._working.add(task)
                    task.add_done_callback(self._working.discard)
                if messages:
                    pause = first
                    await self._until_few(ended)
                else:
                    await self._pause(pause, ended)
                    pause = min(pause * 2, longest)
        finally:
            ended.cancel()
        await asyncio.gather(*self._working)

    async def _receive(self) -> Sequence[Message]:
        try:
            return await self._queues.receive(self.queue, self._options.batch_size, self._lock)
        except QueueUnavailable as error:
            _log.warning("%s %s", error, error.remedy)
            return ()

    async def _until_few(self, ended: asyncio.Task[bool]) -> None:
        """Waits until a new batch may be fetched."""
        while len(self._working) > self._options.new_batch_threshold and not ended.done():
            await asyncio.wait([*self._working, ended], return_when=asyncio.FIRST_COMPLETED)

    async def _pause(self, seconds: float, ended: asyncio.Task[bool]) -> None:
        # A little apart, so that processes do not look in step.
        seconds *= random.uniform(0.8, 1.0)  # noqa: S311 - no secret
        woken = asyncio.create_task(self._wake.wait())
        await asyncio.wait([woken, ended], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        woken.cancel()

    async def _handle(self, message: Message) -> None:
        try:
            await self._settle(message)
        except StaleReceipt:
            _log.warning("A message of %s was received again while it was handled", self.queue)
        except QueueUnavailable as error:
            # The message comes back when its lock has run out.
            _log.warning("%s %s", error, error.remedy)

    async def _settle(self, message: Message) -> None:
        most = self._options.max_dequeue_count
        if message.dequeue_count > most and not self._is_poison:
            # Its process died every time: nobody was left to set it aside.
            await self._set_aside(message)
            return
        kept = _Kept(self._queues, self.queue, message, self._lock)
        try:
            async with kept:
                await self._call(message)
        except InvocationStopped:
            await self._queues.hide(self.queue, kept.message, 0)
        except InvocationFailed:
            if self._is_poison:
                # There is no further queue; it is not to come back at once, over and over.
                wait = max(self._options.visibility_timeout, self._lock)
                await self._queues.hide(self.queue, kept.message, wait)
            elif message.dequeue_count >= most:
                await self._set_aside(kept.message)
            else:
                wait = self._options.visibility_timeout
                await self._queues.hide(self.queue, kept.message, wait)
        else:
            await self._queues.delete(self.queue, kept.message)

    @property
    def _is_poison(self) -> bool:
        return self.queue.endswith(POISON)

    async def _set_aside(self, message: Message) -> None:
        poison = f"{self.queue}{POISON}"
        await self._queues.send(poison, message.text)
        await self._queues.delete(self.queue, message)
        _log.error(
            "Message %s of %s failed %d times and is now on %s",
            message.id,
            self.queue,
            message.dequeue_count,
            poison,
        )

    async def _give_back(self, message: Message, seconds: float) -> None:
        try:
            await self._queues.hide(self.queue, message, seconds)
        except (StaleReceipt, QueueUnavailable) as error:
            _log.warning("A message of %s comes back later: %s", self.queue, error)


class _Kept:
    """Keeps a message invisible for the body. ``message`` has its latest receipt."""

    def __init__(self, queues: Receiver, queue: str, message: Message, lock: float) -> None:
        self.message = message
        self._queues = queues
        self._queue = queue
        self._lock = lock
        self._done = asyncio.Event()

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._renew())

    async def __aexit__(self, *_: object) -> None:
        # A renewal under way is awaited, not cancelled: afterwards the receipt is known.
        self._done.set()
        await self._task

    async def _renew(self) -> None:
        while not await self._is_done_within(self._lock / 3):
            try:
                self.message = await self._queues.hide(self._queue, self.message, self._lock)
            except StaleReceipt:
                _log.warning("A message of %s has gone to another process", self._queue)
                return
            except QueueUnavailable as error:
                _log.warning("A message of %s could not be kept: %s", self._queue, error)

    async def _is_done_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._done.wait()
        except TimeoutError:
            return False
