"""Deferred rows are written together, in order, and when their time has come."""

from __future__ import annotations

import asyncio

import pytest

from provisioning.errors import StoreUnavailable
from provisioning.ports import Row
from provisioning.rows.buffer import WriteBehind
from tests.simulated_time import SimulatedClock, SimulatedLoop, run_simulated
from tests.state.clock import ManualClock, settle
from tests.state.scripted import Scripted, numbers, row


async def test_outcomes_are_written_together_when_the_first_is_200_ms_old(
    base: Scripted, store: WriteBehind, clock: ManualClock
) -> None:
    store.defer([row(1), row(2)])
    await settle()
    clock.advance(0.15)
    store.defer([row(3)])
    await settle()
    assert base.writes == []
    clock.advance(0.05)
    await settle()
    assert numbers(base.writes) == [[1, 2, 3]]
    store.defer([row(4)])
    await settle()
    clock.advance(0.19)
    await settle()
    assert len(base.writes) == 1
    clock.advance(0.01)
    await settle()
    assert numbers(base.writes[1:]) == [[4]]
    assert clock.sleepers == 0
    await store.close()


async def test_fifty_outcomes_are_written_at_once(base: Scripted, store: WriteBehind) -> None:
    for n in range(49):
        store.defer([row(n), row(n + 1000)])
    await settle()
    assert base.writes == []
    store.defer([row(49)])
    await settle()
    assert [len(rows) for rows in base.writes] == [99]
    await store.close()
    assert len(base.writes) == 1


async def test_who_records_more_than_is_written_waits(base: Scripted, store: WriteBehind) -> None:
    base.open.clear()
    store.defer([row(n) for n in range(2000)])
    await settle()
    assert base.at_once == 1  # many rows do not wait for their time
    await store.room()
    store.defer([row(n) for n in range(5000)])
    waiting = asyncio.create_task(store.room())
    await settle()
    assert not waiting.done()
    base.open.set()
    await waiting
    assert [len(rows) for rows in base.writes] == [2000, 5000]
    await store.close()


async def test_what_is_deferred_during_a_write_has_its_own_200_ms(
    base: Scripted, store: WriteBehind, clock: ManualClock
) -> None:
    base.open.clear()
    store.defer([row(1)])
    flushing = asyncio.create_task(store.flush())
    await settle()
    clock.advance(0.1)
    store.defer([row(2)])
    base.open.set()
    await flushing
    await settle()
    assert numbers(base.writes) == [[1]]
    clock.advance(0.1)  # The first row's time; it is written already.
    await settle()
    assert numbers(base.writes) == [[1]]
    clock.advance(0.1)
    await settle()
    assert numbers(base.writes) == [[1], [2]]
    await store.close()


async def test_many_outcomes_during_a_slow_write_follow_it_at_once(
    base: Scripted, store: WriteBehind
) -> None:
    base.open.clear()
    for n in range(120):
        store.defer([row(n)])
        await settle()
    base.open.set()
    await settle()
    assert [len(rows) for rows in base.writes] == [50, 70]
    assert base.most_at_once == 1
    await store.close()


async def test_a_write_is_durable_and_keeps_the_order(base: Scripted, store: WriteBehind) -> None:
    store.defer([row(1)])
    await store.write([row(2)])
    assert numbers(base.writes) == [[1, 2]]
    await store.close()


async def test_a_flush_waits_for_what_was_queued_before_it(
    base: Scripted, store: WriteBehind
) -> None:
    """Also for rows of a write that someone else began, and for those that did not get into it."""
    base.open.clear()
    store.defer([row(1)])
    first = asyncio.create_task(store.flush())
    await settle()
    store.defer([row(2)])
    second = asyncio.create_task(store.flush())
    await settle()
    assert not first.done()
    assert not second.done()
    base.open.set()
    await asyncio.gather(first, second)
    assert numbers(base.writes) == [[1], [2]]
    assert base.most_at_once == 1
    await store.flush()
    assert len(base.writes) == 2
    await store.close()


async def test_concurrent_writers_are_served_in_order(base: Scripted, store: WriteBehind) -> None:
    await asyncio.gather(*(store.write([row(n)]) for n in range(30)))
    assert [n for write in numbers(base.writes) for n in write] == list(range(30))
    assert base.most_at_once == 1
    await store.close()


async def test_closing_flushes_and_leaves_no_task(
    base: Scripted, store: WriteBehind, clock: ManualClock
) -> None:
    store.defer([row(1)])
    await settle()
    assert clock.sleepers == 1
    await store.close()
    await store.close()
    assert numbers(base.writes) == [[1]]
    assert base.closed == 1
    assert asyncio.all_tasks() == {asyncio.current_task()}
    with pytest.raises(StoreUnavailable, match="was closed"):
        store.defer([row(2)])
    with pytest.raises(StoreUnavailable, match="was closed"):
        await store.write([row(2)])


async def test_closing_says_that_it_could_not_flush(base: Scripted, store: WriteBehind) -> None:
    base.fail = 1
    store.defer([row(1)])
    with pytest.raises(StoreUnavailable):
        await store.close()
    assert base.closed == 1
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_minutes_of_outcomes_on_simulated_time() -> None:
    """One outcome every 100 ms: a write holds those of 200 ms, and none is lost."""

    async def main() -> list[list[Row]]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedLoop)
        clock, base = SimulatedClock(loop), Scripted()
        store = WriteBehind(base, clock)
        for n in range(3000):
            store.defer([row(n)])
            await clock.sleep(0.1)
        await store.close()
        return base.writes

    writes = run_simulated(main).result
    assert [n for write in numbers(writes) for n in write] == list(range(3000))
    assert {len(rows) for rows in writes} <= {1, 2, 3}
    assert 900 < len(writes) < 1600
