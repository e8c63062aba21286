"""The pace at five requests a second, on simulated time, against two kinds of limit."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping

from benchmarks.figure import Figure, Size
from provisioning.lease import REQUEST_TIMEOUT
from provisioning.scim.transport import Answer
from tests.scenarios.simulation import simulate
from tests.scenarios.test_scale import company
from tests.scenarios.world import World
from tests.support.scim_inprocess import InProcessScim

MEASURE = "pace"
RATE = 5
_LATENCY = 0.05
_LATENCIES = (0.02, 0.5, 2.0)
"""Seconds that ZSCloud takes to answer: requests in flight as needed."""

_SOURCE = "budget of pace"


class Jittery:
    """A network on which each request takes up to ``jitter`` seconds more to arrive."""

    def __init__(self, world: World, jitter: float) -> None:
        self._inner = InProcessScim(world.zscloud, world.clock, timeout_seconds=REQUEST_TIMEOUT)
        self._jitter = jitter
        self._random = random.Random(5)

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        """See ``Transport``."""
        await asyncio.sleep(self._random.uniform(0, self._jitter))
        return await self._inner.request(method, url, headers, body)


def measure(size: Size) -> list[Figure]:
    """The share of the allowed rate that was used, and of answers that were 429.

    A pace may have to be found: the 429 of the second half of the load are what it settles at.
    """
    figures: list[Figure] = []
    for limiter, jitter in [
        ("bucket", 0.0),
        ("bucket", 0.05),
        ("sliding", 0.0),
        ("sliding", 0.01),
        ("sliding", 0.02),
        ("sliding", 0.05),
    ]:
        used, throttled = _paced(size, limiter, jitter, _LATENCY)
        subject = f"{limiter}, 0-{jitter * 1000:.0f} ms jitter"
        # Behind a strict window the pace that jitter leaves is for the table to show.
        bound = 98.0 if limiter == "bucket" else None
        figures += [
            Figure(
                MEASURE,
                f"{subject}: rate used",
                used,
                "%",
                bound,
                "at least",
                _SOURCE if bound else "",
            ),
            Figure(MEASURE, f"{subject}: 429 once settled", throttled, "%", 0.1, source=_SOURCE),
        ]
    for latency in _LATENCIES:
        used, throttled = _paced(size, "bucket", 0.0, latency)
        subject = f"bucket, answers after {latency:g} s"
        figures += [
            Figure(MEASURE, f"{subject}: rate used", used, "%", 98.0, "at least", source=_SOURCE),
            Figure(MEASURE, f"{subject}: 429 once settled", throttled, "%", 0.1, source=_SOURCE),
        ]
    return figures


def _paced(size: Size, limiter: str, jitter: float, latency: float) -> tuple[float, float]:
    """Served requests a second as a percentage of the limit, and the percentage of 429 among the
    later half of the answers.
    """
    found: list[tuple[float, float]] = []

    async def story(world: World) -> None:
        world.transport = Jittery(world, jitter)
        world.zscloud.set_faults(latency=latency)
        await world.cycle()
        requests = world.scim()
        served = sum(r.status != 429 for r in requests)
        took = requests[-1].time - requests[0].time
        later = requests[len(requests) // 2 :]
        refused = sum(r.status == 429 for r in later)
        found.append((100 * (served - 1) / took / RATE, 100 * refused / len(later)))

    simulate(
        story,
        tenant=lambda: company(size.paced, 5),
        rate=RATE,
        zscloud={"rate": RATE, "limiter": limiter},
    )
    return found[0]
