"""Two instances that are killed again and again: the load ends right, and hardly later."""

from __future__ import annotations

import random
import time

from acceptance.stage import Stage, stage
from acceptance.telling import Telling
from provisioning.lease import LEASE_SECONDS

_SLACK = 1.15
_SPREAD = 1.01
_AROUND = 10.0
"""Seconds for what is not paced: reading Entra before the first request, noticing the end."""


async def killed(telling: Telling, *, users: int, rate: int, kills: int) -> None:
    """Kill -9 at random moments of an initial load, restarted each time."""
    chance = random.Random(users)  # noqa: S311  no secret: the same run each time
    points = sorted(chance.uniform(0.02, 0.95) * users for _ in range(kills))
    async with stage(users, rate, DRAIN_BUDGET_SECONDS="240") as made:
        began = time.monotonic()
        cycle_id = await made.start_initial()
        holders, restarting = await _kill_at(made, points, chance)
        cycle = await made.ended(cycle_id, within=users / rate * 3 + 60 * kills + 60)
        took = time.monotonic() - began
        sent = len(await made.remote.requests())
        floor = sent * _SPREAD / rate
        bound = _SLACK * floor + LEASE_SECONDS * holders + restarting + _AROUND
        telling.measured(
            users=users,
            kills=kills,
            killed_holders=holders,
            requests=sent,
            floor_seconds=floor,
            seconds=took,
            bound_seconds=bound,
        )
        telling.check(cycle["status"] == "completed", f"the cycle ended as {cycle['status']}")
        telling.check(took <= bound, f"it took {took:.0f} s, more than {bound:.0f} s")
        telling.wrong += await made.wrong()
        await _nothing_is_left(made, telling)


async def _kill_at(made: Stage, points: list[float], chance: random.Random) -> tuple[int, float]:
    """Kills an instance each time so many accounts are there. How many of them held the lease,
    and the seconds that starting them anew took.
    """
    holders, restarting = 0, 0.0
    for point in points:
        await made.reached(point)
        victim = chance.choice(made.instances)
        holders += victim is await made.holder()
        await victim.kill()
        began = time.monotonic()
        await victim.start()
        restarting += time.monotonic() - began
    return holders, restarting


async def _nothing_is_left(made: Stage, telling: Telling) -> None:
    """One more cycle writes nothing."""
    before = len(await made.remote.requests())
    again = await made.instances[0].call("POST", "cycles", {"kind": "incremental"})
    await made.ended(str(again["cycle_id"]), within=60)
    more = (await made.remote.requests())[before:]
    telling.check(not more, f"a cycle after it sent {len(more)} requests to ZSCloud")
