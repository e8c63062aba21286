"""The facts that alarms are read from, gathered from the store; and what is remembered for them."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from provisioning.alerts.conditions import (
    MOST_NAMES,
    Facts,
    Failure,
    Plan,
    Poisoned,
    Quarantine,
    Trouble,
)
from provisioning.alerts.rows import AlarmRows, Seen
from provisioning.held import HeldPlan
from provisioning.job import Job
from provisioning.operations.writing import orders
from provisioning.record import OPEN, CycleKind, CycleRecord, CycleStatus
from provisioning.services import Services
from provisioning.subscriptions.failures import SubscriptionFailures
from provisioning.subscriptions.plan import concern

_PAGE = 20
_RECENT = 200
"""Cycles that are looked through for the last one that ended well."""

_ENDED_WELL = frozenset(
    {CycleStatus.COMPLETED, CycleStatus.COMPLETED_WITH_ERRORS, CycleStatus.HELD}
)
_FAILED = frozenset({CycleStatus.FAILED, CycleStatus.QUARANTINED})


def alarm_rows(services: Services) -> AlarmRows:
    """What is stored about the alarms of the job."""
    return AlarmRows(services.store, services.settings.job)


class _Cycles(msgspec.Struct, frozen=True, kw_only=True):
    """The latest cycles: the open one, those that failed since one ended well, and that one."""

    open: CycleRecord | None
    failures: tuple[Failure, ...]
    ended_well_at: float | None


async def alarm_facts(services: Services) -> Facts:
    """Everything at this moment. Raises ``StoreUnavailable``."""
    job, now = services.job(), services.clock.time()
    cycles = await _cycles(job)
    seen = await alarm_rows(services).seen() or Seen(first_at=now)
    alive = [at for at in (cycles.ended_well_at, seen.moved_at) if at is not None]
    on = await _is_on(services)
    return Facts(
        now=now,
        no_cycle_seconds=services.settings.no_cycle_alert_minutes * 60.0,
        first_seen=seen.first_at,
        on_since=(now if seen.on_since is None else seen.on_since) if on else None,
        alive_at=max(alive, default=None),
        failures=cycles.failures,
        quarantine=await _quarantine(job),
        plans=await _plans(job),
        escrow=await job.escrow.count(),
        escrow_names=tuple([e.name for _, e in await job.escrow.entries.page(limit=MOST_NAMES)]),
        poisoned=await _poisoned(job),
        troubles=await _troubles(services, job, now),
    )


async def remember(services: Services) -> None:
    """Remembers since when cycles are expected, and when an open one came further.

    Raises ``StoreUnavailable``.
    """
    rows, now = alarm_rows(services), services.clock.time()
    before = await rows.seen()
    cycles = await _cycles(services.job())
    open = None if cycles.open is None else (cycles.open.cycle_id, cycles.open.done)
    seen = (before or Seen(first_at=now)).after(now, on=await _is_on(services), open=open)
    if seen != before:
        await services.store.write([rows.seen_row(seen)])


async def _is_on(services: Services) -> bool:
    """Whether cycles are expected to run: nobody has switched the job off, or stopped it."""
    on = services.settings.provisioning_status == "on"
    return on and await orders(services).stop() is None


async def _quarantine(job: Job) -> Quarantine | None:
    entry = await job.quarantine.get()
    if entry is None:
        return None
    return Quarantine(
        cause=entry.error_code,
        reason=entry.reason,
        remedy=entry.remedy,
        since=entry.since,
        next_probe=entry.next_probe,
    )


async def _plans(job: Job) -> list[Plan]:
    """The plans that wait for a decision. One that was decided and is not carried out yet waits
    no more.
    """
    plans = await job.held.open_plans()
    return [await _plan(job, each) for each in plans if await job.held.decision(each.id) is None]


async def _plan(job: Job, plan: HeldPlan) -> Plan:
    names: list[str] = []
    async for _, entry in job.held.entries_of(plan):
        names.append(entry.change.name)
        if len(names) == MOST_NAMES:
            break
    counts = plan.counts
    return Plan(
        id=plan.id,
        created=plan.created,
        expires=plan.expires,
        count=counts.users + counts.groups + counts.memberships,
        names=tuple(dict.fromkeys(names)),
        cause=plan.cause,
        rebuild=plan.rebuild,
    )


async def _cycles(job: Job) -> _Cycles:
    open: CycleRecord | None = None
    failures: list[Failure] = []
    looked_at, after = 0, ""
    while looked_at < _RECENT:
        page = await job.cycles.rows.page(after=after, limit=_PAGE, reverse=True)
        for after, record in page:  # noqa: B007  it goes on after the last one
            if record.dry_run or record.kind is CycleKind.ON_DEMAND:
                continue
            if record.status in OPEN:
                open = open or record
            elif record.status in _ENDED_WELL:
                return _Cycles(open=open, failures=tuple(failures), ended_well_at=record.finished)
            elif record.status in _FAILED:
                failures.append(_failure(record))
        looked_at += len(page)
        if len(page) < _PAGE:
            break
    return _Cycles(open=open, failures=tuple(failures), ended_well_at=None)


def _failure(record: CycleRecord) -> Failure:
    return Failure(
        cycle_id=record.cycle_id,
        code=record.error_code or "",
        error=record.error or "",
        remedy=record.remedy or "",
        at=record.finished or record.started,
        quarantined=record.status is CycleStatus.QUARANTINED,
    )


async def _poisoned(job: Job) -> list[Poisoned]:
    by_queue = defaultdict(list)
    for message in await job.poison.all():
        by_queue[message.queue].append(message)
    return [
        Poisoned(
            queue=queue,
            count=len(messages),
            reason=messages[-1].reason,
            remedy=messages[-1].remedy,
            since=messages[0].since,
        )
        for queue, messages in by_queue.items()
    ]


async def _troubles(services: Services, job: Job, now: float) -> list[Trouble]:
    stored = await job.subscribed.all()
    failures = await SubscriptionFailures(services.store, services.settings.job).all()
    troubles = []
    for resource, failure in failures.items():
        sentence = concern(stored.get(resource), failure, now)
        if sentence is not None:
            troubles.append(
                Trouble(
                    resource=resource,
                    sentence=sentence,
                    remedy=failure.remedy,
                    since=failure.since,
                )
            )
    return troubles
