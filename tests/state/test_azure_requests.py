"""What reading and writing costs: requests are what Azure bills, and what takes time."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from provisioning.ports import Row
from provisioning.state.azure import AzureStore
from tests.servers.azure_proxy import Proxy
from tests.state.azure_storage import new_name, watched


def _ids(count: int, seed: int = 1) -> list[str]:
    chance = random.Random(seed)
    return [f"{chance.getrandbits(128):032x}" for _ in range(count)]


def _rows(table: str, keys: Sequence[str]) -> list[Row]:
    return [Row(table, key, key.encode(), about=key) for key in keys]


async def _cost(proxy: Proxy, work: object) -> dict[str, int]:
    proxy.seen.clear()
    await work  # type: ignore[misc]
    return proxy.kinds


async def test_one_request_each() -> None:
    async with watched() as (proxy, store):
        assert await _cost(proxy, store.get("link", "user/0a")) == {"get": 1}
        assert await _cost(proxy, store.scan("work", "3")) == {"query": 1}
        assert await _cost(proxy, store.scan("cycle", limit=200, reverse=True)) == {"query": 1}
        # It goes back in time step by step; of an empty log all steps are asked for.
        assert await _cost(proxy, store.scan("log", limit=200, reverse=True)) == {"query": 4}
        assert await _cost(proxy, store.scan("link")) == {"query": 1}
        assert await _cost(proxy, store.count("work", "4")) == {"query": 1}
        assert await _cost(proxy, store.get_many("link", ["user/0a"])) == {"get": 1}
        assert await _cost(proxy, store.get_many("link", [])) == {}
        assert await _cost(proxy, store.write([Row("link", "user/0a", b"1")])) == {"put": 1}
        assert await _cost(proxy, store.write([Row("link", "user/0a", None)])) == {"delete": 1}
        assert await _cost(proxy, store.write([Row("link", "user/0a", None)])) == {"delete": 1}
        assert await _cost(proxy, store.write([])) == {}


async def test_the_first_call_looks_at_the_version_once() -> None:
    table = new_name()
    async with watched(table) as (proxy, _):
        assert proxy.kinds == {}
    async with watched(table) as (proxy, store):
        await store.write([Row("watermark", "users", b"1")])
        assert proxy.kinds == {"put": 1}


async def test_rows_of_one_partition_are_one_request() -> None:
    async with watched() as (proxy, store):
        rows = _rows("mirror_user", [f"0{id}" for id in _ids(100)])
        assert await _cost(proxy, store.write(rows)) == {"batch": 1}
        rows = _rows("mirror_user", _ids(1000, seed=2))
        assert await _cost(proxy, store.write(rows)) == {"batch": 16}
        assert 1 < proxy.most_at_once <= 16


async def test_an_item_that_was_just_scanned_is_taken_out_without_reading_it() -> None:
    async with watched() as (proxy, store):
        items = [f"31/user/{id}/object" for id in sorted(_ids(40))]
        await store.write(_rows("work", items))
        again = AzureStore(store._tables._connection._account, table=store._tables.state.name)
        found = await again.scan("work", "3")
        done = [Row("work", key, None, only_if=value) for key, value in found]
        cost = await _cost(proxy, again.write(done))
        assert "get" not in cost
        assert cost.get("query", 0) == 0
        assert await store.scan("work") == []
        await again.close()


async def test_an_item_that_was_just_filed_is_taken_out_without_reading_it() -> None:
    async with watched() as (proxy, store):
        await store.write([Row("work", "31/user/0a/object", b"1")])
        row = Row("work", "31/user/0a/object", None, only_if=b"1")
        assert await _cost(proxy, store.write([row])) == {"delete": 1}


async def test_a_condition_that_does_not_hold_is_read_once() -> None:
    """It is never believed from memory: another process may have written what it asks for."""
    async with watched() as (proxy, store):
        await store.write([Row("work", "31/user/0a/object", b"2")])
        row = Row("work", "31/user/0a/object", None, only_if=b"1")
        assert await _cost(proxy, store.write([row])) == {"get": 1}
        assert await store.get("work", "31/user/0a/object") == b"2"


async def test_deletes_of_what_is_not_there_are_looked_for_together() -> None:
    """At the first time a transaction fails for it; from then on one look comes before."""
    async with watched() as (proxy, store):
        await store.write([Row("intent", "user/zz", b"1")])
        gone = [Row("intent", f"user/{n}", None, about=str(n)) for n in range(30)]
        first = await _cost(proxy, store.write(gone))
        assert first == {"batch": 1, "query": 1}
        assert await _cost(proxy, store.write(gone)) == {"query": 1}
        there = [Row("intent", f"user/{n}", b"1", about=str(n)) for n in range(10, 20)]
        await store.write(there)
        assert await _cost(proxy, store.write(gone)) == {"query": 1, "batch": 1}
        assert await store.scan("intent") == [("user/zz", b"1")]


async def test_deletes_of_what_was_read_are_one_request() -> None:
    async with watched() as (proxy, store):
        keys = [f"1700012345.{n:06d}/a" for n in range(100)]
        await store.write(_rows("log", keys))
        drops = [Row("log", key, None) for key in keys]
        assert await _cost(proxy, store.write(drops)) == {"batch": 1}
        assert await store.count("log") == 0


async def test_many_keys_of_an_empty_table_are_one_look_or_two() -> None:
    async with watched() as (proxy, store):
        keys = [f"user/{id}" for id in _ids(1000)]
        cost = await _cost(proxy, store.get_many("link", keys))
        assert set(cost) == {"query"}
        assert cost["query"] <= 2
        assert await _cost(proxy, store.get_many("watermark", keys)) == {"query": 1}


async def test_keys_that_lie_together_are_read_in_pages() -> None:
    async with watched() as (proxy, store):
        keys = [f"user/{id}" for id in _ids(1500)]
        await store.write(_rows("link", keys))
        proxy.seen.clear()
        found = await store.get_many("link", [*keys, *(f"user/{id}" for id in _ids(50, seed=3))])
        assert found == {key: key.encode() for key in keys}
        assert set(proxy.kinds) == {"query"}
        assert proxy.kinds["query"] <= 3


async def test_keys_that_lie_apart_are_read_side_by_side() -> None:
    async with watched() as (proxy, store):
        keys = [f"user/{id}" for id in _ids(1500)]
        await store.write(_rows("link", keys))
        wanted = keys[:40]
        proxy.seen.clear()
        proxy.most_at_once = 0
        found = await store.get_many("link", wanted)
        assert found == {key: key.encode() for key in wanted}
        assert proxy.kinds["query"] <= 2
        assert 20 < proxy.kinds["get"] <= 40
        assert 1 < proxy.most_at_once <= 32
        # The next calls know, for a while.
        assert await _cost(proxy, store.get_many("link", wanted)) == {"get": 40}


@pytest.mark.parametrize("count", [20, 19])
async def test_few_keys_are_read_one_by_one(count: int) -> None:
    async with watched() as (proxy, store):
        keys = [f"user/{id}" for id in _ids(count)]
        cost = await _cost(proxy, store.get_many("link", keys))
        assert (cost == {"get": 19}) is (count == 19)


async def test_a_long_table_is_counted_in_parts() -> None:
    async with watched() as (proxy, store):
        keys = [f"43/user/{id}/object" for id in _ids(2500)]
        await store.write([*_rows("work", keys), Row("work", "30/user/a/object", b"1")])
        proxy.seen.clear()
        proxy.most_at_once = 0
        assert await store.count("work", "4") == 2500
        assert proxy.most_at_once > 3
        assert all("select=PartitionKey" in seen.text for seen in proxy.seen)
        assert await store.count("work") == 2501


async def test_scanning_goes_on_over_pages_and_partitions() -> None:
    async with watched() as (proxy, store):
        keys = sorted(f"user/{id}" for id in _ids(1200))
        await store.write(_rows("link", keys))
        proxy.seen.clear()
        assert [key for key, _ in await store.scan("link", limit=5000)] == keys
        assert proxy.kinds == {"query": 2}
        seen: list[str] = []
        proxy.seen.clear()
        while rows := await store.scan("link", after=seen[-1] if seen else "", limit=100):
            seen += [key for key, _ in rows]
        assert seen == keys
        # A page that begins in the middle of a partition, and goes on in the next, takes two.
        assert proxy.kinds["query"] <= 2 * 13


async def test_the_slow_direction_is_right() -> None:
    async with watched() as (_, store):
        keys = sorted(f"user/{id}" for id in _ids(1100))
        await store.write(_rows("link", keys))
        found = await store.scan("link", limit=7, reverse=True)
        assert [key for key, _ in found] == keys[::-1][:7]
        found = await store.scan("link", after=keys[500], limit=7, reverse=True)
        assert [key for key, _ in found] == keys[493:500][::-1]
        log = [f"1{n:016d}/a" for n in range(0, 2_000_000, 20_000)]
        await store.write(_rows("log", log))
        assert [key for key, _ in await store.scan("log", limit=3)] == log[:3]
        assert [key for key, _ in await store.scan("log", after=log[50], limit=3)] == log[51:54]


async def test_entries_of_different_days_are_not_looked_for_in_a_page() -> None:
    """Such as those of one person. Twenty in one slice of time are."""
    async with watched() as (proxy, store):
        apart = [f"{1_764_000_000 + n * 100_000:010d}.000000/a{n}" for n in range(30)]
        together = [f"{1_764_000_000 + n:010d}.000000/b{n}" for n in range(30)]
        await store.write(_rows("log", apart + together))
        assert await _cost(proxy, store.get_many("log", apart)) == {"get": 30}
        assert await _cost(proxy, store.get_many("log", together)) == {"query": 1}
        found = await store.get_many("log", apart + together)
        assert found == {key: key.encode() for key in apart + together}
