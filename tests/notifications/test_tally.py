"""What a process counts, and when it stores it, on simulated time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest

from provisioning.errors import StoreUnavailable
from provisioning.notifications.batch import Batch, Dropped
from provisioning.notifications.counts import NotificationCounts
from provisioning.notifications.tally import EVERY, PATIENCE, NotificationTally
from provisioning.ports import Row
from provisioning.state.memory import MemoryStore
from tests.scenarios.simulation import RunningClock
from tests.simulated_time import run_simulated

JOB = "job"
HOUR = 3600.0


class Store(MemoryStore):
    """Counts writes; may be away, or slow."""

    def __init__(self) -> None:
        super().__init__(time=RunningClock().time)
        self.writes = 0
        self.is_away = False
        self.slow = 0.0

    async def write(self, rows: Sequence[Row]) -> None:
        self.writes += 1
        await asyncio.sleep(self.slow)
        if self.is_away:
            raise StoreUnavailable("away")
        await super().write(rows)


def run(story: Any) -> None:
    run_simulated(story)


def tally_of(store: Store, process: str = "host/1") -> NotificationTally:
    return NotificationTally(store, JOB, process, RunningClock())


async def summary(store: Store) -> tuple[int, dict[str, int]]:
    found = await NotificationCounts(store, JOB).summary(RunningClock().time())
    return found.accepted, found.dropped


def batch(accepted: int = 1, *refused: str, **dropped: int) -> Batch:
    return Batch(
        message=None,
        accepted=accepted,
        dropped={Dropped(why): number for why, number in dropped.items()},
        refused=frozenset(refused),
    )


def test_the_first_is_stored_at_once_and_the_rest_every_ten_seconds() -> None:
    async def story() -> None:
        store = Store()
        tally = tally_of(store)
        tally.add(batch(1), accepted=True)
        await asyncio.sleep(0.1)
        assert (await summary(store), store.writes) == ((1, {}), 1)
        for _ in range(1000):
            tally.add(batch(2, malformed=1), accepted=True)
            await asyncio.sleep(0.03)
        assert store.writes <= 30 / EVERY + 1
        # Also when nothing comes any more.
        await asyncio.sleep(EVERY)
        assert await summary(store) == (2001, {"malformed": 1000})
        writes = store.writes
        await asyncio.sleep(HOUR)
        assert store.writes == writes

    run(story)


def test_no_count_is_lost_between_two_hours() -> None:
    async def story() -> None:
        store = Store()
        tally = tally_of(store)
        await asyncio.sleep(HOUR - RunningClock().time() % HOUR - 1)
        tally.add(batch(1), accepted=True)
        await asyncio.sleep(0.5)
        tally.add(batch(10), accepted=True)
        await asyncio.sleep(1)
        tally.add(batch(100), accepted=True)
        await asyncio.sleep(EVERY)
        assert await summary(store) == (111, {})

    run(story)


def test_processes_count_side_by_side_and_a_day_later_it_is_gone() -> None:
    async def story() -> None:
        store = Store()
        for process in ("host/1", "host/2"):
            tally_of(store, process).add(batch(3, tenant=1), accepted=True)
        await asyncio.sleep(1)
        assert await summary(store) == (6, {"tenant": 2})
        await asyncio.sleep(25 * HOUR)
        assert await summary(store) == (0, {})
        rows = await store.count(f"{JOB}:notification_count")
        await asyncio.sleep(25 * HOUR)
        tally_of(store, "host/3").add(batch(1), accepted=True)
        await asyncio.sleep(1)
        assert (rows, await store.count(f"{JOB}:notification_count")) == (2, 1)

    run(story)


def test_of_a_batch_that_graph_sends_again_only_the_dropped_count() -> None:
    async def story() -> None:
        store = Store()
        tally_of(store).add(batch(5, malformed=2), accepted=False)
        await asyncio.sleep(1)
        assert await summary(store) == (0, {"malformed": 2})

    run(story)


def test_a_store_that_is_away_gets_them_later() -> None:
    async def story() -> None:
        store = Store()
        store.is_away = True
        tally = tally_of(store)
        tally.add(batch(1, "a-subscription", client_state=1), accepted=True)
        await asyncio.sleep(3 * EVERY)
        store.is_away = False
        await asyncio.sleep(EVERY)
        assert await summary(store) == (1, {"client_state": 1})
        assert await NotificationCounts(store, JOB).refused() == {"a-subscription"}

    run(story)


def test_a_process_that_ends_stores_what_it_has_and_waits_for_no_storage() -> None:
    async def story() -> None:
        store = Store()
        tally = tally_of(store)
        tally.add(batch(1), accepted=True)
        await asyncio.sleep(0.1)
        tally.add(batch(1), accepted=True)
        await tally.stored()
        assert await summary(store) == (2, {})
        store.slow = 40.0
        tally.add(batch(1), accepted=True)
        began = asyncio.get_running_loop().time()
        await tally.stored()
        assert asyncio.get_running_loop().time() - began <= PATIENCE + 0.001

    run(story)


def test_a_write_that_is_broken_off_is_done_again() -> None:
    async def story() -> None:
        store = Store()
        store.slow = 1.0
        tally = tally_of(store)
        tally.add(batch(1), accepted=True)
        await asyncio.sleep(0.5)
        await tally.stored()
        assert await summary(store) == (1, {})

    run(story)


def test_a_flood_of_forgeries_is_few_lines_of_log_and_none_of_its_content(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story() -> None:
        tally = tally_of(Store())
        for _ in range(3000):
            tally.add(batch(0, "their-text", client_state=1), accepted=True)
            await asyncio.sleep(0.01)
        await asyncio.sleep(EVERY)

    with caplog.at_level(logging.WARNING):
        run(story)
    lines = [record.getMessage() for record in caplog.records]
    assert 2 <= len(lines) <= 30 / EVERY + 2
    assert all(line.startswith("Notifications were dropped: client_state ") for line in lines)
    assert sum(int(line.rpartition(" ")[2]) for line in lines) == 3000
