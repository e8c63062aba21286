"""The holder of the lease is paused past its end: it sends nothing more."""

from __future__ import annotations

import asyncio
import time

from acceptance.stage import Stage, stage
from acceptance.telling import Telling
from provisioning.lease import LEASE_SECONDS

_TOLERANCE = 0.5


async def paused(telling: Telling, *, users: int, rate: int) -> None:
    """SIGSTOP for two lease lengths, then SIGCONT, while the other instance takes over."""
    async with stage(users, rate, DRAIN_BUDGET_SECONDS="240") as made:
        cycle_id = await made.start_initial()
        await made.reached(rate * 2)
        holder = await made.holder()
        assert holder is not None
        stopped = time.time()
        holder.pause()
        await asyncio.sleep(2 * LEASE_SECONDS)
        woken = time.time()
        holder.go_on()
        cycle = await made.ended(cycle_id, within=users / rate * 3 + 120)
        ended = time.time()
        if cycle["status"] != "completed":
            made.show_logs()
        late = [
            sent - stopped
            for sent in made.relays[holder.name].sent
            if stopped + LEASE_SECONDS + _TOLERANCE < sent < ended
        ]
        telling.measured(
            users=users,
            paused_seconds=woken - stopped,
            went_on_seconds=ended - woken,
            first_of_the_other_after_seconds=_takeover(made, holder.name, stopped),
            late_requests=len(late),
        )
        telling.check(ended - woken > 5, "the load ended too early to show anything")
        telling.check(not late, f"{len(late)} requests after its lease ended: {late[:5]}")
        telling.check(cycle["status"] == "completed", f"the cycle ended as {cycle['status']}")
        telling.wrong += await made.wrong()


def _takeover(made: Stage, stopped_name: str, stopped: float) -> float:
    """Seconds after the stop until the other instance sent its first request."""
    (other,) = (relay for name, relay in made.relays.items() if name != stopped_name)
    return min((sent - stopped for sent in other.sent if sent > stopped), default=-1.0)
