"""Rows that are remembered while the lease is held: what is read again is what is stored."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from provisioning.errors import StoreUnavailable
from provisioning.ports import Row
from provisioning.rows import cache
from provisioning.rows.cache import CachedStore
from provisioning.state.memory import MemoryStore

TABLE = "job:link"


class Watched(MemoryStore):
    """Counts the keys that are read; answers reads and writes when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.read_keys: list[str] = []
        self.scans = 0
        self.answers = asyncio.Event()
        self.answers.set()
        self.fails = False

    async def get_many(self, table: str, keys: Sequence[str]) -> Mapping[str, bytes]:
        self.read_keys += keys
        found = await super().get_many(table, keys)
        await self.answers.wait()
        return found

    async def scan(
        self,
        table: str,
        prefix: str = "",
        *,
        after: str = "",
        limit: int = 1000,
        reverse: bool = False,
    ) -> Sequence[tuple[str, bytes]]:
        self.scans += 1
        found = await super().scan(table, prefix, after=after, limit=limit, reverse=reverse)
        await self.answers.wait()
        return found

    async def write(self, rows: Sequence[Row]) -> None:
        await super().write(rows)
        await self.answers.wait()
        if self.fails:
            raise StoreUnavailable("The answer was lost.")


@pytest.fixture
def base() -> Watched:
    return Watched()


@pytest.fixture
def store(base: Watched) -> CachedStore:
    return CachedStore(base, ("link",))


async def test_a_row_is_read_once_an_absent_one_too(base: Watched, store: CachedStore) -> None:
    await base.write([Row(TABLE, "a", b"1")])
    for _ in range(3):
        assert await store.get_many(TABLE, ["a", "b"]) == {"a": b"1"}
        assert await store.get(TABLE, "b") is None
    assert base.read_keys == ["a", "b"]


async def test_what_is_written_is_known(base: Watched, store: CachedStore) -> None:
    assert await store.get(TABLE, "a") is None
    await store.write([Row(TABLE, "a", b"1"), Row(TABLE, "b", None)])
    assert await store.get_many(TABLE, ["a", "b"]) == {"a": b"1"}
    assert base.read_keys == ["a"]


async def test_what_a_condition_decides_is_read_again(base: Watched, store: CachedStore) -> None:
    await store.write([Row(TABLE, "a", b"1")])
    await store.write([Row(TABLE, "a", b"2", only_if=b"other")])
    assert await store.get(TABLE, "a") == b"1"
    await store.write([Row(TABLE, "a", None, only_if=b"1")])
    assert await store.get(TABLE, "a") is None


async def test_tables_that_others_write_are_read_each_time(
    base: Watched, store: CachedStore
) -> None:
    assert await store.get("job:call_waiting", "a") is None
    await base.write([Row("job:call_waiting", "a", b"1")])
    assert await store.get("job:call_waiting", "a") == b"1"


async def test_a_read_that_a_write_overtakes_is_not_remembered(
    base: Watched, store: CachedStore
) -> None:
    """The answer of the read is of before the write, and comes after it."""
    base.answers.clear()
    reading = asyncio.create_task(store.get_many(TABLE, ["a", "b"]))
    scanning = asyncio.create_task(store.scan(TABLE))
    await asyncio.sleep(0)
    writing = asyncio.create_task(store.write([Row(TABLE, "a", b"new")]))
    await asyncio.sleep(0)
    base.answers.set()
    assert (await reading, await scanning) == ({}, [])
    await writing
    assert await store.get_many(TABLE, ["a", "b"]) == {"a": b"new"}
    assert await store.scan(TABLE) == [("a", b"new")]


async def test_a_short_range_is_read_once_and_follows_what_is_written(
    base: Watched, store: CachedStore
) -> None:
    await base.write([Row(TABLE, "1/a", b"1"), Row(TABLE, "2/a", b"2")])
    assert await store.scan(TABLE, "1/") == [("1/a", b"1")]
    await store.write([Row(TABLE, "1/b", b"2"), Row(TABLE, "1/c", b"3"), Row(TABLE, "2/b", b"")])
    await store.write([Row(TABLE, "1/a", None, only_if=b"1"), Row(TABLE, "1/c", b"4", only_if=b"")])
    expected = [("1/b", b"2"), ("1/c", b"3")]
    assert await store.scan(TABLE, "1/") == expected == await base.scan(TABLE, "1/")
    assert await store.scan(TABLE, "1/", after="1/b") == expected[1:]
    assert await store.scan(TABLE, "1/", limit=1, reverse=True) == expected[1:]
    assert await store.get_many(TABLE, ["1/a", "1/b"]) == {"1/b": b"2"}
    assert (base.scans, base.read_keys) == (2, [])  # one of them is the test's own


async def test_a_page_is_no_whole_range(base: Watched, store: CachedStore) -> None:
    await base.write([Row(TABLE, key, b"") for key in "abc"])
    assert len(await store.scan(TABLE, limit=3)) == 3
    assert await store.scan(TABLE, after="b") == [("c", b"")]
    assert len(await store.scan(TABLE, limit=4)) == 3
    assert base.scans == 3
    assert len(await store.scan(TABLE, limit=2)) == 2
    assert base.scans == 3


async def test_a_range_that_grows_long_is_read_again(
    base: Watched, store: CachedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "_LARGEST_RANGE", 3)
    assert await store.scan(TABLE) == []
    await store.write([Row(TABLE, key, b"") for key in "abcd"])
    assert len(await store.scan(TABLE)) == 4
    assert base.scans == 2


async def test_of_writes_at_the_same_time_none_is_missed(base: Watched, store: CachedStore) -> None:
    assert await store.scan(TABLE) == []
    base.answers.clear()
    first = asyncio.create_task(store.write([Row(TABLE, "a", b"1")]))
    await asyncio.sleep(0)
    second = asyncio.create_task(store.write([Row(TABLE, "a", b"2"), Row(TABLE, "b", b"2")]))
    await asyncio.sleep(0)
    base.answers.set()
    await asyncio.gather(first, second)
    assert dict(await store.scan(TABLE)) == {"a": b"2", "b": b"2"}
    assert await store.get(TABLE, "a") == b"2"


async def test_a_write_whose_answer_was_lost_is_looked_at(
    base: Watched, store: CachedStore
) -> None:
    assert await store.get(TABLE, "a") is None
    assert await store.scan(TABLE) == []
    base.fails = True
    with pytest.raises(StoreUnavailable):
        await store.write([Row(TABLE, "a", b"1")])
    assert await store.get(TABLE, "a") == b"1"
    assert await store.scan(TABLE) == [("a", b"1")]


async def test_only_so_many_rows_are_kept(
    base: Watched, store: CachedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "_MOST_BYTES", 1000)
    await store.get_many(TABLE, [f"{n:04}" for n in range(100)])
    assert len(store._rows) == 9
