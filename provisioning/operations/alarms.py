"""Alarms: what holds now, telling the channels of it, and trying them out.

Looked at after each execution that worked on a cycle, when a message is set aside, and by timers,
so that the want of cycles is noticed although none ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict

import msgspec

from provisioning.alerts.conditions import (
    MOST_NAMES,
    Condition,
    Facts,
    Failure,
    Plan,
    Poisoned,
    Quarantine,
    Trouble,
    holding,
)
from provisioning.alerts.deciding import Told
from provisioning.alerts.rows import AlarmRows, Seen
from provisioning.alerts.telling import Teller
from provisioning.audit import Operator
from provisioning.errors import ConfigurationError, Problem, ProvisioningError, RemoteError
from provisioning.held import HeldPlan
from provisioning.job import Job
from provisioning.notice import Alarm, Notice, NoticeState
from provisioning.operations.audit import note
from provisioning.operations.documents import Document, timestamp
from provisioning.operations.writing import orders
from provisioning.ports import AlertChannel
from provisioning.record import OPEN, CycleKind, CycleRecord, CycleStatus
from provisioning.services import Services
from provisioning.subscriptions.failures import SubscriptionFailures
from provisioning.subscriptions.plan import concern

_log = logging.getLogger(__name__)

_PAGE = 20
_RECENT = 200
"""Cycles that are looked through for the last one that ended well."""

_ENDED_WELL = frozenset(
    {CycleStatus.COMPLETED, CycleStatus.COMPLETED_WITH_ERRORS, CycleStatus.HELD}
)
_FAILED = frozenset({CycleStatus.FAILED, CycleStatus.QUARANTINED})


async def watch(services: Services) -> None:
    """Looks, and tells what is due. Never raises: no cycle fails for want of an alarm."""
    try:
        await tell(services)
    except ProvisioningError as error:
        _log.warning("The alarms were not looked after: %s", error)
    except Exception:  # noqa: BLE001 - a defect here must not take the work with it
        _log.exception("The alarms were not looked after")


async def tell(services: Services) -> int:
    """Tells the channels what is due; how many messages were accepted.

    Raises ``ConfigurationError`` for a store of another job, ``StoreUnavailable``.
    """
    await services.claim(dry_run=True)
    teller = Teller(
        _rows(services),
        services.channels,
        services.leases,
        services.clock,
        services.ids,
        job=services.settings.job,
        holder=services.holder,
        link=services.settings.console,
    )
    await _see(services)
    return await teller.tell(lambda: conditions(services))


async def conditions(services: Services) -> list[Condition]:
    """What holds now, also what nobody is told at present (``quiet``)."""
    return holding(await _facts(services))


async def state(services: Services) -> list[Document]:
    """What holds now, in short."""
    return [
        {
            "id": each.place,
            "code": each.code.value,
            "sentence": each.sentence,
            "since": timestamp(each.since),
        }
        for each in await conditions(services)
        if not each.quiet
    ]


async def list_(services: Services) -> Document:
    """What holds now, what each channel was told of it and when, and how the channels do.

    Raises ``ConfigurationError``, ``StoreUnavailable``.
    """
    await services.claim(dry_run=True)
    rows = _rows(services)
    told = {each.name: await rows.told(each.name) for each in services.channels}
    found = {each.place: each for each in await conditions(services)}
    waiting = {
        place: known
        for by_place in told.values()
        for place, known in by_place.items()
        if known.ended_at is None and place not in found
    }
    items = [_item(each.place, each, told, quiet=each.quiet) for each in found.values()]
    items += [_item(place, known, told, quiet=False) for place, known in waiting.items()]
    for item in items:
        item["holds"] = item["id"] in found
    return {
        "items": items,
        "channels": [await _channel(rows, each) for each in services.channels],
        "next": None,
    }


async def test(services: Services, operator: Operator | None = None) -> Document:  # noqa: PT028  an operation
    """Sends a test message through each channel, and says what became of it.

    Raises ``ConfigurationError`` when there is no channel.
    """
    if not services.channels:
        remedy = "Set SMTP_URL and ALERT_EMAIL for mails, or ALERT_WEBHOOK."
        problem = Problem("SMTP_URL", "and ALERT_WEBHOOK are not set: nobody is told.", remedy)
        raise ConfigurationError((problem,))
    now = services.clock.time()
    names = ", ".join(channel.name for channel in services.channels)
    await note(services, operator, "alerts test", names)
    notice = Notice(
        id="test",
        code=Alarm.TEST,
        state=NoticeState.BEGUN,
        subject="test",
        sentence="Somebody tries out how alarms arrive. Nothing is wrong.",
        remedy="Nothing.",
        names=(),
        since=now,
        time=now,
        job=services.settings.job,
        link=services.settings.console,
    )
    items = await asyncio.gather(*(_tried(each, notice) for each in services.channels))
    return {"items": items, "next": None}


async def _tried(channel: AlertChannel, notice: Notice) -> Document:
    error: Document | None = None
    try:
        await channel.send(notice)
    except RemoteError as failed:
        error = {"code": failed.code, "message": str(failed), "remedy": failed.remedy}
    return {"channel": channel.name, "ok": error is None, "error": error}


def _rows(services: Services) -> AlarmRows:
    return AlarmRows(services.store, services.settings.job)


# --- the facts -----------------------------------------------------------------------------------


class _Cycles(msgspec.Struct, frozen=True, kw_only=True):
    """The latest cycles: the open one, those that failed since one ended well, and that one."""

    open: CycleRecord | None
    failures: tuple[Failure, ...]
    ended_well_at: float | None


async def _facts(services: Services) -> Facts:
    job, now = services.job(), services.clock.time()
    cycles = await _cycles(job)
    seen = await _rows(services).seen() or Seen(first_at=now)
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


async def _see(services: Services) -> None:
    """Remembers since when cycles are expected, and when an open one came further."""
    rows, now = _rows(services), services.clock.time()
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


# --- documents -----------------------------------------------------------------------------------


def _item(
    place: str, known: Condition | Told, told: dict[str, dict[str, Told]], *, quiet: bool
) -> Document:
    return {
        "id": place,
        "code": known.code.value,
        "subject": known.subject,
        "sentence": known.sentence,
        "names": list(known.names),
        "remedy": known.remedy,
        "since": timestamp(known.since),
        "quiet": quiet,
        "told": {
            name: timestamp(by_place[place].told_at)
            for name, by_place in told.items()
            if place in by_place and by_place[place].ended_at is None
        },
    }


async def _channel(rows: AlarmRows, channel: AlertChannel) -> Document:
    failure = await rows.failures.get(channel.name)
    return {
        "name": channel.name,
        "failure": None
        if failure is None
        else {
            "code": failure.code,
            "message": failure.message,
            "remedy": failure.remedy,
            "since": timestamp(failure.since),
        },
    }
