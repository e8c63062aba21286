"""What a group of 50 outcomes costs, each recorded in up to nine tables."""

from __future__ import annotations

import random

import pytest

from provisioning.lanes import Lane
from provisioning.provisioning_log import LogQuery
from tests.state.azure_storage import watched
from tests.state.clock import ManualClock
from tests.state.outcomes import Outcomes

_REQUESTS = {
    # The page of a large work set, in its order: neighbours, so rows of few partitions. What is
    # spread by the names and the ids of new accounts makes the difference.
    ("created", "neighbours"): 42,
    ("updated", "neighbours"): 10,
    ("failed", "neighbours"): 10,
    # Live changes, of anybody.
    ("created", "anybody"): 75,
    ("updated", "anybody"): 42,
    ("failed", "anybody"): 25,
}
"""At most so many requests for 50 outcomes. Row by row they would be 300 to 450."""


@pytest.mark.parametrize(("kind", "order"), _REQUESTS)
async def test_fifty_outcomes_are_few_requests(kind: str, order: str) -> None:
    async with watched() as (proxy, store):
        outcomes = Outcomes.on(store)
        items = await outcomes.filed(600 if order == "neighbours" else 100)
        if kind == "created":
            await outcomes.announced(items)
        if order == "anybody":
            random.Random(1).shuffle(items)
        for part in (items[:50], items[50:100]):
            for item in part:
                getattr(outcomes, kind)(item)
            proxy.seen.clear()
            await outcomes.job.store.flush()
        assert len(proxy.seen) <= _REQUESTS[kind, order], proxy.kinds
        job = outcomes.job
        left = await job.work.page(Lane.BULK, limit=1000)
        assert {item.key for item in left} == {item.key for item in items[100:]}
        assert len(await job.log._by_time.page(limit=1000)) == 100
        assert await job.links.rows.count() == (0 if kind == "failed" else 100)
        assert await job.links.intents.count() == max(0, len(items) - 100) * (kind == "created")
        assert await job.escrow.count() == (100 if kind == "failed" else 0)
        await job.store.close()


async def test_old_entries_of_the_log_are_forgotten_in_few_requests() -> None:
    """Some at a time, and with all that is found by them."""
    async with watched() as (proxy, store):
        outcomes = Outcomes.on(store)
        log, clock = outcomes.job.log, outcomes.job.clock
        assert isinstance(clock, ManualClock)
        for part in range(3):
            clock.now = 1_700_000_000.0 + 100_000 * part
            for number, item in enumerate(await outcomes.filed(40, seed=part)):
                (outcomes.failed if number % 4 == 0 else outcomes.updated)(item)
            await outcomes.job.store.flush()
        proxy.seen.clear()
        for left in (80, 40, 40):
            await store.write(await log.forget_before(1_700_150_000.0, limit=40))
            assert len(await log._by_time.page()) == left
        assert len(proxy.seen) < 30
        entries, _ = await log.query(LogQuery(limit=1000))
        assert [entry.time for entry in entries] == [1_700_200_000.0] * 40
        keys = {entry.key for entry in entries}
        for table in (log._by_principal, log._attention):
            kept = await table.page(limit=1000)
            assert {"/".join(key.split("/")[-2:]) for key, _ in kept} <= keys
        assert len(await log._attention.page(limit=1000)) == 10
        await outcomes.job.store.close()
