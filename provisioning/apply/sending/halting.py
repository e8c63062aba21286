"""Whether an operator wants sending to end, as it is known to who sends.

The storage is asked again and again, but no send waits for it: what is known may be a quarter of
a second old, and is asked anew beside the sending before it is. Only after a silence is it waited
for.
"""

from __future__ import annotations

import asyncio

from provisioning.orders import Orders
from provisioning.ports import Clock

FRESH = 0.25
"""Seconds: what a send goes by was asked no longer ago. A storage that takes longer than that to
answer is asked right before, and waited for.
"""

_AHEAD = 0.125


class Halting:
    """The orders of one job, while the lease is ours."""

    def __init__(self, orders: Orders, clock: Clock) -> None:
        self._orders = orders
        self._clock = clock
        self._asked_at = float("-inf")
        """When that was asked whose answer is known."""
        self._wanted = False
        self._asking: asyncio.Task[None] | None = None

    async def is_wanted(self) -> bool:
        """Whether sending has to end. Raises ``StoreUnavailable``: then nobody knows."""
        now = self._clock.monotonic()
        while self._asked_at < now - FRESH:
            await asyncio.shield(self._ask())
        if self._asked_at < now - _AHEAD:
            self._ask()
        return self._wanted

    async def close(self) -> None:
        """Ends what is under way."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    def _ask(self) -> asyncio.Task[None]:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._read())
            # Where nobody waits for it, the next one who does asks again.
            self._asking.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._asking

    async def _read(self) -> None:
        began = self._clock.monotonic()
        self._wanted = await self._orders.any()
        self._asked_at = began
