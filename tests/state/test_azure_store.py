"""The Azure store beyond the contract: large values, long keys, several processes, closing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from provisioning.errors import ConfigurationError, StoreUnavailable
from provisioning.ports import Row
from provisioning.state.azure import AzureStore
from provisioning.state.azure.entities import LARGEST_VALUE, PIECE, Entity, Send
from provisioning.state.azure.partitions import Place
from provisioning.state.azure.schema import MIGRATIONS, PLACE, prepare
from provisioning.state.azure.tables import Tables
from provisioning.state.azure.versions import Version
from provisioning.storage.retries import Retries
from tests.state.azure_storage import account, new_name


@pytest.fixture
def table() -> str:
    return new_name()


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, LARGEST_VALUE])
async def test_values_of_every_size(table: str, size: int) -> None:
    store = AzureStore(account(), table=table)
    value = bytes(n % 251 for n in range(size))
    await store.write([Row("set", "a", value), Row("set", "b", b"1")])
    assert await store.get("set", "a") == value
    await store.write([Row("set", "a", value)])
    assert await store.scan("set") == [("a", value), ("b", b"1")]
    await store.write([Row("set", "a", b"short", only_if=value)])
    assert await store.get("set", "a") == b"short"
    await store.close()


async def test_a_value_that_is_too_large_is_refused_before_anything_is_written(table: str) -> None:
    store = AzureStore(account(), table=table)
    with pytest.raises(ValueError, match=r"table set has 720897 bytes; at most 720896"):
        await store.write([Row("set", "a", b"1"), Row("set", "b", bytes(LARGEST_VALUE + 1))])
    assert await store.count("set") == 0
    await store.close()


async def test_many_large_rows_are_several_requests(table: str) -> None:
    store = AzureStore(account(), table=table)
    rows = [Row("set", f"{n:02d}", bytes([n]) * 300_000, about=str(n)) for n in range(20)]
    await store.write(rows)
    assert await store.scan("set") == [(row.key, row.value) for row in rows]
    await store.close()


@pytest.mark.parametrize("name", ["link_name", "log", "watermark", "link_members"])
async def test_long_keys_are_in_order_too(table: str, name: str) -> None:
    """Such as display names of 256 characters, each of which takes up to twelve of Azure's."""
    store = AzureStore(account(), table=table)
    stem = "group/" + "\u6f22" * 250
    keys = [stem, f"{stem}!", *(f"{stem}{n}" for n in range(12)), f"{stem}z/", "group/a", "user/b"]
    await store.write([Row(name, key, key.encode(), about=key) for key in keys])
    expected = sorted(keys)
    for key in keys:
        assert await store.get(name, key) == key.encode()
    assert [key for key, _ in await store.scan(name)] == expected
    assert [key for key, _ in await store.scan(name, reverse=True)] == expected[::-1]
    assert [key for key, _ in await store.scan(name, stem)] == expected[1:-1]
    found = await store.scan(name, stem + "1")
    assert [key for key, _ in found] == [stem + n for n in ("1", "10", "11")]
    for limit in (1, 3):
        seen: list[str] = []
        while rows := await store.scan(name, after=seen[-1] if seen else "", limit=limit):
            seen += [key for key, _ in rows]
        assert seen == expected
    assert await store.count(name, stem + "1") == 3
    await store.write([Row(name, key, None) for key in keys[:5]])
    assert await store.count(name) == len(keys) - 5
    await store.close()


async def test_what_another_wrote_decides_a_condition(table: str) -> None:
    """Whatever this store remembers: it asks for the version it has seen, and looks again."""
    one, two = AzureStore(account(), table=table), AzureStore(account(), table=table)
    await one.write([Row("work", "a", b"1"), Row("work", "b", b"1"), Row("work", "c", b"1")])
    await two.write([Row("work", "a", b"2"), Row("work", "b", None)])
    await one.write([Row("work", key, None, only_if=b"1") for key in ("a", "b", "c")])
    assert await one.scan("work") == [("a", b"2")]
    # The same value again, in another version of the entity.
    await two.write([Row("work", "a", b"2")])
    await one.write([Row("work", "a", b"3", only_if=b"2")])
    assert await two.get("work", "a") == b"3"
    await two.write([Row("work", "a", b"4", only_if=b"2")])
    await two.write([Row("work", "a", None)])
    await one.write([Row("work", "a", None), Row("work", "d", b"1")])
    assert await one.scan("work") == [("d", b"1")]
    await one.close()
    await two.close()


