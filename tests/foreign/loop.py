"""An event loop on the real clock that skips its idle time.

While something is in flight the loop waits as any other does, so requests take the time that they
take. When all that is left is a timer, the clock is put forward to it: a day of waiting costs
nothing.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any


class _Selector(selectors.DefaultSelector):
    """Adds to ``skipped`` (seconds) instead of waiting, unless something is in flight."""

    skipped = 0.0
    in_flight = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.in_flight or timeout is None or timeout <= 0:
            return super().select(timeout)
        events = super().select(0)
        if not events:
            self.skipped += timeout
        return events


class SkippingLoop(asyncio.SelectorEventLoop):
    """Runs on the real clock plus what it has skipped."""

    def __init__(self) -> None:
        self._skipping = _Selector()
        super().__init__(self._skipping)

    @property
    def skipped(self) -> float:
        """Seconds that nobody waited for."""
        return self._skipping.skipped

    def time(self) -> float:
        return super().time() + self._skipping.skipped

    @contextmanager
    def waiting_for_an_answer(self) -> Iterator[None]:
        """No time is skipped within."""
        self._skipping.in_flight += 1
        try:
            yield
        finally:
            self._skipping.in_flight -= 1


class SkippingClock:
    """The time of the loop: epoch seconds, and seconds of a clock that never runs back."""

    def __init__(self, loop: SkippingLoop) -> None:
        self._loop = loop

    def time(self) -> float:
        return time.time() + self._loop.skipped

    def monotonic(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def running_loop() -> SkippingLoop:
    """The loop that runs the caller."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    return loop


def run_skipping(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs ``main()`` on a new loop to its end."""
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        runner.run(main())
