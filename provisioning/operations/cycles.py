"""Starting, running and reading cycles."""

from __future__ import annotations

from typing import NamedTuple

from provisioning.audit import Operator
from provisioning.drift import Finding
from provisioning.errors import ConfigurationError, InvalidRequest, Problem, cut
from provisioning.job import Job
from provisioning.model import Change
from provisioning.operations import alarms
from provisioning.operations.audit import note
from provisioning.operations.documents import Document, cycle_document
from provisioning.operations.writing import (
    Progress,
    ask_for_probe,
    calls_handover,
    require_started,
    silent,
    writing,
)
from provisioning.record import OPEN, CycleKind, CycleRecord, CycleStatus
from provisioning.rows.order import in_steps
from provisioning.services import Services

_PAGE = 200

_FOUND = 100
"""Edits by hand that a dry run shows; the numbers are of all of them."""


_HELD = 1000
"""Held changes that a dry run shows; `counts` has the number of the principals."""


def require_on(services: Services) -> None:
    """Raises ``ConfigurationError`` while ``PROVISIONING_STATUS`` is off."""
    if services.settings.provisioning_status != "on":
        raise ConfigurationError(
            (
                Problem(
                    "PROVISIONING_STATUS",
                    "is 'off': a cycle writes nothing.",
                    "Look at the plan, provision one test user on demand, then set it to 'on'.",
                ),
            )
        )


async def start_cycle(services: Services, kind: CycleKind, *, dry_run: bool) -> Document:
    """Queues a cycle. One that is open already goes on instead of a second one.

    Raises ``ConfigurationError`` while the job is off or stopped, unless for a dry run.
    """
    if not dry_run:
        require_on(services)
    await services.claim(dry_run=dry_run)
    if not dry_run:
        await require_started(services)
    return cycle_document(await _begun(services.job(), services, kind, dry_run=dry_run))


async def run_cycle(
    services: Services,
    kind: CycleKind = CycleKind.INCREMENTAL,
    *,
    cycle_id: str | None = None,
    dry_run: bool = False,
    wait: float | None = None,
    budget: float | None = None,
    progress: Progress = silent,
) -> tuple[CycleRecord, list[Change]]:
    """Runs a cycle, or goes on with an open one, for at most ``budget`` seconds of work.

    ``wait`` is how long to wait for the lease, ``None`` for ever. Gives the record, which is
    still ``running`` when the budget was spent, and the changes of a dry run.
    Raises ``ConfigurationError``, ``LeaseUnavailable``, ``InvalidRequest``.
    """
    ran = await run_whole_cycle(
        services,
        kind,
        cycle_id=cycle_id,
        dry_run=dry_run,
        wait=wait,
        budget=budget,
        progress=progress,
    )
    return ran.record, ran.changes


class Ran(NamedTuple):
    """A cycle that was run; of a dry run, what it would send, and the first edits by hand that it
    found and changes that would be held, which are stored nowhere.
    """

    record: CycleRecord
    changes: list[Change]
    findings: list[Finding]
    held: list[Change]


async def run_whole_cycle(
    services: Services,
    kind: CycleKind = CycleKind.INCREMENTAL,
    *,
    cycle_id: str | None = None,
    dry_run: bool = False,
    wait: float | None = None,
    budget: float | None = None,
    progress: Progress = silent,
    operator: Operator | None = None,
) -> Ran:
    """The same as ``run_cycle``, with what else a dry run has found. ``operator``: who started it,
    for the audit log; ``None`` if nobody did.
    """
    if not dry_run:
        require_on(services)
        await require_started(services)
        await ask_for_probe(services)
    findings: list[Finding] = []
    waiting: list[Change] = []
    async with writing(services, wait=wait, dry_run=dry_run) as held:
        record = await find_or_start(held.job, services, kind, cycle_id, dry_run=dry_run)
        if not dry_run:
            await note(services, operator, "cycle", record.cycle_id, record.kind.value)
        run = held.cycle(record, budget=budget, progress=progress)
        await run.run()
        if dry_run and record.drift is not None:
            rows = await held.job.drift.findings.page(f"{record.cycle_id}/", limit=_FOUND)
            findings = [each for _, found in rows for each in found][:_FOUND]
        if dry_run:
            waiting = await _held(held.job)
    if dry_run:
        await _store_plan(services, record, run.recorder.changes)
    # Calls that came while the lease was being let go.
    await calls_handover(services, budget=budget).look_again()
    if not dry_run:
        await alarms.watch(services)
    return Ran(record, run.recorder.changes, findings, waiting)


