"""The send slots of one ZSCloud tenant.

ZSCloud answers at most 5 requests a second. Slots are 1.01/rate apart: 99 % of the rate, so that
10 ms of jitter never puts six requests into one second. Whoever is most urgent gets the next
slot, at the moment it is free: nothing queues ahead of a leaver.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Iterable
from typing import TypeVar

from provisioning.ports import Clock

_SPREAD = 1.01
_WIDER = 0.01
_WIDEST = 1.06
_RELAXED_AFTER = 2000
_TOLERATED_LATENESS = 0.005
_CLOSER = 0.001
_REMEMBERED = 8
WAITED = 0.02
"""Seconds from the wish to the slot, from which on what is sent is chosen anew."""

Priority = tuple[int, ...]
"""Smaller goes first: lane, then rank."""


class Turn:
    """One send slot. Give it back if nothing is sent, so that the next in line may have it."""

    def __init__(self, pacer: Pacer, before: float, after: float, *, waited: bool) -> None:
        self.pacer = pacer
        self._open = True
        self.before = before
        self.after = after
        self.waited = waited
        """Whether time passed between the wish and the slot."""

    async def start(self) -> None:
        """The request is about to be written. Late ones move the slots after them, and two that
        were held up together are taken apart again.
        """
        await self.pacer._start()  # noqa: SLF001

    def written(self) -> None:
        """The request is being written to the wire, maybe later than it was about to be."""
        self.pacer._wrote()  # noqa: SLF001

    def give_back(self) -> None:
        """Nothing was sent in this slot."""
        if self._open:
            self._open = False
            self.pacer._finish(self, sent=False)  # noqa: SLF001

    def finish(self) -> None:
        """The answer has come, or never will."""
        if self._open:
            self._open = False
            self.pacer._finish(self, sent=True)  # noqa: SLF001


T = TypeVar("T", bound=Turn)


async def granted(turn: asyncio.Future[T]) -> T:
    """The turn, when it comes. One that comes as the wait is cancelled is given back."""
    try:
        return await turn
    except asyncio.CancelledError:
        if turn.done() and not turn.cancelled():
            turn.result().give_back()
        raise


class Pacer:
    """Grants turns at the rate, most urgent first. ``rate`` is requests a second; 0 is unlimited.

    ``in_flight`` bounds how many requests may be unanswered at once.
    """

    def __init__(self, rate: float, clock: Clock, *, in_flight: int = 16) -> None:
        self._base = 1 / rate if rate > 0 else 0.0
        self._spread = _SPREAD
        self._since_refusal = 0
        self._clock = clock
        self._limit = in_flight if rate <= 0 else max(in_flight, int(rate * 20))
        self._flying = 0
        self._next = 0.0
        self._started = float("-inf")
        self.paused_until = 0.0
        """Until when ZSCloud asked for silence."""
        self._waiting: list[
            tuple[Priority, int, float, tuple[object, object], asyncio.Future[Turn]]
        ] = []
        self._cold = rate > 0
        self._counter = 0
        self._changed = asyncio.Event()
        self._granting: asyncio.Task[None] | None = None
        self._sent: deque[float] = deque(maxlen=_REMEMBERED)

    async def turn(self, priority: Priority, who: object = None, what: object = None) -> Turn:
        """Waits for the next send slot that nobody more urgent wants.

        By ``who`` wants it, and for ``what``, the wait can be ended: ``dismiss``.
        """
        asked = self._clock.monotonic()
        future: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        self._counter += 1
        heapq.heappush(self._waiting, (priority, self._counter, asked, (who, what), future))
        self._changed.set()
        if self._granting is None or self._granting.done():
            self._granting = asyncio.create_task(self._grant())
        return await granted(future)

    def within(self, seconds: float) -> int:
        """How many requests may be sent within so many seconds: at least one, and not more than
        may be unanswered.
        """
        return (
            self._limit if not self._base else max(1, min(self._limit, int(seconds / self._base)))
        )

    @property
    def _interval(self) -> float:
        return self._base * self._spread

    def refused(self, retry_after: float) -> None:
        """ZSCloud answered 429: nothing is sent for a while, and then a little slower.

        A server that counts a sliding second sees our jitter as too much; the spread settles
        where it does not.
        """
        self._spread = min(_WIDEST, self._spread + _WIDER)
        self._since_refusal = 0
        self.pause(retry_after)

    def pause(self, seconds: float) -> None:
        """No request is sent for that long."""
        self.paused_until = max(self.paused_until, self._clock.monotonic() + seconds)
        self._next = max(self._next, self.paused_until)
        self._changed.set()

    def sends(self) -> list[float]:
        """The last send times, in epoch seconds: they travel with the lease."""
        return list(self._sent)

    def resume_after(self, sends: Iterable[float]) -> None:
        """Takes over the pace of the previous holder of the lease."""
        last = max(sends, default=0.0)
        wait = last + self._interval - self._clock.time()
        if wait > 0:
            # The clocks of two machines may differ: longer than an interval it never is.
            self.pause(min(wait, self._interval))

    def dismiss(self, who: object, what: object = None) -> None:
        """Who waits for a slot is sent away with ``CancelledError``: what is waited for by ``who``
        for ``what``, or all by ``who``. Another execution of this process may go on.
        """
        for *_, (by, for_what), future in self._waiting:
            if by is who and what in (None, for_what):
                future.cancel()

    async def close(self) -> None:
        """Stops granting; those who wait are cancelled."""
        if self._granting is not None:
            self._granting.cancel()
            await asyncio.gather(self._granting, return_exceptions=True)
        for *_, future in self._waiting:
            future.cancel()
        self._waiting.clear()

    async def _grant(self) -> None:
        while self._waiting:
            self._changed.clear()
            now = self._clock.monotonic()
            if self._flying >= (1 if self._cold else self._limit):
                await self._changed.wait()
            elif now < self._next:
                # A pause may lengthen the wait; a more urgent caller just joins the heap.
                await self._clock.sleep(self._next - now)
            else:
                self._grant_one(now)

    def _grant_one(self, now: float) -> None:
        _, _, asked, _, future = heapq.heappop(self._waiting)
        if future.done():
            return
        before = self._next
        late = now - self._next
        start = self._next if late < _TOLERATED_LATENESS else now
        self._next = start + self._interval
        self._flying += 1
        self._since_refusal += 1
        if self._since_refusal >= _RELAXED_AFTER and self._spread > _SPREAD:
            self._spread -= _WIDER
            self._since_refusal = 0
        self._sent.append(self._clock.time())
        future.set_result(Turn(self, before, self._next, waited=now - asked >= WAITED))

    async def _start(self) -> None:
        # Looked at again after each wait: the request before may have been written late meanwhile.
        while (wait := self._started + self._interval - _CLOSER - self._clock.monotonic()) > 0:
            await self._clock.sleep(wait)
        self._wrote()

    def _wrote(self) -> None:
        """A request is written now: the next one counts from here."""
        now = self._clock.monotonic()
        self._started = now
        if self._next - now < self._interval - _TOLERATED_LATENESS:
            self._next = now + self._interval

    def _finish(self, turn: Turn, *, sent: bool) -> None:
        self._flying -= 1
        if sent and self._cold:
            # The first request of a process connects, and reaches the server late: the grid
            # begins when it is answered.
            self._cold = False
            self._next = max(self._next, self._clock.monotonic() + self._interval)
        elif not sent and self._next == turn.after:
            # Nobody was granted a later slot, and no pause began: the slot is free again.
            self._sent.pop()
            self._next = max(turn.before, self._clock.monotonic())
        self._changed.set()
