"""What a page of the log asks of Table Storage: ranges of keys, never the whole table."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from provisioning.model import Action
from provisioning.provisioning_log import LogQuery, LogStatus, ProvisioningLog
from provisioning.state.azure import AzureStore
from provisioning.state.azure.partitions import partitions_of
from tests.provisioning_log.entries import BEGIN, entry
from tests.servers.azure_proxy import Proxy
from tests.state.azure_storage import watched

JOB = "0a1b2c3d-4e5f-6789-abcd-ef0123456789@zscloud.net/1234567"
_SLICE = 100_000.0
_COUNT = 300
_EVERY = 6000
_FILTER = re.compile(r"\$filter=([^&\n]*)")
_BOUND = re.compile(r"(PartitionKey|RowKey) (eq|ge|gt|le|lt) '([^']*)'")


async def _filled(store: AzureStore) -> ProvisioningLog:
    """Entries of three weeks: a tenth of them failed, and each person has three."""
    log = ProvisioningLog(store, JOB)
    people = _COUNT // 3
    entries = [
        entry(
            n * _EVERY,
            source_id=f"{n % people:08x}",
            status=LogStatus.FAILURE if n % 10 == 0 else LogStatus.SUCCESS,
            error_code="Rejected" if n % 10 == 0 else None,
            action=Action.DELETE if n == 7 else Action.UPDATE,
        )
        for n in range(_COUNT)
    ]
    await store.write([row._replace(about=row.key) for row in log.rows(entries)])
    return log


def _bounds(proxy: Proxy) -> list[dict[str, dict[str, str]]]:
    """Of each query: the bounds of both keys, by test."""
    found = []
    for seen in proxy.seen:
        if seen.kind != "query":
            continue
        text = unquote(_FILTER.search(seen.text)[1].replace("+", " "))  # type: ignore[index]
        parts = text.split(" and ")
        assert all(_BOUND.fullmatch(part) for part in parts), text
        bounds: dict[str, dict[str, str]] = {"PartitionKey": {}, "RowKey": {}}
        for name, test, value in _BOUND.findall(text):
            bounds[name][test] = value
        found.append(bounds)
    return found


def _is_bounded(bounds: dict[str, str]) -> bool:
    low, high = set(bounds) & {"ge", "gt"}, set(bounds) & {"le", "lt"}
    return "eq" in bounds or bool(low and high)


_END = BEGIN + _COUNT * _EVERY - 1
"""Now. A slice has 16 entries or 17, so what is looked for is in the newest two or three."""
_DAY = {"since": _END - 86_400, "until": _END}

_ALL = 4
"""The newest two slices, four more, sixteen more, and the rest."""

_QUERIES: list[tuple[dict[str, Any], str, int, bool]] = [
    # what is asked, in which order, with so many range queries; whether rows are bounded
    ({}, "log", 1, False),
    (_DAY, "log", 2, True),
    ({"principal": "00000001"}, "log_principal", 1, True),
    ({"principal": "00000001", **_DAY}, "log_principal", 1, True),
    ({"status": LogStatus.FAILURE}, "log_attention", _ALL, False),
    ({"error_code": "Rejected", **_DAY}, "log_attention", 2, True),
    ({"action": Action.DELETE, "since": BEGIN, "until": BEGIN + _SLICE}, "log", 2, True),
    ({"cause": "none"}, "log", _ALL, False),
]


async def test_a_query_names_ranges_of_partitions_and_rows_and_is_never_a_scan() -> None:
    async with watched(now=lambda: _END) as (proxy, store):
        log = await _filled(store)
        for query, table, requests, rows_bounded in _QUERIES:
            proxy.seen.clear()
            await log.query(LogQuery(limit=20, **query))
            sent = _bounds(proxy)
            assert 1 <= len(sent) <= requests, query
            assert set(proxy.kinds) <= {"query", "get"}
            for bounds in sent:
                assert _is_bounded(bounds["PartitionKey"]), (query, bounds)
                assert not rows_bounded or _is_bounded(bounds["RowKey"]), (query, bounds)
            ours = partitions_of(f"{JOB}:{table}")
            assert all(v.startswith(ours) for v in sent[0]["PartitionKey"].values())

        # However much of the log is newer than a cursor, it is not read.
        _, after = await log.query(LogQuery(limit=100))
        proxy.seen.clear()
        entries, _ = await log.query(LogQuery(limit=20, after=after))
        assert [each.id for each in entries] == [f"e{n * _EVERY:06d}" for n in range(199, 179, -1)]
        first, *more = _bounds(proxy)
        assert set(first["PartitionKey"]) == {"eq"}
        assert set(first["RowKey"]) == {"gt", "le"}
        assert len(more) == 2  # The cursor is the oldest of its slice.

        # What finds nothing asks for half of its share of rows in each look.
        proxy.seen.clear()
        assert await log.query(LogQuery(cause="none")) == ([], None)
        tops = [int(top) for seen in proxy.seen for top in re.findall(r"top=(\d+)", seen.text)]
        assert len(tops) == len(proxy.seen)
        assert set(tops) == {1000}
