"""The one way to ZSCloud: every request waits for its slot and for the lease, and is retried by
one policy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from provisioning.apply.sending.batch import NotSent, Seat
from provisioning.apply.sending.halting import Halting
from provisioning.apply.sending.pacer import Pacer, Priority, Turn
from provisioning.apply.sending.pool import Loads, Pool
from provisioning.errors import LeaseUnavailable, RemoteUnavailable, Throttled
from provisioning.fence import fenced
from provisioning.instrumentation import attempt
from provisioning.model import Key, TargetObject, Write, newcomers_of
from provisioning.ports import Clock, Ids, TargetWriter, Unsent

T = TypeVar("T")

_TRIES = 5
_BACK_OFF = 0.5
_BACK_OFF_LIMIT = 20.0
_DOUBLINGS = 10
_PATIENCE = 1.0


class Fence(Protocol):
    """What says whether we may still write: the lease."""

    def may_send(self) -> bool:
        """Whether a request that starts now ends before the lease does."""
        ...


class Stopped(Exception):
    """The budget is spent, or the drain ends: nothing more is sent. What waits stays filed."""


class Halted(Stopped):
    """An operator has ordered a stop, or a restart that is to be carried out first."""


class Sender:
    """Sends requests for whoever asks, most urgent first.

    Retries what surely was not executed: 429 with Retry-After (which pauses everybody), and
    transient failures of reads. A lost answer of a write is not retried: the caller looks.
    ``halting`` is asked at each send; without it, no order of an operator ends the sending.
    """

    def __init__(
        self, pacer: Pacer, fence: Fence, clock: Clock, ids: Ids, halting: Halting | None = None
    ) -> None:
        self.pacer = pacer
        self._fence = fence
        self._halting = halting
        self._clock = clock
        self._ids = ids
        self._stopped = False
        self._pool: Pool | None = None
        self.deadline: float | None = None
        """When the budget is spent: no pause that ZSCloud asks for is waited out beyond it."""

    def share(self, loads: Loads | None) -> None:
        """From now on writes share slots as ``loads`` says; ``None``: each has its own."""
        self._pool = None if loads is None else Pool(self.pacer, self._clock, loads)

    def stop(self) -> None:
        """Who waits for a slot is sent away, and nobody gets one any more."""
        self._stopped = True
        self.pacer.dismiss(self)
        if self._pool is not None:
            self._pool.dismiss()

    def send_away(self, key: Key) -> None:
        """Who waits for a slot for this key is sent away: something more urgent of it has come."""
        self.pacer.dismiss(self, key)
        if self._pool is not None:
            self._pool.dismiss(key)

    def go_on(self) -> None:
        """Slots are given again."""
        self._stopped = False

    async def turn(
        self, priority: Priority, key: Key | None = None, *, shared: bool = False
    ) -> Turn:
        """Waits for a send slot; the request may be chosen after that. ``shared``: it is for a
        ``write``, which may go with others. Raises ``Stopped``, also when it is sent away.
        """
        if self._is_stopped():
            raise Stopped
        try:
            return await self._slot(priority, key, shared=shared)
        except asyncio.CancelledError:
            if not _is_cancelled():
                raise Stopped from None
            raise

    async def ride(
        self, priority: Priority, key: Key, until: Callable[[], Awaitable[None]]
    ) -> Seat | None:
        """A seat in a request that others have asked for; ``None`` once ``until`` returns. Raises
        ``Stopped``, also when it is sent away.
        """
        if self._is_stopped():
            raise Stopped
        if self._pool is None:
            await until()
            return None
        riding = asyncio.ensure_future(self._pool.ride(priority, key))
        waiting = asyncio.ensure_future(until())
        try:
            await asyncio.wait({riding, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if riding.cancelled():
                raise Stopped
            return riding.result() if riding.done() else None
        finally:
            riding.cancel()
            waiting.cancel()

    async def _slot(self, priority: Priority, key: Key | None, *, shared: bool) -> Turn:
        """The next slot, unless ZSCloud asked for a pause that outlasts the budget."""
        while self.deadline is not None:
            left = self.deadline - self._clock.monotonic()
            try:
                async with asyncio.timeout(left if left > 0 else _PATIENCE):
                    return await self._granted(priority, key, shared=shared)
            except TimeoutError:
                if self.pacer.paused_until > self.deadline:
                    raise Stopped from None
        return await self._granted(priority, key, shared=shared)

    async def _granted(self, priority: Priority, key: Key | None, *, shared: bool) -> Turn:
        if shared and self._pool is not None:
            return await self._pool.turn(priority, key)
        return await self.pacer.turn(priority, self, key)

    def _is_stopped(self) -> bool:
        return self._stopped

    async def write(
        self, writer: TargetWriter, write: Write, priority: Priority, turn: Turn | None = None
    ) -> TargetObject | None:
        """Sends a write: by itself, or with others if it shares its turn with them. Raises as
        ``send`` does, and ``NotSent`` for one that names what others create.
        """
        failed = 0
        while isinstance(turn, Seat):
            shared = True
            try:
                return await turn.hand_in(write)
            except NotSent as error:
                if newcomers_of(write):
                    raise  # Those whom it names may have accounts by now.
                shared = error.why is not Unsent.ALONE
            except RemoteUnavailable:
                failed += 1
                if newcomers_of(write):
                    raise NotSent(Unsent.LATER) from None
                if failed >= _TRIES:
                    raise
                await self._clock.sleep(self.back_off(failed))
            finally:
                turn.give_back()
            turn = await self.turn(priority, shared=shared)
        return await self.send(lambda: writer.write(write), priority, turn)

    async def send(
        self,
        call: Callable[[], Awaitable[T]],
        priority: Priority,
        turn: Turn | None = None,
        *,
        tries: int = _TRIES,
    ) -> T:
        """Sends one request and gives its answer.

        With ``tries`` of 1 it is sent once, whatever comes.
        Raises ``LeaseUnavailable`` when the lease was lost, ``Halted`` when an operator has ordered
        so, and ``Stopped``: nothing was sent.
        """
        throttled = failed = 0
        while True:
            turn = turn or await self.turn(priority)
            try:
                with attempt(throttled + failed + 1):
                    return await self.in_slot(turn, call)
            except Throttled as error:
                throttled += 1
                self.pacer.refused(max(error.retry_after, self.back_off(throttled)))
                if tries == 1:
                    raise
            except RemoteUnavailable:
                failed += 1
                if failed >= tries:
                    raise
                await self._clock.sleep(self.back_off(failed))
            turn = None

    async def in_slot(self, turn: Turn, call: Callable[[], Awaitable[T]]) -> T:
        """Sends one request in a slot, once. Raises what ``call`` does, and ``LeaseUnavailable``
        and ``Halted``: then nothing was sent, and the slot is given back.
        """
        try:
            await turn.start()
            await self._unless_halted()
            with fenced(self._fence.may_send, turn.written, self._unless_halted):
                return await call()
        except (LeaseUnavailable, Halted):
            turn.give_back()
            raise
        finally:
            turn.finish()

    async def is_halted(self) -> bool:
        """Whether an operator wants nothing more to be sent."""
        return self._halting is not None and await self._halting.is_wanted()

    async def _unless_halted(self) -> None:
        if await self.is_halted():
            raise Halted

    def back_off(self, failed: int) -> float:
        """Seconds to wait after so many failures in a row, not the same for everybody."""
        longest: float = min(_BACK_OFF_LIMIT, _BACK_OFF * 2 ** min(failed, _DOUBLINGS))
        return longest * (0.5 + self._ids.random() / 2)


def _is_cancelled() -> bool:
    """Whether somebody cancelled the running task itself."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
