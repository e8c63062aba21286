"""From version 1, where the log lay in the table of the state, to tables of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import groupby

import pytest

from provisioning.errors import StoreUnavailable
from provisioning.ports import Row
from provisioning.provisioning_log import LogQuery, LogStatus, ProvisioningLog
from provisioning.state.azure import AzureStore
from provisioning.state.azure.entities import Send, entity_of, place_in
from provisioning.state.azure.partitions import Place, beside_of, place_of
from provisioning.state.azure.schema import PLACE, prepare
from provisioning.state.azure.tables import Tables
from provisioning.state.memory import MemoryStore
from provisioning.storage.retries import Retries
from tests.provisioning_log.entries import BEGIN, entry
from tests.servers import azurite
from tests.servers.azure_proxy import Fault, between
from tests.state.azure_storage import account, new_name

_JOBS = ("one@zscloud.net/1", "two@zscloud.net/1")
_COUNT = 230
_LONG = "x" * 500
_LARGE = bytes(90_000)


def _rows() -> list[Row]:
    """The logs of two jobs over a month, and the state around them."""
    rows = []
    for job in _JOBS:
        log = ProvisioningLog(MemoryStore(), job)
        failed = {"status": LogStatus.FAILURE, "error_code": "Rejected"}
        entries = [entry(n * 10_000, **(failed if n % 5 == 0 else {})) for n in range(_COUNT)]
        rows += log.rows(entries)
        rows += [Row(f"{job}:{table}", "user/0a", b"1") for table in ("link", "watermark", "zoo")]
        # A key that is cut, and values that fill a transaction.
        rows.append(Row(f"{job}:log_principal", f"{_LONG}/{entry(0).key}", b"[]"))
        rows += [Row(f"{job}:log", f"{BEGIN + n:017.6f}/large{n}", _LARGE) for n in range(8)]
    return rows


async def _version_1(name: str) -> Tables:
    """A table as version 1 of the program left it."""
    tables = Tables(account(), name, Retries())
    await tables.state.create()
    await tables.state.write([Send(PLACE, {**_keys(PLACE), "version": 1})])
    for batch in _batches(_rows()):
        await tables.state.write(batch)
    return tables


def _batches(rows: Sequence[Row]) -> Iterator[list[Send]]:
    sends = []
    for row in rows:
        assert row.value is not None
        place = place_of(row.table, row.key)
        sends.append(Send(place, entity_of(place, row.key, row.value)))
    sends.sort(key=lambda send: send.place)
    for _, alike in groupby(sends, key=lambda send: send.place.partition):
        batch = list(alike)
        yield from (batch[start : start + 10] for start in range(0, len(batch), 10))


def _keys(place: Place) -> dict[str, str]:
    return {"PartitionKey": place.partition, "RowKey": place.row}


async def _left(tables: Tables) -> set[Place]:
    """What is in the table of the state."""
    return {
        place_in(entity)
        async for page in tables.state.pages("PartitionKey ge ''", keys_only=True)
        for entity in page.entities
    }


async def _check_moved(name: str, tables: Tables) -> None:
    """Every row is where it belongs, once, with its value."""
    places = {place_of(row.table, row.key) for row in _rows()}
    assert await _left(tables) == {
        PLACE,
        *(place for place in places if not beside_of(place.partition)),
    }
    store = AzureStore(account(), table=name)
    found = {
        (table, key): value
        for table in {row.table for row in _rows()}
        for key, value in await store.scan(table, limit=10_000)
    }
    assert found == {(row.table, row.key): row.value for row in _rows()}
    log = ProvisioningLog(store, _JOBS[0])
    entries, _ = await log.query(LogQuery(status=LogStatus.FAILURE))
    assert len(entries) == _COUNT // 5
    await store.close()


async def _version(tables: Tables) -> object:
    entity = await tables.get(PLACE)
    return None if entity is None else entity["version"]


async def test_the_first_call_moves_the_log_and_nothing_else() -> None:
    name = new_name()
    tables = await _version_1(name)
    store = AzureStore(account(), table=name)
    assert await store.get(f"{_JOBS[0]}:link", "user/0a") == b"1"
    assert await _version(tables) == 2
    await _check_moved(name, tables)
    await store.close()
    await tables.close()


@pytest.mark.parametrize("kind", ["batch", "delete", "query"])
async def test_what_was_interrupted_is_moved_by_the_next_call(kind: str) -> None:
    """At each of the first requests of a kind, until it comes to an end."""
    name = new_name()
    tables = await _version_1(name)
    async with between(azurite.shared(), "table") as (proxy, environ):
        proxy.befalls = lambda seen: seen.kind == kind
        for good in range(8):
            store = AzureStore(account(environ), table=name, retries=Retries(attempts=1))
            proxy.faults = [Fault()] * good + [Fault(lost="after")]
            try:
                await store.get("link", "none")
            except StoreUnavailable:
                assert await _version(tables) == 1
            await store.close()
        proxy.faults = []
        store = AzureStore(account(environ), table=name)
        await store.get("link", "none")
        await store.close()
    assert await _version(tables) == 2
    await _check_moved(name, tables)
    await tables.close()


async def test_programs_that_move_it_at_once_move_it_once() -> None:
    name = new_name()
    tables = await _version_1(name)
    others = [Tables(account(), name, Retries()) for _ in range(3)]
    await asyncio.gather(*(prepare(each) for each in others))
    await prepare(tables)
    await _check_moved(name, tables)
    for each in (tables, *others):
        await each.close()


async def test_a_new_store_has_all_tables_and_moves_nothing() -> None:
    name = new_name()
    async with between(azurite.shared(), "table") as (proxy, environ):
        store = AzureStore(account(environ), table=name)
        await store.get("link", "none")
        # Whether it is there, its version, whether it is empty, the version, what was asked for.
        assert proxy.kinds == {"get": 3, "post": 4, "query": 1, "put": 1}
        await store.close()
