"""Held plans: read, approved as shown, once, or rejected."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from provisioning.audit import AuditEntry, Operator
from provisioning.errors import InvalidRequest, PlanNotPending, Problem
from provisioning.held import Decision, EntryState, HeldEntry, HeldPlan, PlanState
from provisioning.hints import ASSIGNMENTS, FEEDS, Hint
from provisioning.job import Job
from provisioning.operations import hints
from provisioning.operations.documents import Document, change_document, timestamp
from provisioning.operations.paging import cursor
from provisioning.services import Services

PAGE = 500
"""Changes of a plan in one page."""

_KINDS = ("users", "groups", "memberships")
_NOTE = 1000
_PLANS = 200
_CURSOR = re.compile(r"[0-9A-Za-z-]+/[0-9]{7,}")


async def list_(services: Services) -> Document:
    """Plans, newest first, without their changes; and what is kept by decision."""
    await services.claim(dry_run=True)
    job = services.job()
    plans = [plan async for _, plan in job.held.plans.all()]
    plans.sort(key=lambda plan: (plan.created, plan.id), reverse=True)
    items = [await _document(job, plan) for plan in plans[:_PLANS]]
    return {"items": items, "next": None, "kept": await kept(job)}


async def show(services: Services, id: str, after: str = "", limit: int = PAGE) -> Document:
    """One plan with a page of its changes; ``next`` is where the next one begins.

    Raises ``InvalidRequest`` for an id that nobody has, and for what no page has said.
    """
    cursor(after, _CURSOR)
    await services.claim(dry_run=True)
    job = services.job()
    plan = await job.held.plans.get(id)
    if plan is None:
        remedy = "`held list` shows those there are."
        raise InvalidRequest(Problem("id", f"no held plan {id[:100]!r} is known", remedy))
    document = await _document(job, plan)
    changes: list[Document] = []
    document["next"], last = None, ""
    async for place, entry in job.held.entries_of(plan):
        if place <= after:
            continue
        if len(changes) == limit:
            document["next"] = last
            break
        last = place
        changes.append(_entry_document(entry))
    document["changes"] = changes
    return document


async def approve(
    services: Services, id: str, change_ids: Sequence[str] | None, operator: Operator
) -> Document:
    """Approves a plan exactly as it is shown, or some of its changes; the rest waits on under a
    new id. Whoever has the lease carries it out, and checks each entry once more.

    Raises ``PlanNotPending`` and ``InvalidRequest``.
    """
    selection = None if change_ids is None else tuple(dict.fromkeys(change_ids))
    return await _decide(services, id, selection, operator, approve=True, note="")


async def reject(services: Services, id: str, note: str, operator: Operator) -> Document:
    """Rejects a plan: its changes are not proposed again until the facts of their principals
    change. Raises ``PlanNotPending`` and ``InvalidRequest``.
    """
    if not note.strip():
        raise InvalidRequest(Problem("note", "is empty", "Say why the access is to stay."))
    if len(note) > _NOTE:
        raise InvalidRequest(Problem("note", f"is longer than {_NOTE} characters", "Shorten it."))
    return await _decide(services, id, None, operator, approve=False, note=note.strip())


async def kept(job: Job) -> list[Document]:
    """What stays by decision, although the rules would take it away."""
    return [
        {
            "object_type": each.key.type.value,
            "source_id": each.key.id,
            "name": each.name,
            "action": each.action.value,
            "reason": each.reason,
            "plan": each.plan,
            "at": timestamp(each.at),
            "by": each.by,
            "note": each.note,
        }
        async for _, each in job.held.rejected.all()
    ]


async def plans_document(job: Job) -> list[Document]:
    """The plans that wait, for the status."""
    return [await _document(job, plan) for plan in await job.held.open_plans()]


async def _decide(
    services: Services,
    id: str,
    selection: tuple[str, ...] | None,
    operator: Operator,
    *,
    approve: bool,
    note: str,
) -> Document:
    await services.claim()
    job, now = services.job(), services.clock.time()
    plan = await _pending(job, id, now)
    if selection is not None:
        await _check_selection(job, plan, selection)
    decision = Decision(
        plan=id,
        approve=approve,
        change_ids=selection,
        by=str(operator),
        at=now,
        rest=services.ids.new(),
        note=note,
    )
    entry = AuditEntry(
        at=now,
        operator=operator,
        operation="held approve" if approve else "held reject",
        subject=id,
        detail=note if selection is None else f"{len(selection)} changes chosen",
    )
    mark = services.ids.new()
    rows = [job.audit.row(entry, mark), job.held.decision_row(decision, mark)]
    await job.store.write(rows)
    if not await _counts(job, decision):
        raise PlanNotPending(f"The held plan {id} was decided by somebody else at this moment.")
    # Entra is read whole before anything is carried out: who came back meanwhile drops out.
    looks = [Hint(about=what, mark=mark, told_at=now) for what in (FEEDS, ASSIGNMENTS)]
    await hints.store(services, looks)
    document = await _document(job, plan)
    document["rest"] = None if selection is None else decision.rest
    return document


async def _counts(job: Job, decision: Decision) -> bool:
    """Whether it is this decision that counts: of two at once it is the first one. It may have
    been carried out already.
    """
    waiting = await job.held.decision(decision.plan)
    if waiting is not None:
        return waiting == decision
    plan = await job.held.plans.get(decision.plan)
    return plan is not None and (plan.decided, plan.decided_by) == (decision.at, decision.by)


async def _pending(job: Job, id: str, now: float) -> HeldPlan:
    plan = await job.held.plans.get(id)
    if plan is None:
        raise PlanNotPending(f"No held plan {id[:100]!r} is known.")
    if await job.held.decision(id) is not None:
        raise PlanNotPending(f"The held plan {id} has been decided already.")
    if plan.state is not PlanState.PENDING:
        said = f" {plan.note}" if plan.note else ""
        raise PlanNotPending(f"The held plan {id} is {plan.state.value}.{said}")
    if plan.expires <= now:
        raise PlanNotPending(f"The held plan {id} has expired; what it held is held anew.")
    return plan


async def _check_selection(job: Job, plan: HeldPlan, selection: Collection[str]) -> None:
    wanted = set(selection)
    if not wanted:
        raise InvalidRequest(
            Problem("change_ids", "is empty", "Name changes, or leave it out to approve all.")
        )
    async for _, entry in job.held.entries_of(plan):
        wanted.discard(entry.change.change_id)
    if wanted:
        named = ", ".join(sorted(each[:50] for each in wanted)[:5])
        remedy = f"Take them from `held show {plan.id}`: they may have dropped out."
        raise InvalidRequest(
            Problem("change_ids", f"{len(wanted)} are not in the plan, such as {named}", remedy)
        )


async def _document(job: Job, plan: HeldPlan) -> Document:
    """A plan without its changes. One that was decided is shown so before it is carried out."""
    decision = await job.held.decision(plan.id)
    state, decided, by, note = plan.state, plan.decided, plan.decided_by, plan.note
    if decision is not None and state is PlanState.PENDING:
        state = PlanState.APPROVED if decision.approve else PlanState.REJECTED
        decided, by, note = decision.at, decision.by, decision.note or None
    return {
        "id": plan.id,
        "created": timestamp(plan.created),
        "expires": timestamp(plan.expires),
        "state": state.value,
        "cause": plan.cause,
        "counts": {kind: getattr(plan.counts, kind) for kind in _KINDS},
        "checksum": plan.checksum,
        "decided": timestamp(decided),
        "decided_by": by,
        "note": note,
    }


def _entry_document(entry: HeldEntry) -> Document:
    document = change_document(entry.change)
    document["since"] = timestamp(entry.since)
    if entry.state is EntryState.DROPPED:
        document["dropped"] = entry.why
    return document
