"""Pages of a long provisioning log: how long each kind of query takes, and what it reads.

A page reads 2,000 rows of its order at most, however long the log is; the rows and the requests
that it took stand beside its time.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from benchmarks import log_filling
from benchmarks.figure import Figure, Size
from benchmarks.table_batches import TableBatches
from provisioning.model import Action
from provisioning.ports import Store
from provisioning.provisioning_log import LogQuery, LogStatus, ProvisioningLog
from provisioning.provisioning_log.stored import PAGE_READS
from provisioning.state.azure import AzureStore
from provisioning.state.sqlite import SqliteStore
from provisioning.storage.account import storage_account
from tests.servers import azurite
from tests.servers.azure_proxy import between
from tests.support.counting_store import CountingStore

MEASURE = "log"
_BOUND = 1.0
_TABLE = "provisioning"
_HEAP_MIB = 14_000
"""Of the emulator, which keeps all in memory: a million entries take it 4 GiB."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a page took: seconds, the CPU time of this process, and the rows that were read."""

    seconds: float
    cpu: float
    entries: int
    rows: int


def measure(size: Size) -> list[Figure]:
    """A page in each order and by each filter, in SQLite and in Azurite."""
    figures = asyncio.run(_in_sqlite(size.log, size.repeats))
    if size.log_azure:
        figures += asyncio.run(_in_azurite(size.log_azure, size.repeats))
    return figures


def queries(count: int) -> dict[str, LogQuery]:
    """What people ask, of a log of ``count`` entries."""
    middle = log_filling.NEWEST - log_filling.SPAN / 2
    person = log_filling.people_in(count) // 3 // 50 * 50  # One of those who fail.
    whose = log_filling.principal(person)
    name = log_filling.entry(person, count).name
    cycle = log_filling.cycle(1500)
    day = {"since": middle - 86_400, "until": middle}
    return {
        "newest page": LogQuery(),
        "page of 1,000 in the middle": LogQuery(until=middle, limit=1000),
        "principal": LogQuery(principal=whose),
        "principal, failures": LogQuery(principal=whose, status=LogStatus.FAILURE),
        "target, by name": LogQuery(principal=whose, target=name),
        "failures": LogQuery(status=LogStatus.FAILURE),
        "failures of one day, one error code": LogQuery(error_code="TooManyRequests", **day),
        "cycle": LogQuery(cycle_id=cycle, **day),
        "deletes": LogQuery(action=Action.DELETE),
        "an action that nobody did": LogQuery(action=Action.ENABLE),
    }


async def times(store: Store, count: int, repeats: int) -> dict[str, Page]:
    """Each query, some times."""
    counting = CountingStore(store)
    log = ProvisioningLog(counting, log_filling.JOB)
    await log.query(LogQuery(limit=1))
    return {
        name: max([await _page(log, counting, query) for _ in range(repeats)], key=_seconds)
        for name, query in queries(count).items()
    }


async def requests_of(emulator: azurite.Azurite, count: int) -> dict[str, int]:
    """How many requests each query sends to the storage."""
    found = {}
    async with between(emulator, "table") as (proxy, settings):
        store = _store(settings)
        log = ProvisioningLog(store, log_filling.JOB)
        await log.query(LogQuery(limit=1))
        for name, query in queries(count).items():
            proxy.seen.clear()
            await log.query(query)
            found[name] = len(proxy.seen)
        await store.close()
    return found


async def _in_sqlite(count: int, repeats: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "state.db")
        try:
            await log_filling.fill(count, store.write)
            return _figures(count, "SQLite", await times(store, count, repeats), {})
        finally:
            await store.close()


async def _in_azurite(count: int, repeats: int) -> list[Figure]:
    with azurite.running(heap_mib=_HEAP_MIB) as emulator:
        store = _store(emulator.environ)
        try:
            await store.get("watermark", "none")  # Makes the tables.
            async with aiohttp.ClientSession() as session:
                await log_filling.fill(count, TableBatches(emulator, _TABLE, session).write)
            asked = await requests_of(emulator, count)
            return _figures(count, "Azurite", await times(store, count, repeats), asked)
        finally:
            await store.close()


def _store(environ: Mapping[str, str]) -> AzureStore:
    account = storage_account(environ)
    assert account is not None
    # As if the newest entry were of now.
    return AzureStore(account, table=_TABLE, now=lambda: log_filling.NEWEST)


async def _page(log: ProvisioningLog, store: CountingStore, query: LogQuery) -> Page:
    store.rows = 0
    began, cpu = time.perf_counter(), time.process_time()
    entries, _ = await log.query(query)
    took = time.perf_counter() - began
    return Page(took, time.process_time() - cpu, len(entries), store.rows)


def _figures(
    count: int, store: str, pages: Mapping[str, Page], asked: Mapping[str, int]
) -> list[Figure]:
    figures = []
    for name, page in pages.items():
        read = f"{page.entries:,} entries; {page.rows:,} rows read, {page.cpu * 1000:.0f} ms of CPU"
        if name in asked:
            read += f", {asked[name]} requests"
        subject = f"{count:,} entries, {store}: {name}"
        figures.append(Figure(MEASURE, subject, page.seconds, "s", _BOUND, source=read))
    most = max(pages.values(), key=lambda page: page.rows)
    subject = f"{count:,} entries, {store}: rows read, most"
    return [*figures, Figure(MEASURE, subject, most.rows, "", PAGE_READS + 1000)]


def _seconds(page: Page) -> float:
    return page.seconds
