"""The log in tables of its own: beside the state, missing or deleted, whatever the clock says."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from provisioning.ports import Row
from provisioning.provisioning_log import LogEntry, LogQuery, LogStatus, ProvisioningLog
from provisioning.state.azure import AzureStore
from provisioning.state.azure.tables import names_of
from tests.provisioning_log.entries import BEGIN, entry
from tests.servers.azure_proxy import Proxy
from tests.state.azure_storage import account, new_name, watched

_TABLE = re.compile(r"^/devstoreaccount1/(\w+)|/devstoreaccount1/(\w+)\(PartitionKey", re.M)
_DAY = 86_400
_OTHERS = ("logattention", "logprincipal")


def _entries(count: int, every: int) -> list[LogEntry]:
    failed = {"status": LogStatus.FAILURE, "error_code": "Rejected"}
    return [entry(n * every, **(failed if n % 3 == 0 else {})) for n in range(count)]


async def _write(store: AzureStore, entries: Sequence[LogEntry]) -> ProvisioningLog:
    log = ProvisioningLog(store, "job")
    await store.write([row._replace(about=row.key) for row in log.rows(entries)])
    return log


def _tables_of(proxy: Proxy) -> set[str]:
    """What the requests name."""
    return {one or two for seen in proxy.seen for one, two in _TABLE.findall(seen.text)}


async def _ids(log: ProvisioningLog, **query: object) -> list[str]:
    """All that fits, over all pages."""
    found: list[str] = []
    after: str | None = None
    while True:
        page, after = await log.query(LogQuery(**{"limit": 7, "after": after, **query}))
        found += [each.id for each in page]
        if after is None:
            return found


async def test_each_order_of_the_log_has_a_table_of_its_own() -> None:
    table = new_name()
    async with watched(table) as (proxy, store):
        log = await _write(store, _entries(6, every=1))
        assert _tables_of(proxy) == {f"{table}{order}" for order in ("log", *_OTHERS)}
        proxy.seen.clear()
        await log.query(LogQuery())
        assert _tables_of(proxy) == {f"{table}log"}
        proxy.seen.clear()
        await store.write([Row("job:watermark", "users", b"1"), Row("job:cycle", "a", b"1")])
        await store.count("job:log_attention")
        assert _tables_of(proxy) == {table, f"{table}logattention"}
    assert names_of("provisioning") == (
        "provisioning",
        "provisioninglog",
        "provisioninglogattention",
        "provisioninglogprincipal",
    )


async def test_a_log_that_is_deleted_is_empty_and_the_state_stays() -> None:
    """Also while the program runs, which goes on and makes it anew."""
    table = new_name()
    store = AzureStore(account(), table=table)
    log = await _write(store, _entries(6, every=1))
    await store.write([Row("job:link", "user/0a", b"1")])
    for order in ("log", *_OTHERS):
        await store._tables._connection.client().delete_table(table + order)
    assert await _ids(log) == []
    assert await _ids(log, principal="jo") == []
    assert await _ids(log, status=LogStatus.FAILURE) == []
    assert await store.get("job:log", entry(0).key) is None
    assert await store.get_many("job:log", [entry(n).key for n in range(30)]) == {}
    assert await store.count("job:log") == 0
    # What is to be dropped is gone; in a transaction that is found out first.
    await store.write([Row("job:log", entry(n).key, None) for n in range(6)])
    await store.write([Row("job:log_principal", f"jo/{entry(0).key}", None)])
    assert await store.get("job:link", "user/0a") == b"1"
    await _write(store, _entries(3, every=1))
    assert await _ids(log) == ["e000002", "e000001", "e000000"]
    assert await _ids(log, principal="jo", status=LogStatus.FAILURE) == ["e000000"]
    await store.close()


@pytest.mark.parametrize("clock", [-_DAY * 300, -_DAY * 3, 0, _DAY * 4, _DAY * 50, _DAY * 3000])
async def test_whatever_the_clock_says_all_of_the_log_is_found(clock: float) -> None:
    """Entries of another instance whose clock is ahead are newer than now."""
    store = AzureStore(account(), table=new_name(), now=lambda: BEGIN + clock)
    entries = _entries(40, every=_DAY // 2)
    log = await _write(store, entries)
    newest_first = [each.id for each in reversed(entries)]
    assert await _ids(log) == newest_first
    assert await _ids(log, cause="incremental") == newest_first
    assert await _ids(log, status=LogStatus.FAILURE) == newest_first[::3]
    assert await store.count("job:log") == 40
    assert await store.scan("job:log", reverse=True) == (await store.scan("job:log"))[::-1]
    await store.close()


async def test_of_a_dense_log_the_newest_slices_are_asked_for_alone() -> None:
    end = BEGIN + 40 * _DAY
    async with watched(now=lambda: end) as (proxy, store):
        log = await _write(store, _entries(400, every=_DAY // 10))
        for limit, queries in ((5, 1), (15, 1), (50, 2), (200, 3), (400, 4)):
            proxy.seen.clear()
            assert len((await log.query(LogQuery(limit=limit)))[0]) == limit
            assert proxy.kinds == {"query": queries}
