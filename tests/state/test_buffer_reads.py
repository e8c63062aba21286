"""Deferred rows are seen at once, also while they are written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from provisioning.ports import Row
from provisioning.rows.buffer import WriteBehind
from tests.state.clock import ManualClock, settle
from tests.state.scripted import Scripted, row


@pytest.mark.parametrize("early", [False, True])
async def test_rows_are_seen_while_they_are_written(
    base: Scripted, store: WriteBehind, early: bool
) -> None:
    await base.write([row(1), row(2)])
    base.early = early
    base.open.clear()
    store.defer([Row("links", "0001", None), row(3)])
    flushing = asyncio.create_task(store.flush())
    await settle()
    store.defer([row(4), Row("links", "0003", b"again", only_if=b"3")])
    assert await store.get("links", "0001") is None
    assert await store.get_many("links", ["0001", "0002", "0003"]) == {
        "0002": b"2",
        "0003": b"again",
    }
    assert await store.scan("links") == [("0002", b"2"), ("0003", b"again"), ("0004", b"4")]
    counting = asyncio.create_task(store.count("links"))
    await settle()
    base.open.set()
    assert await counting == 3
    await flushing
    await store.close()


@pytest.mark.parametrize("early", [False, True])
async def test_conditions_that_undo_each_other_are_not_applied_twice(
    base: Scripted, store: WriteBehind, early: bool
) -> None:
    """From "c", the first does nothing and the second makes "a"; once more would make "b"."""
    await base.write([Row("links", "k", b"c")])
    base.early = early
    base.open.clear()
    store.defer([Row("links", "k", b"b", only_if=b"a"), Row("links", "k", b"a", only_if=b"c")])
    flushing = asyncio.create_task(store.flush())
    await settle()
    reading = asyncio.create_task(store.get("links", "k"))
    await settle()
    base.open.set()
    assert await reading == b"a"
    await flushing
    await store.close()


async def test_a_read_that_spans_two_writes_is_repeated() -> None:
    """Rows of both writes are in the base when it answers; neither must be applied to it again."""
    base, clock = _SlowReader(), ManualClock()
    store = WriteBehind(base, clock)
    await base.write([Row("links", "k", b"y")])
    base.open.clear()
    store.defer([Row("links", "k", b"a", only_if=b"x")])
    first = asyncio.create_task(store.flush())
    await settle()
    store.defer([Row("links", "k", b"x", only_if=b"y")])
    base.answer.clear()
    reading = asyncio.create_task(store.get("links", "k"))
    await settle()
    base.open.set()
    await first
    await store.flush()
    base.answer.set()
    assert await reading == b"x"
    await store.close()


class _SlowReader(Scripted):
    """Its reads see the base at the moment that ``answer`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = asyncio.Event()
        self.answer.set()

    async def get_many(self, table: str, keys: Sequence[str]) -> dict[str, bytes]:
        await self.answer.wait()
        return dict(await super().get_many(table, keys))


async def test_an_old_answer_of_the_base_does_not_hide_what_was_flushed_meanwhile() -> None:
    base, clock = _OldAnswers(), ManualClock()
    store = WriteBehind(base, clock)
    store.defer([row(1)])
    base.answer.clear()
    reading = asyncio.create_task(store.scan("links"))
    await settle()
    await store.flush()
    base.answer.set()
    assert await reading == [("0001", b"1")]
    await store.close()


class _OldAnswers(Scripted):
    """Its scans see the base at the moment of the call, and answer when ``answer`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = asyncio.Event()
        self.answer.set()

    async def scan(
        self,
        table: str,
        prefix: str = "",
        *,
        after: str = "",
        limit: int = 1000,
        reverse: bool = False,
    ) -> Sequence[tuple[str, bytes]]:
        rows = await super().scan(table, prefix, after=after, limit=limit, reverse=reverse)
        await self.answer.wait()
        return rows
