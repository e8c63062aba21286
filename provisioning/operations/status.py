"""How the job stands, in one document."""

from __future__ import annotations

import msgspec

from provisioning.job import Job
from provisioning.operations import alarms, subscriptions, token
from provisioning.operations.documents import Document, cycle_document, drift_document, timestamp
from provisioning.operations.held import kept, plans_document
from provisioning.operations.switches import document as stop_document
from provisioning.operations.writing import stopped_by
from provisioning.poison import PoisonedMessage
from provisioning.quarantine import QuarantineEntry
from provisioning.record import OPEN, CycleKind, CycleRecord, CycleStatus
from provisioning.services import Services

_RECENT = 200


async def status(services: Services) -> Document:
    """State in one word, since when and why; lanes, escrow, watermark age, lease, latency.

    Raises ``ConfigurationError`` for a store of another job.
    """
    await services.claim(dry_run=True)
    job = services.job()
    last = await last_cycle(job)
    lease = await services.leases.read(services.settings.zscloud_tenant)
    now = services.clock.time()
    busy = lease is not None and lease.until > now
    held = await job.held.held.count()
    shut = await job.quarantine.get()
    stop = await job.orders.stop()
    state, why, since = _state(services, last, held, shut, busy=busy)
    if stop is not None and state != "off":
        state, since = "stopped", stop.at
        why = f"Stopped {stopped_by(stop)}. `start` ends it."
    lanes = await job.work.counts()
    poison = await job.poison.all()
    drift = await job.drift.last()
    return {
        "state": state,
        "since": timestamp(since),
        "why": why,
        "stopped": None if stop is None else stop_document(stop),
        "cycle": None if last is None else cycle_document(last),
        "lanes": {str(lane.value): count for lane, count in lanes.items()},
        "held": held,
        "held_plans": await plans_document(job),
        "kept": len(await kept(job)),
        "due_deletions": await job.links.count_leaving(),
        "escrow": await job.escrow.count() + len(poison),
        "quarantine": None if shut is None else _quarantine_document(shut),
        "token": token.document(services),
        "poison": [_poison_document(message) for message in poison],
        "drift": None if drift is None else drift_document(drift),
        "last_success": timestamp(await _last_success(job)),
        "watermark_age_seconds": await watermark_age(job, now),
        "lease": {"holder": lease.holder, "until": timestamp(lease.until)}
        if lease is not None and busy
        else None,
        "schema": await _schema(services, job),
        "latency": await _latency(job, now),
        "notifications": await _notifications(job, now),
        "assignment_poll": await _poll(job),
        "subscriptions": await subscriptions.state(services),
        "alarms": await alarms.state(services),
    }


def _state(
    services: Services,
    last: CycleRecord | None,
    held: int,
    shut: QuarantineEntry | None,
    *,
    busy: bool,
) -> tuple[str, str, float | None]:
    since = None if last is None else last.finished or last.started
    if services.settings.provisioning_status != "on":
        return "off", "PROVISIONING_STATUS is 'off'.", since
    if shut is not None:
        return "quarantined", shut.reason, shut.since
    if last is None:
        return "healthy", "No cycle has run yet: run `cycle` to begin.", None
    if busy and last.status not in OPEN:
        return "working", "A call on demand or a dry run is under way.", None
    if busy or last.status is CycleStatus.QUEUED:
        return "working", f"A cycle is {last.phase or 'queued'}.", last.started
    if held:
        why = f"{held} removals wait for a decision: `held list` shows the plans."
        return "held", why, since
    if last.status is CycleStatus.FAILED:
        return "healthy", f"The last cycle failed: {last.error}", since
    if last.goes_on:
        return "working", "A cycle is open; the next execution goes on with it.", since
    if last.status is CycleStatus.COMPLETED_WITH_ERRORS:
        why = "The last cycle completed; some objects failed: `logs --status failure` says why."
        return "healthy", why, since
    return "healthy", "The last cycle completed.", since


def _quarantine_document(entry: QuarantineEntry) -> Document:
    return {
        "cause": entry.cause.value,
        "error_code": entry.error_code,
        "reason": entry.reason,
        "remedy": entry.remedy,
        "since": timestamp(entry.since),
        "probes": entry.probes,
        "next_probe": timestamp(entry.next_probe),
    }


def _poison_document(message: PoisonedMessage) -> Document:
    document: Document = msgspec.to_builtins(message)
    document["since"] = timestamp(message.since)
    return document


async def last_cycle(job: Job) -> CycleRecord | None:
    """The last cycle that counts: a dry run and a call on demand say nothing of the job."""
    for _, record in await job.cycles.rows.page(limit=_RECENT, reverse=True):
        if not record.dry_run and record.kind is not CycleKind.ON_DEMAND:
            return record
    return None


async def _last_success(job: Job) -> float | None:
    for _, record in await job.cycles.rows.page(limit=_RECENT, reverse=True):
        if record.dry_run or record.kind is CycleKind.ON_DEMAND:
            continue
        if record.status in (CycleStatus.COMPLETED, CycleStatus.COMPLETED_WITH_ERRORS):
            return record.finished
    return None


async def watermark_age(job: Job, now: float) -> float | None:
    """Seconds since the oldest delta token was taken; ``None`` before the first."""
    ages = [now - mark.taken_at async for _, mark in job.watermarks.all()]
    return round(max(ages), 3) if ages else None


async def _schema(services: Services, job: Job) -> Document:
    """The file in force, and whether it, or a setting of scope, means something else than what the
    last cycle went by.
    """
    path = services.settings.provisioning_schema
    return {
        "file": None if path is None else str(path),
        "changed": await job.was_read_otherwise(),
    }


async def _latency(job: Job, now: float) -> Document:
    """Of the last day: from a change, or from when we were told of it, to its acceptance."""
    summary = await job.latencies.summary(now)
    return {
        "p50_seconds": summary.p50,
        "p99_seconds": summary.p99,
        "changes": summary.changes,
    }


async def _notifications(job: Job, now: float) -> Document:
    """Of the last day, by all processes; each stores its counts with some delay."""
    counted = await job.notified.summary(now)
    return {
        "accepted": counted.accepted,
        "dropped": counted.dropped,
        "last": timestamp(counted.last),
    }


async def _poll(job: Job) -> Document | None:
    """The last read of the assignments, and how long the next one waits at least."""
    poll = await job.polls.get("last")
    if poll is None:
        return None
    return {
        "last": timestamp(poll.ended_at or None),
        "seconds": round(poll.seconds, 3),
        "rows": poll.rows,
        "next": timestamp(poll.next_at),
        "failures": poll.failures,
        "error": poll.error,
    }
