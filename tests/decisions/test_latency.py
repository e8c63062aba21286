"""Latencies, counted in steps of a tenth."""

from __future__ import annotations

import asyncio
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from provisioning.latency import Latencies, Summary, summarized
from provisioning.state.memory import MemoryStore

NOW = 1_700_000_000.0


def counted(times: list[float], at: list[float] | None = None) -> Summary:
    async def count() -> Summary:
        store = MemoryStore()
        latencies = Latencies(store, "job")
        await latencies.load(NOW)
        for number, seconds in enumerate(times):
            now = at[number] if at else NOW
            await store.write(latencies.rows(seconds, now))
        again = Latencies(store, "job")
        return await again.summary(NOW)

    return asyncio.run(count())


def test_nothing_counted_is_no_latency() -> None:
    assert counted([]) == Summary() == summarized(Counter())


@given(st.lists(st.floats(min_value=0.001, max_value=100_000), min_size=1, max_size=60))
def test_quantiles_are_at_most_a_tenth_too_high(times: list[float]) -> None:
    summary = counted(times)
    ordered = sorted(times)
    half = ordered[(len(ordered) + 1) // 2 - 1]
    assert summary.changes == len(times)
    assert summary.p50 is not None
    assert half * 0.999 - 0.001 <= summary.p50 <= half * 1.1001 + 0.001


def test_a_day_is_looked_back_on() -> None:
    assert counted([1.0, 2.0], [NOW - 25 * 3600, NOW]).changes == 1


def test_a_process_that_comes_later_counts_on() -> None:
    async def count() -> Summary:
        store = MemoryStore()
        for _ in range(3):
            latencies = Latencies(store, "job")
            await latencies.load(NOW)
            await store.write(latencies.rows(0.5, NOW))
        return await latencies.summary(NOW)

    assert asyncio.run(count()).changes == 3
