"""``serve``: the function app on this machine, from its start to its end.

For development and for machines without Azure: in Azure the platform's own host does all this.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from devhost.backend import Backend, backend
from devhost.front import BODY_SECONDS, REQUEST_SECONDS, ByHand, Front
from devhost.host_json import HostOptions, QueueOptions, read_host_json
from devhost.invocations import Invocations
from devhost.pump import POISON, Pump
from devhost.ready import ready_document
from devhost.timers import Timer
from devhost.triggered import Triggered, triggered
from devhost.watchdog import Watchdog
from devhost.worker import Worker
from provisioning.errors import ConfigurationError, Problem, QueueUnavailable
from provisioning.setting_values import Secret, is_loopback
from provisioning.storage.account import NAME

_log = logging.getLogger("serve")

GRACE_SECONDS = 10.0
"""How long running functions may go on when serve ends; then they are cancelled."""

_END_SECONDS = 20.0
"""Beyond the grace period; then the process ends as it is."""

_SECOND_SIGNAL = 130
_NO_QUEUES = (
    f"Start Azurite, or correct {NAME}; without that setting the queues are a file of this machine."
)
_APP = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Serve:
    """What to serve, and where. ``poll``: the longest pause between looks at a queue, in seconds;
    host.json's when ``None``. ``state_path``: the SQLite file beside which the embedded queues
    are, ``None`` when the state is in Azure Storage. ``app``: the folder of function_app.py.
    ``http_only``: timers and queues are left to another process. ``grace``, ``request_seconds``
    and ``body_seconds``: how long functions may go on at the end, how long a caller waits at most,
    and how long the body of a request may take.
    """

    host: str
    port: int
    key: Secret | None
    environ: Mapping[str, str]
    state_path: Path | None
    poll: float | None = None
    http_only: bool = False
    app: Path = _APP
    grace: float = GRACE_SECONDS
    request_seconds: float = REQUEST_SECONDS
    body_seconds: float = BODY_SECONDS


async def serve(
    options: Serve,
    ready: Callable[[dict[str, Any]], None],
    close: Callable[[], Awaitable[None]],
) -> None:
    """Serves until SIGINT or SIGTERM. A second one ends the process at once.

    ``ready`` gets the document that describes what runs, once it answers. ``close`` lets go of
    what the functions keep between calls. Raises ``ConfigurationError``, ``QueueUnavailable``,
    ``StoreUnavailable``, and ``WorkerError`` for an app that cannot be loaded.
    """
    _check_key(options)
    host_json = read_host_json(options.app)
    async with AsyncExitStack() as stack:
        stop = stack.enter_context(_signals(asyncio.Event()))
        watchdog = stack.enter_context(Watchdog())
        made = await stack.enter_async_context(backend(options.environ, options.state_path))
        worker = await stack.enter_async_context(Worker(options.app))
        stack.push_async_callback(close)
        functions = triggered(worker.functions.values(), options.environ)
        for name, trigger in functions.left_out.items():
            _log.info("%s is not run here: it has an %s", name, trigger)
        if options.http_only:
            functions = replace(functions, timers={}, queues={})
        running = _Running(options, host_json, made, worker, watchdog, functions)
        stack.push_async_callback(running.front.close)
        url = await running.start()
        document = ready_document(
            url,
            made,
            functions,
            key_required=options.key is not None,
            state=options.state_path,
        )
        ready(document)
        await running.until(stop)
    _log.info("Ended")


class _Running:
    """The parts of a host, put together."""

    def __init__(
        self,
        options: Serve,
        host_json: HostOptions,
        made: Backend,
        worker: Worker,
        watchdog: Watchdog,
        functions: Triggered,
    ) -> None:
        self._options = options
        self._queues = made.queues
        self._watchdog = watchdog
        self._invocations = Invocations(
            worker, made.queues, watchdog, host_json.function_timeout, self._sent
        )
        self._pumps = [
            Pump(
                queue,
                made.queues,
                partial(self._invocations.message, name),
                _polling(host_json.queues, queue, options.poll),
            )
            for name, queue in functions.queues.items()
        ]
        holder = f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(3)}"
        self._timers = [
            Timer(name, schedule, made.leases, holder, self._ticker(name))
            for name, schedule in functions.timers.items()
        ]
        by_hand: dict[str, ByHand] = {
            name: partial(self._invocations.message, name) for name in functions.queues
        }
        for timer in self._timers:
            by_hand[timer.name] = self._by_hand(timer)
        self.front = Front(
            worker,
            self._invocations,
            by_hand,
            options.key,
            request_seconds=options.request_seconds,
            body_seconds=options.body_seconds,
        )

    async def start(self) -> str:
        """Begins to listen, when the queues can be reached. The address."""
        try:
            for pump in self._pumps:
                await self._queues.prepare(pump.queue)
        except QueueUnavailable as error:
            raise QueueUnavailable(str(error), remedy=_NO_QUEUES) from error
        return await self.front.listen(self._options.host, self._options.port)

    async def until(self, stop: asyncio.Event) -> None:
        """Runs timers and pumps until the signal; then lets all of it come to an end."""
        try:
            await self._until(stop)
        except ExceptionGroup as group:
            # The first is what went wrong; the others are its company.
            raise group.exceptions[0] from group

    async def _until(self, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            for pump in self._pumps:
                group.create_task(pump.run(stop))
            for timer in self._timers:
                group.create_task(timer.run(stop))
            await stop.wait()
            grace = self._options.grace
            # The thread of the watchdog ends what does not end by itself.
            self._watchdog.expect_end(grace + _END_SECONDS)
            await self.front.stop_listening()
            await self._invocations.end(grace)

    def _sent(self, queue: str) -> None:
        for pump in self._pumps:
            if pump.queue == queue:
                pump.wake()

    def _ticker(self, name: str) -> Callable[[bool], Awaitable[None]]:
        return lambda past_due: self._invocations.timer(name, past_due=past_due)

    def _by_hand(self, timer: Timer) -> ByHand:
        return lambda _: timer.fire_by_hand()


def _check_key(options: Serve) -> None:
    if options.key is None and not is_loopback(options.host):
        raise ConfigurationError(
            (
                Problem(
                    "FUNCTION_KEY",
                    f"is not set, and others than this machine can reach {options.host}.",
                    "Set it to a long random text, or leave --host at 127.0.0.1.",
                ),
            )
        )


@contextmanager
def _signals(stop: asyncio.Event) -> Iterator[asyncio.Event]:
    """Sets the event at SIGINT or SIGTERM. A second signal ends the process at once."""
    loop = asyncio.get_running_loop()

    def handle(number: int, _: FrameType | None) -> None:
        if stop.is_set():
            os._exit(_SECOND_SIGNAL)
        _log.info("%s: ending. Once more ends at once.", signal.Signals(number).name)
        loop.call_soon_threadsafe(stop.set)

    before = {each: signal.signal(each, handle) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _polling(options: QueueOptions, queue: str, poll: float | None) -> QueueOptions:
    """Nobody waits for what failed too often: those queues are looked at as host.json says."""
    return options if queue.endswith(POISON) else options.polling(poll)
