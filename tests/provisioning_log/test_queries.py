"""What a query finds, in which order, and how much it reads for it."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from provisioning.model import Action, ScimId
from provisioning.provisioning_log import LogQuery, LogStatus, ProvisioningLog
from provisioning.provisioning_log.stored import PAGE_READS
from provisioning.state.memory import MemoryStore
from tests.provisioning_log.entries import BEGIN, entry
from tests.simulated_time import run_simulated
from tests.support.counting_store import CountingStore

JOB = "job"


async def filled(*entries: Any) -> tuple[ProvisioningLog, CountingStore]:
    store = CountingStore(MemoryStore())
    log = ProvisioningLog(store, JOB)
    await store.write(log.rows(entries))
    return log, store


async def numbers(log: ProvisioningLog, **query: Any) -> list[int]:
    """Which entries are found, over all pages."""
    found: list[int] = []
    after = None
    while True:
        entries, after = await log.query(LogQuery(**{"limit": 3, **query, "after": after}))
        found += [int(each.id[1:]) for each in entries]
        if after is None:
            return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [5, 4, 3, 2, 1, 0]),
        ({"since": BEGIN + 2, "until": BEGIN + 4}, [4, 3, 2]),
        ({"since": BEGIN + 2}, [5, 4, 3, 2]),
        ({"principal": "jo"}, [5, 4, 1, 0]),
        ({"principal": "jo", "since": BEGIN + 1, "until": BEGIN + 4}, [4, 1]),
        ({"principal": "jo", "status": LogStatus.FAILURE}, [5]),
        ({"status": LogStatus.SUCCESS}, [4, 1, 0]),
        ({"status": LogStatus.SKIPPED}, [3]),
        ({"action": Action.DELETE}, [2]),
        ({"cause": "on_demand"}, [4]),
        ({"cycle_id": "c2"}, [4, 3]),
        ({"error_code": "rejected"}, [5, 2]),
        ({"error_code": "Rejected", "until": BEGIN + 4}, [2]),
        ({"error_code": "Protected"}, [3]),
        ({"error_code": "Rejected", "status": LogStatus.SUCCESS}, []),
        ({"target": "17"}, [5, 4, 1, 0]),
        ({"target": "jo@EXAMPLE.com"}, [5, 4, 1, 0]),
        ({"target": "renamed@example.com", "target_id": ScimId("20")}, [3, 2]),
        ({"target": "nobody"}, []),
        ({"principal": "jo", "target": "20"}, []),
    ],
)
async def test_a_filter_finds_what_fits_newest_first(
    query: dict[str, Any], expected: list[int]
) -> None:
    other = {"source_id": "li", "target_id": ScimId("20"), "name": "Li"}
    failed = {"status": LogStatus.FAILURE, "error_code": "Rejected"}
    skipped = {"status": LogStatus.SKIPPED, "action": None, "reason_code": "Protected"}
    log, _ = await filled(
        entry(0),
        entry(1),
        entry(2, **other, **failed, action=Action.DELETE),
        entry(3, **other, **skipped, cycle_id="c2"),
        entry(4, cause="on_demand", cycle_id="c2"),
        entry(5, **failed),
    )
    assert await numbers(log, **query) == expected


async def test_a_page_without_a_filter_reads_its_entries_and_no_more() -> None:
    log, store = await filled(*(entry(n) for n in range(3000)))
    store.rows = 0
    entries, after = await log.query(LogQuery(limit=100))
    assert (len(entries), store.rows) == (100, 100)
    entries, _ = await log.query(LogQuery(limit=1000, after=after))
    assert (entries[0].id, len(entries), store.rows) == ("e002899", 1000, 1100)


async def test_a_page_stops_after_so_many_rows_and_goes_on_where_it_stopped() -> None:
    log, store = await filled(*(entry(n, source_id=f"p{n}") for n in range(5000)), entry(5000))
    needle = LogQuery(cause="none")
    for query in (needle, msgspec.structs.replace(needle, limit=1000)):
        store.rows = 0
        entries, after = await log.query(query)
        assert (entries, store.rows) == ([], PAGE_READS)
        assert after is not None
    assert await numbers(log, cause="none") == []
    assert store.rows == PAGE_READS + 5001


@pytest.mark.parametrize(
    ("query", "first_look"),
    [
        ({"status": LogStatus.SUCCESS}, 200),
        ({"principal": "jo", "cause": "incremental"}, 200),
        ({"cause": "incremental"}, 1000),
        ({"action": Action.UPDATE}, 1000),
        ({"status": LogStatus.SUCCESS, "cycle_id": "c1"}, 1000),
    ],
)
async def test_what_is_rare_in_an_order_is_looked_for_in_many_rows_at_once(
    query: dict[str, Any], first_look: int
) -> None:
    log, store = await filled(*(entry(n) for n in range(3000)))
    store.rows = 0
    entries, _ = await log.query(LogQuery(limit=5, **query))
    read = 5 if "principal" in query else 0  # The entries that its rows are of.
    assert (len(entries), store.rows) == (5, first_look + read)


async def test_by_principal_and_by_failure_only_the_entries_that_fit_are_read() -> None:
    failed = {"status": LogStatus.FAILURE, "error_code": "Rejected"}
    log, store = await filled(
        *(entry(n, **failed) for n in range(1500)), entry(1500, **failed, cause="live")
    )
    for order in ({"principal": "jo"}, {"status": LogStatus.FAILURE}, {"error_code": "Rejected"}):
        store.rows = 0
        entries, after = await log.query(LogQuery(cause="live", **order))
        assert ([each.id for each in entries], after) == (["e001500"], None)
        assert store.rows == 1501 + 1


async def test_rows_of_before_that_hold_a_key_alone_are_found_as_well() -> None:
    log, store = await filled(entry(0, status=LogStatus.FAILURE), entry(1))
    for row in log.rows([entry(0, status=LogStatus.FAILURE), entry(1)]):
        if not row.table.endswith(":log"):
            key = row.key.removeprefix("jo/")
            await store.write([row._replace(value=msgspec.json.encode(key))])
    assert await numbers(log, principal="jo") == [1, 0]
    assert await numbers(log, principal="jo", status=LogStatus.FAILURE) == [0]
    assert await numbers(log, status=LogStatus.FAILURE, cause="live") == []


async def test_what_is_too_old_goes_bit_by_bit_from_all_orders() -> None:
    log, store = await filled(
        *(entry(n, status=LogStatus.FAILURE if n % 3 else LogStatus.SUCCESS) for n in range(10))
    )
    left = []
    while rows := await log.forget_before(BEGIN + 6, limit=4):
        await store.write(rows)
        left.append(await store.count(f"{JOB}:log"))
    assert left == [6, 4]
    assert await numbers(log) == [9, 8, 7, 6]
    assert await store.count(f"{JOB}:log_principal") == 4
    assert await numbers(log, status=LogStatus.FAILURE) == [8, 7]
    assert await store.count(f"{JOB}:log_attention") == 2


class SlowStore(CountingStore):
    """Takes a time for each look."""

    def __init__(self, store: MemoryStore, seconds: float) -> None:
        super().__init__(store)
        self._seconds = seconds

    async def scan(self, *args: Any, **options: Any) -> Any:
        await asyncio.sleep(self._seconds)
        return await super().scan(*args, **options)


@pytest.mark.parametrize(("seconds", "looks"), [(0.1, 2), (0.5, 1)])
def test_a_page_of_a_slow_storage_ends_with_the_look_that_takes_long(
    seconds: float, looks: int
) -> None:
    """It reads on from its cursor, and finds the same in the end."""

    async def story() -> None:
        store = SlowStore(MemoryStore(), seconds)
        log = ProvisioningLog(store, JOB)
        await store.write(log.rows([entry(number) for number in range(2500)]))
        await log.query(LogQuery(limit=1))
        loop = asyncio.get_running_loop()
        began, store.rows = loop.time(), 0
        found, after = await log.query(LogQuery(cause="none"))
        assert found == []
        assert after is not None
        assert store.rows == looks * 1000
        assert loop.time() - began == pytest.approx(looks * seconds)
        assert await numbers(log, cause="none") == []
        assert len(await numbers(log, limit=1000, action=entry(0).action)) == 2500

    assert run_simulated(story).finished
