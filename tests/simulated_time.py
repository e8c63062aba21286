"""Simulated time: an event loop that waits for nothing, and that can be killed at any step.

``SimulatedLoop`` moves its clock to the next timer whenever nothing is ready, so that a day of
waiting costs no time. File descriptors work and are polled without waiting: traffic within the
process takes no simulated time. Threads are refused, since the loop cannot know what time it is
in them.

``run_simulated`` runs a program on such a loop, to its end or for a number of steps. A step is
one callback of the loop: for a coroutine, what it does from one suspension to the next. An
``await`` that does not suspend is no place to be killed at; a fake that should offer one awaits
``asyncio.sleep(0)``.

A killed process runs no ``finally``. Python would: a suspended coroutine that is closed or
collected gets ``GeneratorExit`` and runs its clean-up up to the next ``await``. Therefore the
tasks of a killed program are neither cancelled nor closed but kept, frozen, with all that waits
for them. ``discard_abandoned`` lets go of them, when nobody looks any more at what their clean-up
could still touch; at the latest when the interpreter exits. What is kept costs memory: a test that
kills often calls it at the end.
"""

from __future__ import annotations

import asyncio
import atexit
import gc
import selectors
import sys
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from types import FrameType
from typing import Any, NamedTuple, NoReturn

EPOCH = 1_700_000_000.0
_SOCKET_PATIENCE = 1.0
_CLOSE_ATTEMPTS = 100


class Deadlock(RuntimeError):
    """Nothing is ready, no timer is set and the program has not ended. Shows where tasks wait."""


class _Killed(BaseException):
    """The steps are used up."""


class SimulatedClock:
    """The loop's time. ``time()`` is epoch seconds, ``monotonic()`` seconds since the start."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop

    def time(self) -> float:
        return self._loop.start + self._loop.time()

    def monotonic(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Selector(selectors.DefaultSelector):
    """Advances ``now`` (seconds) instead of waiting. One descriptor is the loop's own."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if events or timeout == 0:
            return events
        if timeout is not None:
            self.now += timeout
            return events
        # Only a socket can go on from here. The kernel may need a moment to deliver.
        events = super().select(_SOCKET_PATIENCE) if len(self.get_map()) > 1 else []
        if not events:
            raise Deadlock
        return events


class _Ready(deque[asyncio.Handle]):
    """The loop's queue of callbacks that are due. Counts them, and refuses one too many."""

    steps = 0
    limit: int | None = None

    def popleft(self) -> asyncio.Handle:
        if self[0].cancelled():
            return super().popleft()
        if self.steps == self.limit:
            raise _Killed
        self.steps += 1
        return super().popleft()


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop on simulated time. ``start`` is the epoch time at which it begins.

    ``run_in_executor``, and with it ``asyncio.to_thread``, raises ``RuntimeError``.
    """

    def __init__(self, start: float = EPOCH) -> None:
        self.start = start
        self._simulated = _Selector()
        super().__init__(self._simulated)
        # asyncio has no public place between two callbacks; this queue is where they meet.
        self._ready = self.ready = _Ready(self._ready)  # type: ignore[has-type]

    def time(self) -> float:
        return self._simulated.now

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> NoReturn:  # type: ignore[override]
        raise RuntimeError(f"Simulated time has no threads: {func!r} cannot run in an executor.")


class Run(NamedTuple):
    """How a program went. ``result`` is ``None`` when it was killed before its end."""

    finished: bool
    result: Any
    steps_used: int


def run_simulated(
    main: Callable[[], Coroutine[Any, Any, Any]],
    *,
    steps: int | None = None,
    start: float = EPOCH,
) -> Run:
    """Runs ``main()`` on a new loop, to its end or until ``steps`` callbacks have run.

    The end is that of ``asyncio.run``: other tasks are cancelled and awaited, which counts as
    steps too. ``start`` continues the time of an earlier run. Raises what ``main`` raises, and
    ``Deadlock``.
    """
    if asyncio._get_running_loop() is not None:
        raise RuntimeError("A simulated program cannot run inside a running loop.")
    loop = SimulatedLoop(start)
    loop.ready.limit = steps
    program = loop.create_task(_with_end(main, loop), name="main")
    try:
        result = loop.run_until_complete(program)
    except _Killed:
        _abandon(loop)
        return Run(finished=False, result=None, steps_used=loop.ready.steps)
    except Deadlock:
        stacks = "\n".join(_stack(task) for task in asyncio.all_tasks(loop))
        _abandon(loop)
        raise Deadlock(f"Every task waits and nothing will wake one:\n{stacks}") from None
    finally:
        loop.close()
    return Run(finished=True, result=result, steps_used=loop.ready.steps)


async def _with_end(main: Callable[[], Coroutine[Any, Any, Any]], loop: SimulatedLoop) -> Any:
    try:
        return await main()
    finally:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for task in others:
            if not task.cancelled() and (error := task.exception()) is not None:
                loop.call_exception_handler(
                    {"message": "task failed at the end", "exception": error, "task": task}
                )
        await loop.shutdown_asyncgens()


_abandoned: list[tuple[set[asyncio.Task[Any]], list[asyncio.Handle]]] = []


def _abandon(loop: SimulatedLoop) -> None:
    """Keeps the tasks, and the callbacks, whose arguments may hold coroutines too."""
    loop.set_exception_handler(_ignore)
    _abandoned.append((asyncio.all_tasks(loop), [*loop.ready, *loop._scheduled]))  # type: ignore[attr-defined]


def _ignore(loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """A killed process does not complain about tasks that it left pending."""


def discard_abandoned() -> None:
    """Closes what killed programs left behind. Their clean-up runs now, up to its first await.

    No ``await`` of it can go on: there is no loop, and each one is answered by closing again.
    Errors of that clean-up mean nothing and are dropped.
    """
    if not _abandoned:
        return
    hook = sys.unraisablehook
    sys.unraisablehook = _drop  # what inner coroutines raise when they are closed
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)  # else asyncio would make one for a clean-up that asks for it
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "coroutine ... was never awaited"
            while _abandoned:
                _close_all(_abandoned.pop()[0])
            gc.collect()  # What lies in reference cycles must go while the filter holds.
    finally:
        asyncio.set_event_loop(None)
        loop.close()
        sys.unraisablehook = hook


def _drop(unraisable: object) -> None:
    """Nobody is there any more to whom it would mean something."""


def _close_all(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        coroutine: Any = task.get_coro()
        for _ in range(_CLOSE_ATTEMPTS):
            try:
                coroutine.close()
            except BaseException:  # noqa: BLE001 - see discard_abandoned
                continue
            break


atexit.register(discard_abandoned)


def _stack(task: asyncio.Task[Any]) -> str:
    """The frames of a suspended task, from its coroutine down to what it waits for."""
    lines = [f"Task {task.get_name()}:"]
    waiting: Any = task.get_coro()
    while waiting is not None:
        frame, below = _suspended(waiting)
        if frame is None:
            lines.append(f"  waits for {waiting!r}")
            break
        lines += traceback.format_stack(frame, limit=1)
        waiting = below
    return "\n".join(line.rstrip() for line in lines)


def _suspended(awaitable: Any) -> tuple[FrameType | None, Any]:
    """The frame of a coroutine, generator or asynchronous generator, and what it awaits."""
    for frame, below in (
        ("cr_frame", "cr_await"),
        ("gi_frame", "gi_yieldfrom"),
        ("ag_frame", "ag_await"),
    ):
        if hasattr(awaitable, frame):
            return getattr(awaitable, frame), getattr(awaitable, below)
    return None, None
