"""Provision on demand: named principals, at once, with the five steps of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from provisioning.apply.sender import Sender
from provisioning.cycle import CycleRun
from provisioning.errors import InvalidRequest, Problem
from provisioning.explain import steps_of
from provisioning.job import Job
from provisioning.lease import held
from provisioning.mirror import group_key, user_key
from provisioning.model import Change, Key, ObjectType
from provisioning.operations.documents import Document, change_document
from provisioning.provisioning_log import LogEntry, LogQuery, LogStatus
from provisioning.record import CycleKind, CycleRecord, CycleStatus
from provisioning.resolve import load_graph, resolve
from provisioning.services import Services

FEW = 5
"""Users of one call whose removal passes the brake."""


async def provision_on_demand(
    services: Services,
    *,
    users: Sequence[str] = (),
    group: str | None = None,
    dry_run: bool = False,
    wait: float | None = 30.0,
    progress: Callable[[CycleRecord], None] = lambda _: None,
) -> tuple[CycleRecord, Document]:
    """Provisions users (by id or user principal name) or a group (by id or display name).

    Works also while ``PROVISIONING_STATUS`` is off, so that one test user can go first.
    Gives the record of the call, and ``{results: [{source_id, name, outcome, steps, changes}]}``.
    Raises ``InvalidRequest``, ``LeaseUnavailable``, ``ConfigurationError``.
    """
    await services.claim(dry_run=dry_run)
    keys = await _keys(services, users, group)
    async with held(
        services.leases,
        services.settings.job,
        services.holder,
        services.clock,
        services.pacer,
        wait=wait,
    ) as lease:
        job = services.job(dry_run=dry_run)
        try:
            record = CycleRecord(
                cycle_id=services.ids.new(),
                kind=CycleKind.ON_DEMAND,
                dry_run=dry_run,
                started=services.clock.time(),
            )
            run = CycleRun(
                job,
                services.source,
                services.target,
                None if dry_run else services.target,
                Sender(services.pacer, lease, services.clock, services.ids),
                record,
                progress=progress,
            )
            await run.run_on_demand(keys)
            results = [await _result(job, run, key) for key in keys]
        finally:
            await job.store.flush()
    return record, {"results": results}


async def _keys(services: Services, users: Sequence[str], group: str | None) -> list[Key]:
    if bool(users) == (group is not None):
        raise InvalidRequest(
            Problem("user", "name users, or one group", "Give `user`, `users` or `group`.")
        )
    if group is not None:
        return [await _group(services, group)]
    keys: list[Key] = []
    for name in users:
        found = await services.source.find_user(name)
        if found is None:
            raise InvalidRequest(
                Problem(
                    "user",
                    f"Entra knows no user {name!r}",
                    "Give the object id or the user principal name as Entra shows it.",
                )
            )
        keys.append(user_key(found.id))
    return list(dict.fromkeys(keys))


async def _group(services: Services, name: str) -> Key:
    found = await services.source.find_groups(name)
    if len(found) != 1:
        how_many = "no group" if not found else f"{len(found)} groups"
        raise InvalidRequest(
            Problem("group", f"Entra knows {how_many} {name!r}", "Give the object id.")
        )
    return group_key(found[0].id)


async def _result(job: Job, run: CycleRun, key: Key) -> Document:
    changes = [change for change in run.recorder.changes if _about(change, key)]
    entries, _ = await job.log.query(LogQuery(principal=key.id, cycle_id=run.record.cycle_id))
    case = await resolve(job, await load_graph(job), key)
    steps = steps_of(case, None, None) if case is not None else ()
    if entries:
        steps = max(entries, key=lambda entry: len(entry.steps)).steps or steps
    return {
        "source_id": key.id,
        "name": case.name if case is not None else key.id,
        "outcome": _outcome(run.record, key, changes, entries),
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
