"""Provision on demand: named principals, at once, with the five steps of each.

A call is stored first. Who has the lease answers it: this process, if the lease is free, or the
one that is writing, beside its other work.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

from provisioning.audit import Operator
from provisioning.calls import Call
from provisioning.errors import InvalidRequest, LeaseUnavailable, Problem, cut
from provisioning.explaining.steps import steps_of
from provisioning.job import Job
from provisioning.mirror import group_key, user_key
from provisioning.model import Change, Key, ObjectType
from provisioning.operations.audit import note
from provisioning.operations.documents import Document, change_document
from provisioning.operations.writing import (
    Progress,
    ask_for_probe,
    calls_handover,
    require_started,
    silent,
    wakes,
    writing,
)
from provisioning.provisioning_log import LogEntry, LogQuery, LogStatus
from provisioning.record import OPEN, CycleKind, CycleRecord, CycleStatus
from provisioning.resolve import load_graph, resolve
from provisioning.services import Services

FEW = 5
"""Users of one call whose removal passes the brake."""

_LOOK_EVERY = 0.5
_CUT_AFTER = 10.0
"""Seconds beyond its budget after which a call is cut that is still reading Entra."""

_ENTRIES = 1000
_NAMED = 10

_SKEW = 600.0
"""Seconds by which the clocks of who calls and who writes may differ, at most."""


async def provision_on_demand(
    services: Services,
    *,
    users: Sequence[str] = (),
    group: str | None = None,
    dry_run: bool = False,
    wait: float | None = 30.0,
    progress: Progress = silent,
    operator: Operator | None = None,
) -> tuple[CycleRecord, Document]:
    """Provisions users (by id or user principal name) or a group (by id or display name).

    Works also while ``PROVISIONING_STATUS`` is off, so that one test user can go first. While
    another process writes, that one answers; ``wait`` is how long to wait for it.
    Gives the record of the call, and ``{results: [{source_id, name, outcome, steps, changes}]}``.
    ``operator`` is who asks, for the audit log.
    Raises ``InvalidRequest``, ``ConfigurationError`` (also while the job is stopped, unless for a
    dry run), and ``LeaseUnavailable``: the call is stored then, and will be answered by whoever
    writes next.
    """
    if dry_run:
        return await _dry_run(services, await _keys(services, users, group), wait)
    call = await _store(services, users, group, operator)
    if not await _answered(services, call, wait, progress=progress):
        raise LeaseUnavailable(
            f"Another process is writing to this ZSCloud tenant, and has not answered yet. "
            f"The call {call.id} is stored and will be answered: `logs --cycle {call.id}`."
        )
    return await services.job().calls.record(call), await _results(services, call)


async def provision_within(
    services: Services,
    *,
    users: Sequence[str] = (),
    group: str | None = None,
    seconds: float,
    operator: Operator | None = None,
) -> tuple[str, Document | None]:
    """The same for a caller who waits ``seconds`` at most: the call's id, and the results.

    Without results the call goes on by a wake-up; ``get_on_demand`` tells how far it is.
    """
    call = await _store(services, users, group, operator)
    try:
        async with asyncio.timeout(seconds + _CUT_AFTER):
            answered = await _answered(services, call, seconds, budget=seconds)
    except TimeoutError:
        answered = False
    if answered:
        return call.id, await _results(services, call)
    await wakes(services).arm()
    return call.id, None


async def get_on_demand(services: Services, id: str) -> tuple[Document, bool]:
    """The results of a call, and whether they are all there. Raises ``InvalidRequest``."""
    job = services.job()
    call = await job.calls.get(id)
    if call is None:
        unknown = f"no call {cut(id, 100)!r} is known"
        raise InvalidRequest(Problem("id", unknown, "Take it from Location."))
    record = await job.calls.record(call)
    if record.status in OPEN:
        return {"id": id, "status": record.status.value, "results": []}, False
    return await _results(services, call), True


async def _store(
    services: Services, users: Sequence[str], group: str | None, operator: Operator | None
) -> Call:
    await services.claim()
    await require_started(services)
    keys = await _keys(services, users, group)
    call = Call(services.ids.new(), tuple(keys), services.clock.time())
    whom = ", ".join(users) if group is None else f"group {group}"
    await note(services, operator, "on-demand", call.id, f"{len(keys)} named: {whom}")
    await services.job().calls.store(call)
    await ask_for_probe(services)
    return call


async def _answered(
    services: Services,
    call: Call,
    wait: float | None,
    *,
    budget: float | None = None,
    progress: Progress = silent,
) -> bool:
    """Answers the call if the lease is free, else waits for who has it. False after ``wait``."""
    handover = calls_handover(services, budget=budget, progress=progress)
    give_up = None if wait is None else services.clock.monotonic() + wait
    while True:
        await handover.here()
        record = await services.job().calls.record(call)
        if record.status not in OPEN:
            return True
        await require_started(services)  # The call waits for the start, and nobody for the call.
        if give_up is not None and services.clock.monotonic() >= give_up:
            return False
        await services.clock.sleep(_LOOK_EVERY)


async def _dry_run(
    services: Services, keys: Sequence[Key], wait: float | None
) -> tuple[CycleRecord, Document]:
    record = CycleRecord(
        cycle_id=services.ids.new(),
        kind=CycleKind.ON_DEMAND,
        dry_run=True,
        started=services.clock.time(),
    )
    async with writing(services, wait=wait, dry_run=True) as held:
        run = held.cycle(record, budget=None)
        await run.run_on_demand(keys)
        results = [
            await _result(
                held.job,
                record,
                key,
                [change for change in run.recorder.changes if _about(change, key)],
                (await held.job.log.query(LogQuery(principal=key.id, cycle_id=record.cycle_id)))[0],
            )
            for key in keys
        ]
    await calls_handover(services, budget=None).look_again()
    return record, {"results": results}


async def _results(services: Services, call: Call) -> Document:
    """What the provisioning log says of the call."""
    job = services.job()
    record = await job.calls.record(call)
    # Of groups that a user has joined: as far back as one page of the log goes.
    query = LogQuery(since=call.at - _SKEW, cycle_id=call.id, limit=_ENTRIES)
    beside = list(reversed((await job.log.query(query))[0]))
    results = []
    for key in call.keys:
        own = await _own_entries(job, call, key, record)
        entries = {entry.id: entry for entry in [*own, *beside]}.values()
        made = (_change(entry) for entry in entries)
        changes = [change for change in made if change is not None and _about(change, key)]
        results.append(await _result(job, record, key, changes, own))
    document: Document = {"results": results}
    if record.error_code is not None:
        document["error"] = {
            "code": record.error_code,
            "message": record.error,
            "remedy": record.remedy,
        }
    return document


async def _own_entries(job: Job, call: Call, key: Key, record: CycleRecord) -> list[LogEntry]:
    """The log of a key that was named, oldest first.

    Where the call left none, another call of the same time may have done its work.
    """
    query = LogQuery(since=call.at - _SKEW, principal=key.id, limit=_ENTRIES)
    entries = list(reversed((await job.log.query(query))[0]))
    end = record.finished or math.inf
    return [entry for entry in entries if entry.cycle_id == call.id] or [
        entry
        for entry in entries
        if entry.cause == CycleKind.ON_DEMAND.value and call.at <= entry.time <= end
    ]


def _change(entry: LogEntry) -> Change | None:
    """The change of an entry, if it was made."""
    if entry.status is not LogStatus.SUCCESS or entry.action is None or entry.change_id is None:
        return None
    fields = {name: getattr(entry, name) for name in Change.__struct_fields__}
    return Change(**fields)


async def _keys(services: Services, users: Sequence[str], group: str | None) -> list[Key]:
    if bool(users) == (group is not None):
        raise InvalidRequest(
            Problem("user", "name users, or one group", "Give `user`, `users` or `group`.")
        )
    if group is not None:
        return [await _group(services, group)]
    found = {name: await services.source.find_user(name) for name in map(str.strip, users)}
    unknown = [repr(cut(name, 100)) for name, user in found.items() if user is None]
    if unknown:
        more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
        raise InvalidRequest(
            Problem(
                "user",
                f"Entra knows no user {', '.join(unknown[:_NAMED])}{more}",
                "Give the object id or the user principal name as Entra shows it.",
            )
        )
    return list(dict.fromkeys(user_key(user.id) for user in found.values() if user is not None))


async def _group(services: Services, name: str) -> Key:
    found = await services.source.find_groups(name.strip())
    if len(found) != 1:
        how_many = "no group" if not found else f"{len(found)} groups"
        raise InvalidRequest(
            Problem("group", f"Entra knows {how_many} {cut(name, 100)!r}", "Give the object id.")
        )
    return group_key(found[0].id)


async def _result(
    job: Job,
    record: CycleRecord,
    key: Key,
    changes: Sequence[Change],
    entries: Sequence[LogEntry],
) -> Document:
    case = await resolve(job, await load_graph(job), key)
    steps = steps_of(case, None, None) if case is not None else ()
    if entries:
        steps = max(entries, key=lambda entry: len(entry.steps)).steps or steps
    return {
        "source_id": key.id,
        "name": case.name if case is not None else key.id,
        "outcome": _outcome(record, key, changes, entries),
        "steps": [{"name": s.name, "status": s.status, "detail": s.detail} for s in steps],
        "changes": [change_document(change) for change in changes],
    }


def _about(change: Change, key: Key) -> bool:
    if change.source_id == key.id:
        return True
    member = change.member.source_id if change.member else None
    return key.type is ObjectType.USER and member == key.id


def _outcome(
    record: CycleRecord, key: Key, changes: Sequence[Change], entries: Sequence[LogEntry]
) -> str:
    for status in (LogStatus.FAILURE, LogStatus.HELD):
        if any(entry.status is status for entry in entries):
            return status.value
    own = [change for change in changes if change.source_id == key.id]
    if own or changes:
        return (own or list(changes))[0].action.value
    if record.status is CycleStatus.FAILED or record.status is CycleStatus.QUARANTINED:
        return LogStatus.FAILURE.value
    if any(entry.status is LogStatus.SKIPPED for entry in entries):
        return LogStatus.SKIPPED.value
    return "unchanged"
