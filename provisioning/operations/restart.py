"""Restarting the job, and taking over a store that holds another one."""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.audit import AuditEntry, Operator
from provisioning.errors import InvalidRequest, LeaseUnavailable, Problem
from provisioning.forgetting import Scope, forgotten, widened
from provisioning.handover import Handover
from provisioning.job import Job
from provisioning.lanes import Lane
from provisioning.operations.documents import Document
from provisioning.operations.writing import Writing, wakes, writing
from provisioning.orders import Order
from provisioning.services import Services

_LOOK_EVERY = 0.5

_COUNTED = {
    "watermarks": ("watermark",),
    "links": ("link",),
    "escrow": ("escrow",),
    "quarantine": ("quarantine",),
    "mirror": ("mirror_user", "mirror_group"),
}
"""What a restart forgets in numbers that mean something, by the tables that they are of."""


async def preview(
    services: Services, scopes: Sequence[Scope], take_over: str | None = None
) -> Document:
    """What a restart would forget, in numbers: ``{reset_scope, forgets, leavers_waiting, held}``.

    ``leavers_waiting``: removals that wait in the lanes. Without links they come back as a plan
    that is held. Raises ``InvalidRequest``, ``ConfigurationError``, ``StoreUnavailable``.
    """
    if take_over is None:
        await services.claim(dry_run=True)
    else:
        await _check_take_over(services, take_over)
    return await _preview(services.job(), scopes)


async def order(
    services: Services,
    scopes: Sequence[Scope],
    operator: Operator,
    *,
    take_over: str | None = None,
) -> Document:
    """Orders a restart: whoever holds the lease ends what it sends, and carries it out first.

    ``take_over`` names the job that the store holds, which this one takes the place of; its rows
    stay in the store, so that it can be taken back. A stop holds on.
    The document is the preview, with the ``id`` of the restart; the initial cycle that follows has
    the same one. Raises ``InvalidRequest``, ``ConfigurationError``, ``StoreUnavailable``.
    """
    if take_over is not None:
        await _take_over(services, take_over, operator)
    await services.claim()
    job = services.job()
    document = await _preview(job, scopes)
    now, id = services.clock.time(), services.ids.new()
    wish = Order(id=id, at=now, by=str(operator), scopes=tuple(scopes))
    entry = AuditEntry(
        at=now, operator=operator, operation="restart", subject="job", detail=", ".join(scopes)
    )
    await job.store.write([job.audit.row(entry, id), job.orders.restart_row(wish)])
    await wakes(services).arm()
    return {"id": id, **document}


async def carried_out(services: Services, wait: float | None) -> None:
    """Carries out what was ordered, here if the lease is free, else in who has it.

    Raises ``LeaseUnavailable`` after ``wait`` seconds: it is stored, and will be carried out.
    """

    async def nothing_more(_: Writing) -> None:
        """Holding the lease is enough."""

    async def left(_: Writing | None) -> float | None:
        return None

    handover = Handover(lambda: writing(services, wait=0), nothing_more, left)
    give_up = None if wait is None else services.clock.monotonic() + wait
    while await services.job().orders.restarts():
        if await handover.here():
            continue
        if give_up is not None and services.clock.monotonic() >= give_up:
            raise LeaseUnavailable(
                "Another process is writing to this ZSCloud tenant, and has not let go yet. The "
                "restart is stored, and will be carried out before anything else is sent."
            )
        await services.clock.sleep(_LOOK_EVERY)


async def _preview(job: Job, scopes: Sequence[Scope]) -> Document:
    gone = set(forgotten(scopes))
    forgets = {
        name: sum([await job.store.count(f"{job.name}:{table}") for table in tables])
        for name, tables in _COUNTED.items()
        if gone.issuperset(tables)
    }
    return {
        "reset_scope": [scope.value for scope in Scope if scope in widened(scopes)],
        "forgets": forgets,
        "rebuild": Scope.LINKS in widened(scopes),
        "leavers_waiting": (await job.work.counts())[Lane.LEAVERS],
        "held": await job.held.held.count(),
    }


async def _check_take_over(services: Services, named: str) -> None:
    stored, ours = await services.stored_job(), services.settings.job
    if await services.is_importing():
        await services.claim(dry_run=True)  # It says what to do.
    if stored is None or stored == ours:
        holds = "no job yet" if stored is None else "this very job"
        problem = Problem("take_over", f"the store holds {holds}", "Leave it out.")
        raise InvalidRequest(problem)
    if named != stored:
        remedy = f"Give {stored} if that is the one to take over."
        raise InvalidRequest(
            Problem("take_over", f"the store holds {stored}, not {named[:200]!r}", remedy)
        )


async def _take_over(services: Services, named: str, operator: Operator) -> None:
    await _check_take_over(services, named)
    job, now = services.job(), services.clock.time()
    entry = AuditEntry(at=now, operator=operator, operation="take over", subject=named)
    # The entry first: nothing changes hands without one.
    await job.store.write([job.audit.row(entry, services.ids.new())])
    await services.take_over(named)
