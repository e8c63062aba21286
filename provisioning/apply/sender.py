"""The one way to ZSCloud: every request waits for its slot and for the lease, and is retried by
one policy.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from provisioning.apply.pacer import Pacer, Priority, Turn
from provisioning.errors import LeaseUnavailable, RemoteUnavailable, Throttled
from provisioning.ports import Clock, Ids

T = TypeVar("T")

_TRIES = 5
_BACK_OFF = 0.5
_BACK_OFF_LIMIT = 20.0


class Fence(Protocol):
    """What says whether we may still write: the lease."""

    def may_send(self) -> bool:
        """Whether a request that starts now ends before the lease does."""
        ...


class Sender:
    """Sends requests for whoever asks, most urgent first.

    Retries what surely was not executed: 429 with Retry-After (which pauses everybody), and
    transient failures of reads. A lost answer of a write is not retried: the caller looks.
    """

    def __init__(self, pacer: Pacer, fence: Fence, clock: Clock, ids: Ids) -> None:
        self.pacer = pacer
        self._fence = fence
        self._clock = clock
        self._ids = ids
        self.deadline: float | None = None
        """When to give up on 429: until then it is waited out, since nothing was executed."""

    async def turn(self, priority: Priority) -> Turn:
        """Waits for a send slot; the request may be chosen after that."""
        return await self.pacer.turn(priority)

    async def send(
        self, call: Callable[[], Awaitable[T]], priority: Priority, turn: Turn | None = None
    ) -> T:
        """Sends one request and gives its answer.

        Raises ``LeaseUnavailable`` when the lease was lost: nothing was sent.
        """
        throttled = failed = 0
        while True:
            turn = turn or await self.pacer.turn(priority)
            if not self._fence.may_send():
                turn.give_back()
                raise LeaseUnavailable("The lease of this ZSCloud tenant was lost.")
            try:
                return await call()
            except Throttled as error:
                throttled += 1
                if self.deadline is not None and self._clock.monotonic() >= self.deadline:
                    raise
                self.pacer.refused(max(error.retry_after, self._back_off(throttled)))
            except RemoteUnavailable:
                failed += 1
                if failed >= _TRIES:
                    raise
                turn.finish()
                await self._clock.sleep(self._back_off(failed))
            finally:
                turn.finish()
            turn = None

    def _back_off(self, failed: int) -> float:
        longest: float = min(_BACK_OFF_LIMIT, _BACK_OFF * 2**failed)
        return longest * (0.5 + self._ids.random() / 2)
