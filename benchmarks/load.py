"""The load of a company at five requests a second on simulated time, with and without Bulk, and
leavers in the middle of it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from benchmarks.figure import Figure, Size
from provisioning.lanes import Lane
from provisioning.notifications.message import HintMessage
from provisioning.operations import hints
from tests.scenarios.simulation import simulate
from tests.scenarios.test_scale import company, floor
from tests.scenarios.world import World

MEASURE = "load"
RATE = 5
_LATENCY = 0.05
_USED = 0.98
_BULK_OPERATIONS = 100
_BULK_SECONDS = 60.0
_BULK_USERS = 10_000
"""With Bulk of a hundred, so many users and 200 groups in so many seconds."""

_LOOK = 0.01
"""Seconds between two looks at the urgent lane: simulated time costs nothing."""

_LEAVERS = 5


@dataclass
class _Loaded:
    """Seconds, requests, answers 429 and wrong objects of one load; of each leaver the requests
    sent from when its item was in the lane on, its own included, and the seconds since the hint.
    """

    seconds: float = 0.0
    requests: int = 0
    refused: int = 0
    wrong: int = 0
    places: list[int] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)


def measure(size: Size) -> list[Figure]:
    """One by one, in Bulk, and one by one with leavers."""
    users = size.load
    subject = f"{users:,} users, {size.groups} groups"
    single = _loaded(size, bulk=False)
    bulk = _loaded(size, bulk=True)
    leaving = _loaded(size, bulk=False, leavers=_LEAVERS)
    least = floor(users, size.groups)
    bulk_bound = max(10.0, _BULK_SECONDS * users / _BULK_USERS)
    return [
        Figure(MEASURE, f"{subject}: requests", single.requests, "", least * 1.02, at=users),
        Figure(
            MEASURE,
            f"{subject}: rate used",
            100 * (single.requests - 1) / single.seconds / RATE,
            "%",
            100 * _USED,
            "at least",
            "budget of pace",
        ),
        Figure(MEASURE, f"{subject}: time", single.seconds, "s", at=users),
        *_clean(subject, single),
        Figure(MEASURE, f"{subject}, Bulk: requests", bulk.requests, "", at=users),
        Figure(
            MEASURE,
            f"{subject}, Bulk: time",
            bulk.seconds,
            "s",
            bulk_bound,
            source=f"{_BULK_SECONDS:.0f} s for {_BULK_USERS:,} users",
            at=users,
        ),
        *_clean(f"{subject}, Bulk", bulk),
        Figure(
            MEASURE,
            f"leaver in the load: its request, worst of {len(leaving.places)}",
            max(leaving.places),
            "",
            2.0,
            source="the next or next but one, once in its lane",
        ),
        Figure(MEASURE, "leaver in the load: from the hint, worst", max(leaving.waits), "s"),
        *_clean(f"{subject}, leavers", leaving),
    ]


def _clean(subject: str, loaded: _Loaded) -> list[Figure]:
    return [
        Figure(MEASURE, f"{subject}: answers 429", loaded.refused, "", 0.0),
        Figure(MEASURE, f"{subject}: wrong objects", loaded.wrong, "", 0.0),
    ]


def _loaded(size: Size, *, bulk: bool, leavers: int = 0) -> _Loaded:
    found = _Loaded()

    async def story(world: World) -> None:
        world.zscloud.set_faults(latency=_LATENCY)
        began = world.clock.time()
        cycle = asyncio.ensure_future(world.cycle("initial"))
        load = floor(size.load, size.groups) / RATE
        for number in range(leavers):
            await world.clock.sleep(load / (leavers + 2) + 0.07 * number)
            await _leave(world, found)
        await cycle
        requests = world.scim()
        found.seconds = requests[-1].time - began + _LATENCY
        found.requests = len(requests)
        found.refused = sum(request.status == 429 for request in requests)
        found.wrong = len(world.differences())

    simulate(
        story,
        tenant=lambda: company(size.load, size.groups),
        rate=RATE,
        zscloud={
            "rate": RATE,
            "burst": RATE,
            "bulk": bulk,
            "bulk_max_operations": _BULK_OPERATIONS,
        },
    )
    return found


async def _leave(world: World, found: _Loaded) -> None:
    """Somebody who has an account is disabled, and Graph tells of it; until ZSCloud knows."""
    account = next(u for u in world.zscloud.users if u.external_id and u.active)
    id = str(account.external_id)
    world.tenant.disable(id)
    told = world.clock.time()
    services = world.services()
    await hints.take_in(services, HintMessage(told=told, users={id: 0}))
    filed: int | None = None
    while True:
        if filed is None and await _is_filed(services.job().work, id):
            filed = len(world.zscloud.requests)
        sent = _sent(world, account.id, told)
        if sent is not None:
            position, at = sent
            found.places.append(position + 1 - filed if filed is not None else 1)
            found.waits.append(at - told)
            return
        await world.clock.sleep(_LOOK)


async def _is_filed(work: object, id: str) -> bool:
    items = await work.page(Lane.LEAVERS, limit=100)  # type: ignore[attr-defined]
    return any(item.key.id == id for item in items)


def _sent(world: World, account: str, since: float) -> tuple[int, float] | None:
    """Which request wrote the account, counted from 0, and when."""
    path = f"/Users/{account}"
    requests = list(world.zscloud.requests)
    for number in range(len(requests) - 1, -1, -1):
        request = requests[number]
        if request.time < since:
            return None
        if request.method == "PATCH" and request.path == path:
            return number, request.time
    return None
