"""Calls of functions: one line of log for each, their time limit, their outputs, and their end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from devhost.errors import WorkerError
from devhost.watchdog import Watchdog
from provisioning.errors import ProvisioningError
from provisioning.queues.messages import Message, Receiver

if TYPE_CHECKING:
    from devhost.http import HttpAnswer
    from devhost.outputs import Outputs
    from devhost.worker import Worker

T = TypeVar("T")

_log = logging.getLogger("serve")

_CANCELLED_WITHIN = 5.0
"""Seconds that a cancelled function has to let go of what it holds."""


Work = Callable[[], Coroutine[Any, Any, tuple[T, str]]]
"""Calls the worker. Its result, and the outcome in a word for the log."""


class InvocationFailed(Exception):
    """The function did not do its work. The reason is in the log."""


class InvocationStopped(Exception):
    """The function was cancelled because the host ends: it may have done its work in part."""


class Invocations:
    """Runs functions of a worker. ``limit`` is the time limit in seconds.

    ``sent`` is told the name of a queue that a function wrote to.
    """

    def __init__(
        self,
        worker: Worker,
        queues: Receiver,
        watchdog: Watchdog,
        limit: float | None,
        sent: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._worker = worker
        self._queues = queues
        self._watchdog = watchdog
        self._limit = limit
        self._sent = sent
        self._running: dict[asyncio.Task[Any], str] = {}
        self._ending = False

    async def http(self, name: str, call: Callable[[], Awaitable[HttpAnswer]]) -> HttpAnswer:
        """The answer of ``call``, which calls the worker for the HTTP function of that name."""

        async def answered() -> tuple[HttpAnswer, str]:
            answer = await call()
            await self._send(answer.outputs)
            return answer, str(answer.status)

        return await self._run(name, answered)

    async def timer(self, name: str, *, past_due: bool = False) -> None:
        """Ticks a timer."""

        async def ticked() -> tuple[None, str]:
            await self._send(await self._worker.timer(name, past_due=past_due))
            return None, "done, past due" if past_due else "done"

        await self._run(name, ticked)

    async def message(self, name: str, message: Message | str) -> None:
        """Hands a message to the function of a queue."""

        async def handled() -> tuple[None, str]:
            await self._send(await self._worker.queue(name, message))
            return None, "done"

        await self._run(name, handled)

    async def end(self, grace: float) -> None:
        """Lets what runs go on for ``grace`` seconds, then cancels it. Nothing more is begun."""
        self._ending = True
        if not self._running:
            return
        names = ", ".join(sorted(self._running.values()))
        _log.info("Waiting up to %g s for: %s", grace, names)
        _, late = await asyncio.wait(self._running, timeout=grace)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=_CANCELLED_WITHIN)

    async def _run(self, name: str, work: Work[T]) -> T:
        """Runs the work in a task of its own: who waits for it may go without ending it.

        Raises ``InvocationFailed`` and ``InvocationStopped``.
        """
        if self._ending:
            raise InvocationStopped(name)
        task = asyncio.create_task(self._logged(name, work), name=name)
        self._running[task] = name
        task.add_done_callback(self._ended)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.cancelled():
                raise
            # A function may also be ended by a cancellation of its own making.
            raise (InvocationStopped if self._ending else InvocationFailed)(name) from None

    def _ended(self, task: asyncio.Task[Any]) -> None:
        del self._running[task]
        if not task.cancelled():
            # It is in the log, also when nobody waits for it any more.
            task.exception()

    async def _logged(self, name: str, work: Work[T]) -> T:
        started = time.monotonic()

        def took() -> str:
            return f"{(time.monotonic() - started) * 1000:.0f} ms"

        complaint = f"{name} ran longer than functionTimeout allows ({self._limit or 0:g} s)."
        try:
            with self._watchdog.limit(self._limit, complaint):
                result, outcome = await work()
        except asyncio.CancelledError:
            _log.warning("%s: cancelled after %s", name, took())
            raise
        except (WorkerError, ProvisioningError) as error:
            _log.error("%s: failed after %s: %s%s", name, took(), error, _stack(error))
            raise InvocationFailed(name) from error
        _log.info("%s: %s in %s", name, outcome, took())
        return result

    async def _send(self, outputs: Outputs) -> None:
        for queue, texts in outputs.items():
            for text in texts:
                try:
                    await self._queues.send(queue, text)
                except ValueError as error:
                    raise WorkerError(f"{queue}: {error}") from error
            self._sent(queue)


def _stack(error: Exception) -> str:
    stack = getattr(error, "stack", "").rstrip()
    return f"\n{stack}" if stack else ""
