"""What a job has behind it when somebody opens the console: written straight into its store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from provisioning.latency import Latencies
from provisioning.model import Action, EntraId, ModifiedProperty, ObjectType, ScimId
from provisioning.ports import Row
from provisioning.provisioning_log import LogEntry, LogStatus, ProvisioningLog, Step
from provisioning.record import Counts, CycleKind, CycleRecord, Cycles, CycleStatus
from provisioning.settings import load_settings
from provisioning.state.sqlite import SqliteStore

ENTRIES = 10_000
CYCLES = 28
_EVERY = 300.0
_BATCH = 2000


def seed(path: Path, settings: Mapping[str, str]) -> None:
    """Ten thousand entries of the log, cycles every five minutes, and a day of latencies."""
    job = load_settings(settings).job
    # In a thread of its own: Playwright's loop is the one of this thread.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(_seed(path, job))).result()


async def _seed(path: Path, job: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    store = SqliteStore(path)
    now = time.time()
    rows = [
        *ProvisioningLog(store, job).rows([_entry(n, now) for n in range(ENTRIES)]),
        *_cycles(Cycles(store, job), now),
        *_latencies(Latencies(store, job), now),
    ]
    for begin in range(0, len(rows), _BATCH):
        await store.write(rows[begin : begin + _BATCH])
    await store.close()


def _entry(n: int, now: float) -> LogEntry:
    """One entry a minute before the next. Each tenth failed, each hundredth was held."""
    failed, held = n % 10 == 3, n % 100 == 7
    status = LogStatus.FAILURE if failed else LogStatus.HELD if held else LogStatus.SUCCESS
    action = (Action.UPDATE, Action.CREATE, Action.DISABLE, Action.ADD_MEMBER)[n % 4]
    return LogEntry(
        id=f"seed{n:06d}",
        time=now - 7200 - n * 60,
        cycle_id=_cycle_id(now, n % CYCLES),
        cause="incremental",
        status=status,
        action=action,
        object_type=ObjectType.USER,
        source_id=EntraId(f"00000000-0000-4000-8000-{n % 997:012d}"),
        target_id=ScimId(f"{n:08d}"),
        name=f"person.{n % 997}@example.com",
        change_id=f"{n:020x}",
        reason_code="Changed",
        reason="The department is another one in Entra.",
        modified_properties=(ModifiedProperty("department", "Sales", "Legal"),),
        error_code="Conflict" if failed else None,
        remedy="Free the name in ZSCloud." if failed else None,
        duration_ms=180,
        latency_ms=2400,
        steps=(
            Step("import", "success", "read from Entra"),
            Step("scope", "success", "Assigned."),
            Step("match", "success", f"linked to {n:08d}"),
        ),
    )


def _cycle_id(now: float, n: int) -> str:
    return f"{int((now - (n + 1) * _EVERY) * 1000):012x}{n:04d}"


def _cycles(cycles: Cycles, now: float) -> Iterator[Row]:
    for n in range(CYCLES):
        failed = 3 if n == 9 else 0
        record = CycleRecord(
            cycle_id=_cycle_id(now, n),
            kind=CycleKind.RECONCILE if n == 20 else CycleKind.INCREMENTAL,
            status=CycleStatus.COMPLETED_WITH_ERRORS if failed else CycleStatus.COMPLETED,
            started=now - (n + 1) * _EVERY,
            finished=now - (n + 1) * _EVERY + 2.5 + (n * 7) % 11,
            counts=Counts(updated=(n * 5) % 9, memberships_added=(n * 3) % 4, failed=failed),
            discovered=True,
        )
        yield cycles.rows.put(record.cycle_id, record)


def _latencies(latencies: Latencies, now: float) -> Iterator[Row]:
    for hour in range(1, 20):
        for n in range(5 + hour % 7):
            yield from latencies.rows(1.5 + (n * hour) % 23, now - hour * 3600)
