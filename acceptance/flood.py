"""A flood of notifications, most of them about strangers: answered, bounded, and nothing lost."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from typing import Any

import aiohttp

from acceptance.live import graph_reads, provisioned, quantile, right
from acceptance.stage import SECRET, Stage, stage
from acceptance.telling import Telling
from demo.verify import differences

_READS_BOUND = 100
_GROWTH_BOUND = 1.25
_KNOWN = 0.05


async def flood(
    telling: Telling, *, users: int, rate: int, notifications: int, seconds: float, bound: float
) -> None:
    """So many POSTs within so many seconds; of the people they name, one in twenty is in scope.

    ``bound`` is in seconds, for 99 % of the answers.
    """
    async with stage(users, rate, apart=True, CYCLE_SCHEDULE="0 0 * * * *") as made:
        await provisioned(made, within=users / rate * 2 + 60)
        subscriptions = await made.subscribed()
        # The story tells itself.
        await made.remote.change("knobs", notification_loss_share=1.0)
        changed = await _move(made, int(notifications * _KNOWN / 2))
        told = _told(changed, notifications)
        hook = made.instances[0]
        reads, resident = await graph_reads(made), hook.resident()
        took, statuses = await _post_all(
            hook.url, subscriptions["users"]["id"], made, told, seconds
        )
        await right(made, within=len(changed) / rate * 2 + 60)
        reads = await graph_reads(made) - reads
        grown = hook.resident() / resident
        telling.measured(
            notifications=notifications,
            seconds=seconds,
            answer_p50_ms=quantile(took, 0.5) * 1000,
            answer_p99_ms=quantile(took, 0.99) * 1000,
            graph_reads=reads,
            resident_mib=hook.resident(),
            resident_growth=grown,
        )
        p99 = quantile(took, 0.99)
        telling.check(statuses == {202}, f"answers {sorted(statuses)}")
        telling.check(p99 < bound, f"99 % of the answers within {p99 * 1000:.0f} ms")
        telling.check(reads < _READS_BOUND, f"{reads} requests to Graph")
        telling.check(grown < _GROWTH_BOUND, f"the resident set grew to {grown:.2f} of it")
        telling.wrong += await differences(made.remote)
        telling.wrong += await made.wrong()


async def _move(made: Stage, count: int) -> list[str]:
    """Changes an attribute of so many people in scope, whom the flood then names."""
    directory = await made.remote.directory()
    people = sorted(id for id in directory.in_scope if directory.people[id].enabled)[:count]
    for number, id in enumerate(people):
        await made.remote.change("move", id=id, department=f"Flooded {number}")
    return people


def _told(changed: list[str], notifications: int) -> list[str]:
    """Whom the notifications are about: each who changed twice, and strangers, some repeated."""
    chance = random.Random(notifications)  # noqa: S311  no secret: the same run each time
    pool = [
        str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in range(notifications // 2)
    ]
    told = changed * 2 + [chance.choice(pool) for _ in range(notifications - 2 * len(changed))]
    chance.shuffle(told)
    return told


async def _post_all(
    url: str, subscription: str, made: Stage, told: list[str], seconds: float
) -> tuple[list[float], set[int]]:
    """Posts at an even pace. How long each answer took, and which answers there were."""
    tenant = made.remote.addresses["tenant_id"]
    took: list[float] = []
    statuses: set[int] = set()
    began = time.monotonic()

    async def post(session: aiohttp.ClientSession, id: str) -> None:
        sent = time.monotonic()
        body = {"value": [_item(subscription, tenant, id)]}
        async with session.post(f"{url}/api/notifications", json=body) as answer:
            statuses.add(answer.status)
        took.append(time.monotonic() - sent)

    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session,
        asyncio.TaskGroup() as posts,
    ):
        for number, id in enumerate(told):
            # One at a time: ten thousand that wait would hold up the first hundred.
            await asyncio.sleep(began + seconds * number / len(told) - time.monotonic())
            posts.create_task(post(session, id))
    return took, statuses


def _item(subscription: str, tenant: str, id: str) -> dict[str, Any]:
    return {
        "changeType": "updated",
        "clientState": SECRET,
        "resource": f"Users/{id}",
        "resourceData": {
            "@odata.type": "#Microsoft.Graph.User",
            "@odata.id": f"Users/{id}",
            "id": id,
        },
        "subscriptionId": subscription,
        "tenantId": tenant,
    }
