"""How work passes from one process to the next, so that nothing that is stored is forgotten.

Whoever files work stores it first, and then tries to get the lease. Whoever holds the lease looks
once more after letting go. So work that is stored is seen by one of the two: if the lease was not
free, its holder had not let go, and was still to look. Only a holder that dies does not look; for
that case a wake-up comes again and again, until the lease has run out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

from provisioning.errors import LeaseUnavailable
from provisioning.wake import Wakes

T = TypeVar("T")

_WATCH = 5.0
"""Seconds between looks at whether the holder of the lease still lives."""

_AT_ONCE = 0.25
"""Seconds that make no difference to somebody who waits for a change."""


class Handover(Generic[T]):
    """``hold`` gives the lease at once or raises ``LeaseUnavailable``; ``work`` works under it.

    ``left`` tells in how many seconds there is work again, ``None`` for none: it is asked when
    the lease is free again, with what was held, and must not count what only a later attempt can
    do. What only the holder files, it may remember; what others file, it has to look at.
    """

    def __init__(
        self,
        hold: Callable[[], AbstractAsyncContextManager[T]],
        work: Callable[[T], Awaitable[None]],
        left: Callable[[T | None], Awaitable[float | None]],
    ) -> None:
        self._hold = hold
        self._work = work
        self._left = left

    async def on_wake(self, wakes: Wakes, generation: int) -> bool:
        """One execution for a message of the queue. False if it was too old to count."""
        if not await wakes.take(generation):
            return False
        held = await self._worked()
        if held is None:
            await self.watch(wakes)
        else:
            await self._arm(wakes, held)
        return True

    async def once(self, wakes: Wakes) -> None:
        """One execution for something that is stored, without a message of the work queue."""
        held = await self._worked()
        if held is None:
            await wakes.ensure(_WATCH)
        else:
            await self._arm(wakes, held)

    async def _arm(self, wakes: Wakes, held: T) -> None:
        """A wake-up for what is left, unless another process has armed one for no later."""
        delay = await self._left(held)
        if delay is not None:
            await wakes.ensure(delay, slack=_AT_ONCE)

    async def _worked(self) -> T | None:
        """What was held, and is no more; ``None`` if another process holds the lease."""
        try:
            async with self._hold() as held:
                await self._work(held)
        except LeaseUnavailable:
            return None
        return held

    async def watch(self, wakes: Wakes) -> None:
        """Somebody else holds the lease, and looks after letting go, unless it dies."""
        await wakes.arm(_WATCH)

    async def look_again(self) -> None:
        """After letting go of the lease: works on if somebody has filed something meanwhile."""
        if await self._left(None) == 0:
            await self.here()

    async def here(self) -> bool:
        """Works in this process until nothing is left for now. False if another one does."""
        while True:
            held = await self._worked()
            if held is None:
                return False
            delay = await self._left(held)
            if delay is None or delay > 0:
                return True