async def test_what_was_read_for_a_decision_is_not_spoilt_by_an_older_scan(table: str) -> None:
    """A scan that began before, and is answered while the row is looked at."""
    store, other = AzureStore(account(), table=table), AzureStore(account(), table=table)
    await store.write([Row("work", "a", b"1"), Row("work", "b", b"1")])
    await other.write([Row("work", "a", b"2"), Row("work", "b", b"2")])
    look = store._reader.look

    async def slow_look(places: Sequence[Place]) -> dict[Place, Version]:
        old = {place: store._writer._versions.get(place) for place in places}
        found = await look(places)
        for place, version in old.items():
            assert version is not None
            store._writer._versions.note(place, version)
        return found

    store._reader.look = slow_look  # type: ignore[method-assign]
    await store.write([Row("work", key, None, only_if=b"2", about="x") for key in ("a", "b")])
    assert await other.scan("work") == []
    await store.close()
    await other.close()


async def test_a_row_that_never_stands_still_is_unavailable(table: str) -> None:
    store, other = AzureStore(account(), table=table), AzureStore(account(), table=table)
    await store.write([Row("work", "a", b"1")])
    read = store._tables.get

    async def get(place: Place) -> Entity | None:
        """Another writes the same value right after it was read: a new version of the entity."""
        entity = await read(place)
        await other.write([Row("work", "a", b"1")])
        return entity

    store._tables.get = get  # type: ignore[method-assign]
    await other.write([Row("work", "a", b"1")])
    with pytest.raises(StoreUnavailable, match="change faster than they can be written"):
        await store.write([Row("work", "a", b"2", only_if=b"1")])
    await store.close()
    await other.close()


async def test_closing_twice_is_closing(table: str) -> None:
    store = AzureStore(account(), table=table)
    await store.write([Row("links", "a", b"1")])
    await store.close()
    await store.close()
    with pytest.raises(StoreUnavailable, match="was closed"):
        await store.get("links", "a")
    await AzureStore(account()).close()  # One that was never opened.


async def test_first_calls_side_by_side_make_one_table(table: str) -> None:
    stores = [AzureStore(account(), table=table) for _ in range(4)]
    rows = [Row("links", "a", b"1")]
    await asyncio.gather(*(store.write(rows) for store in stores for _ in range(3)))
    for store in stores:
        assert await store.scan("links") == [("a", b"1")]
        await store.close()


async def test_a_table_that_is_deleted_meanwhile_is_not_an_empty_one(table: str) -> None:
    store = AzureStore(account(), table=table)
    await store.write([Row("links", "a", b"1")])
    await store._tables._connection.client().delete_table(table)
    write = store.write([Row("links", "b", b"1"), Row("links", "c", b"1")])
    for call in (store.get("links", "a"), store.scan("links"), write):
        with pytest.raises(StoreUnavailable, match=f"The table {table} was deleted") as error:
            await call
        assert "Start the program again" in error.value.remedy
    await store.close()


async def test_a_newer_version_is_refused(table: str) -> None:
    azure = Tables(account(), table, Retries())
    await prepare(azure)
    await azure.write([Send(PLACE, {**_KEYS, "version": 7})])
    store = AzureStore(account(), table=table)
    for call in (store.get("links", "a"), store.write([Row("links", "a", b"1")])):
        with pytest.raises(ConfigurationError, match=r"has schema version 7; .* up to 2") as error:
            await call
        assert error.value.problems[0].field == "STATE_STORE"
        assert error.value.remedy == "Run the version of the program that wrote it, or a newer one."
    await store.close()
    await azure.close()


_KEYS = {"PartitionKey": PLACE.partition, "RowKey": PLACE.row}


async def test_a_table_of_another_program_is_refused(table: str) -> None:
    azure = Tables(account(), table, Retries())
    await azure.state.create()
    place = Place("theirs", "1")
    await azure.write([Send(place, {"PartitionKey": "theirs", "RowKey": "1", "name": "x"})])
    store = AzureStore(account(), table=table)
    with pytest.raises(ConfigurationError, match="is another program's"):
        await store.get("links", "a")
    assert await azure.get(PLACE) is None
    await store.close()
    await azure.close()


async def test_an_older_table_is_brought_forward(table: str) -> None:
    """With migrations that do not exist yet: what is stored stays, each runs once."""
    store = AzureStore(account(), table=table)
    await store.write([Row("links", "a", b"1")])
    ran: list[str] = []

    async def first(tables: Tables) -> None:
        ran.append("first")

    async def second(tables: Tables) -> None:
        ran.append("second")
        if len(ran) == 2:
            raise StoreUnavailable("The storage is away.")

    azure = Tables(account(), table, Retries())
    migrations = (*MIGRATIONS, first, second)
    with pytest.raises(StoreUnavailable):
        await prepare(azure, migrations)
    for _ in range(2):
        await prepare(azure, migrations)
    assert ran == ["first", "second", "second"]
    entity = await azure.get(PLACE)
    assert entity is not None
    assert entity["version"] == len(migrations) + 1
    assert await store.get("links", "a") == b"1"
    other = AzureStore(account(), table=table)
    with pytest.raises(ConfigurationError, match="newer one"):
        await other.get("links", "a")
    for closing in (store, other, azure):
        await closing.close()
