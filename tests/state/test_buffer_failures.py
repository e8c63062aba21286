"""A write that fails, or whose caller goes away, loses and reorders nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from provisioning.errors import LeaseUnavailable, StoreUnavailable
from provisioning.ports import Row
from provisioning.rows.buffer import WriteBehind
from tests.state.clock import ManualClock, settle
from tests.state.scripted import Scripted, numbers, row


async def _defer(store: WriteBehind) -> None:
    store.defer([row(2)])


_CALLS: dict[str, Callable[[WriteBehind], Awaitable[object]]] = {
    "defer": _defer,
    "get": lambda store: store.get("links", "0001"),
    "scan": lambda store: store.scan("links"),
    "count": lambda store: store.count("links"),
}


@pytest.mark.parametrize("call", _CALLS)
async def test_a_failure_in_the_background_is_raised_by_the_next_call(
    base: Scripted, store: WriteBehind, clock: ManualClock, call: str
) -> None:
    base.fail = 1
    store.defer([row(1)])
    await settle()
    clock.advance(0.2)
    await settle()
    assert base.writes == []
    with pytest.raises(StoreUnavailable, match="is away"):
        await _CALLS[call](store)
    assert await store.get("links", "0001") == b"1"
    await settle()
    assert base.writes == []  # Tried again like what was just queued, not at once.
    clock.advance(0.2)
    await settle()
    expected = [1, 2] if call == "defer" else [1]
    assert numbers(base.writes) == [expected]
    await store.close()


async def test_a_failing_flush_raises_and_keeps_rows_and_order(
    base: Scripted, store: WriteBehind
) -> None:
    base.fail = 2
    store.defer([row(1)])
    with pytest.raises(StoreUnavailable):
        await store.flush()
    with pytest.raises(StoreUnavailable):
        await store.write([row(2)])
    assert await store.count("links") == 2
    store.defer([row(3)])
    await store.flush()
    assert numbers(base.writes) == [[1, 2, 3]]
    await store.close()


async def test_rows_deferred_during_a_failing_write_come_after_its_rows(
    base: Scripted, store: WriteBehind
) -> None:
    base.open.clear()
    base.fail = 1
    store.defer([Row("links", "k", b"old")])
    flushing = asyncio.create_task(store.flush())
    await settle()
    store.defer([Row("links", "k", b"new")])
    base.open.set()
    with pytest.raises(StoreUnavailable):
        await flushing
    assert await store.get("links", "k") == b"new"
    await store.flush()
    assert await base.get("links", "k") == b"new"
    assert [written.value for written in base.writes[0]] == [b"old", b"new"]
    await store.close()


async def test_all_who_wait_for_a_failing_write_learn_of_it_or_write_again(
    base: Scripted, store: WriteBehind
) -> None:
    base.fail = 1
    results = await asyncio.gather(
        *(store.write([row(n)]) for n in range(5)), return_exceptions=True
    )
    assert sum(isinstance(result, StoreUnavailable) for result in results) == 1
    assert numbers(base.writes) == [[0, 1, 2, 3, 4]]
    await store.close()


async def test_an_error_that_is_a_mistake_is_raised_too(
    base: Scripted, store: WriteBehind, clock: ManualClock
) -> None:
    base.fail, base.error = 1, RuntimeError("a mistake")
    store.defer([row(1)])
    await settle()
    clock.advance(0.2)
    await settle()
    with pytest.raises(RuntimeError, match="a mistake"):
        await store.get("links", "0001")
    await store.close()
    assert numbers(base.writes) == [[1]]


async def test_a_cancelled_caller_loses_nothing(base: Scripted, store: WriteBehind) -> None:
    base.open.clear()
    writing = asyncio.create_task(store.write([row(1)]))
    await settle()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await store.get("links", "0001") == b"1"
    base.open.set()
    await store.flush()
    assert numbers(base.writes) == [[1]]
    await store.close()


async def test_a_failure_that_no_caller_waited_for_is_raised_later(
    base: Scripted, store: WriteBehind
) -> None:
    base.open.clear()
    base.fail = 1
    writing = asyncio.create_task(store.write([row(1)]))
    await settle()
    writing.cancel()
    base.open.set()
    await settle()
    with pytest.raises(StoreUnavailable):
        store.defer([row(2)])
    await store.close()
    assert numbers(base.writes) == [[1, 2]]


async def test_rows_of_a_cancelled_writer_go_back_to_the_queue(
    base: Scripted, store: WriteBehind
) -> None:
    """As when the event loop ends: every task is cancelled, the writer too."""
    base.open.clear()
    store.defer([row(1)])
    flushing = asyncio.create_task(store.flush())
    await settle()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await flushing
    await settle()
    store.defer([row(2)])
    base.open.set()
    await store.close()
    assert numbers(base.writes) == [[1, 2]]


async def test_nothing_is_written_beyond_the_fence(base: Scripted, clock: ManualClock) -> None:
    """A process that was paused past its lease wakes up with outcomes that wait."""
    is_ours = True

    store = WriteBehind(base, clock, may_write=lambda: is_ours)
    store.defer([row(1)])
    await store.flush()
    is_ours = False
    store.defer([row(2)])
    with pytest.raises(LeaseUnavailable):
        await store.flush()
    with pytest.raises(LeaseUnavailable):
        await store.write([row(3)])
    assert numbers(base.writes) == [[1]]
