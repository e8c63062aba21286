"""Several processes on one event loop of simulated time. Each can be killed or paused at any step.

A process is a value of a context variable: whatever is started within it, and whatever wakes it,
runs in a context that names it. A killed one is never stepped again, no clean-up of it either; a
paused one finds all its timers late when it goes on.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from tests import simulated_time
from tests.simulated_time import Deadlock, SimulatedLoop

_process: contextvars.ContextVar[Process | None] = contextvars.ContextVar("process", default=None)
OUTSIDE = contextvars.Context()
"""The context of what belongs to no process: servers, and the world."""


class Process:
    """One process. ``kill_at`` and ``pause_at`` count its own steps."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.context = contextvars.Context()
        self.context.run(_process.set, self)
        self.dead = False
        self.paused = False
        self.interrupted = False
        """Whether it was ever killed or paused."""
        self.steps = 0
        self.kill_at: int | None = None
        self.pause_at: tuple[int, float] | None = None
        self.stopped: deque[asyncio.Handle] = deque()
        self.tasks: set[asyncio.Task[Any]] = set()
        """What would be closed, and would clean up, if nobody kept it."""

    def start(self, program: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Runs a coroutine in the process."""
        task = asyncio.get_running_loop().create_task(program, context=self.context.copy())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard, context=OUTSIDE)
        return task

    def kill(self) -> None:
        """Nothing of it runs any more."""
        self.dead = self.interrupted = True
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SoakLoop)
        loop.killed.append(self)
        self.tasks |= {
            task for task in asyncio.all_tasks(loop) if task.get_context().get(_process) is self
        }

    def pause(self, seconds: float) -> None:
        """Nothing of it runs for that long."""
        self.paused = self.interrupted = True
        asyncio.get_running_loop().call_later(seconds, self._resume, context=OUTSIDE)

    def _resume(self) -> None:
        self.paused = False
        if not self.dead:
            asyncio.get_running_loop().ready.extend(self.stopped)  # type: ignore[attr-defined]
            self.stopped.clear()


def current() -> Process | None:
    """The process that is running."""
    return _process.get()


async def die() -> None:
    """The process that is running is killed here."""
    process = _process.get()
    assert process is not None
    process.kill()
    await asyncio.sleep(0)


class Spinning(RuntimeError):
    """Something goes round and round, and no time passes: it would for ever."""


_MANY = 200_000
"""Steps that are never taken at one moment: the first load of a tenant takes a hundredth."""


class _Ready(deque[asyncio.Handle]):
    """The loop's queue. Steps of those who are dead or paused are not taken."""

    def __init__(
        self, handles: deque[asyncio.Handle], nothing: asyncio.Handle, time: Callable[[], float]
    ) -> None:
        super().__init__(handles)
        self.steps = 0
        self._nothing = nothing
        self._time = time
        self._seen = -1.0

    def popleft(self) -> asyncio.Handle:
        handle = super().popleft()
        process = handle._context.get(_process)  # type: ignore[attr-defined]
        self.steps += 1
        if self.steps % _MANY == 0:
            self._check()
        if process is None:
            return handle
        process.steps += 1
        if process.kill_at is not None and process.steps >= process.kill_at:
            process.kill_at = None
            process.kill()
        if process.pause_at is not None and process.steps >= process.pause_at[0]:
            seconds, process.pause_at = process.pause_at[1], None
            process.pause(seconds)
        if process.dead or process.paused:
            process.stopped.append(handle)
            return self._nothing
        return handle

    def _check(self) -> None:
        seen, self._seen = self._seen, self._time()
        if seen == self._seen:
            raise Spinning(f"It goes round and round at {seen:.1f} s.")


class SoakLoop(SimulatedLoop):
    """Simulated time with several processes."""

    def __init__(self, start: float) -> None:
        super().__init__(start)
        self.killed: list[Process] = []
        """Kept, frozen: collected, they would clean up."""
        nothing = asyncio.Handle(_nothing, (), self)
        nothing.cancel()
        self._ready = self.ready = _Ready(self._ready, nothing, self.time)  # type: ignore[assignment]


def run(main: Callable[[], Coroutine[Any, Any, Any]], start: float) -> Any:
    """Runs ``main`` to its end. What is left then is dropped without clean-up."""
    loop = SoakLoop(start)
    try:
        return loop.run_until_complete(loop.create_task(main(), context=OUTSIDE))
    except Deadlock:
        stacks = [simulated_time._stack(task) for task in asyncio.all_tasks(loop)]
        raise Deadlock("\n".join(stacks)) from None
    finally:
        simulated_time._abandon(loop)
        loop.close()


def _nothing() -> None:
    """A step that is not taken."""