async def _held(job: Job) -> list[Change]:
    """The first changes of the plans that wait, or would."""
    found: list[Change] = []
    for plan in await job.held.open_plans():
        async for _, entry in job.held.entries_of(plan):
            found.append(entry.change)
            if len(found) == _HELD:
                return found
    return found


async def run_dry(services: Services, cycle_id: str) -> None:
    """Runs a dry run that was queued, if the lease is free. One that has run already does not
    run again. Raises ``LeaseUnavailable``.
    """
    record = await services.job().cycles.rows.get(cycle_id)
    if record is not None and record.dry_run and record.status in OPEN:
        await run_cycle(services, record.kind, cycle_id=cycle_id, dry_run=True, wait=0)


async def get_cycle(services: Services, cycle_id: str, after: int = 0) -> Document:
    """A cycle's progress or result; for a dry run a page of its changes, and where it goes on."""
    job = services.job()
    record = await job.cycles.rows.get(cycle_id)
    if record is None:
        raise InvalidRequest(
            Problem(
                "id",
                f"no cycle {cut(cycle_id, 100)!r} is known",
                "List cycles with `status` or `logs`.",
            )
        )
    if not record.dry_run:
        return cycle_document(record)
    prefix = f"{cycle_id}/"
    rows = await job.cycles.changes.page(
        prefix, after=f"{prefix}{after:08d}" if after else "", limit=_PAGE
    )
    document = cycle_document(record, [change for _, change in rows])
    more = len(rows) == _PAGE
    document["next"] = rows[-1][0].removeprefix(prefix) if more else None
    return document


async def find_or_start(
    job: Job,
    services: Services,
    kind: CycleKind,
    cycle_id: str | None = None,
    *,
    dry_run: bool = False,
) -> CycleRecord:
    """The open cycle, or the one of that id if it is open, else a new one."""
    record = await job.cycles.rows.get(cycle_id) if cycle_id is not None else None
    if record is not None and record.status in OPEN:
        return record
    return await _begun(job, services, kind, dry_run=dry_run)


async def _begun(job: Job, services: Services, kind: CycleKind, *, dry_run: bool) -> CycleRecord:
    """The open cycle, or else a new one, stored."""
    cycles = job.cycles
    first = await cycles.current.get("initial") is None
    if kind is CycleKind.RECONCILE and not first and not dry_run:
        # Stored before anything else: if another cycle is open by then, the next one is it.
        await job.store.write([cycles.current.put("reconcile", "wanted")])
    if not dry_run and (open_cycle := await cycles.open_cycle()) is not None:
        return open_cycle
    if kind is CycleKind.INCREMENTAL and await cycles.current.get("reconcile") is not None:
        kind = CycleKind.RECONCILE
    record = CycleRecord(
        cycle_id=services.ids.new(),
        kind=CycleKind.INITIAL if first else kind,
        dry_run=dry_run,
        status=CycleStatus.QUEUED,
        started=services.clock.time(),
    )
    if not dry_run:
        return await cycles.begin(record)
    await job.store.write([cycles.rows.put(record.cycle_id, record)])
    return record


async def _store_plan(services: Services, record: CycleRecord, changes: list[Change]) -> None:
    """Keeps what a dry run would send, so that it can be read page by page."""
    job = services.job()
    plan = [
        job.cycles.changes.put(f"{record.cycle_id}/{number:08d}", change)
        for number, change in enumerate(changes, 1)
    ]
    await job.store.write(in_steps(plan, [job.cycles.rows.put(record.cycle_id, record)]))
    await job.store.flush()
