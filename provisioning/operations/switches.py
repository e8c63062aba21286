"""Stopping the job, and starting it again: a flag in the store, whoever works."""

from __future__ import annotations

from provisioning.audit import AuditEntry, Operator
from provisioning.errors import InvalidRequest, Problem
from provisioning.operations.cycles import start_cycle
from provisioning.operations.documents import Document, timestamp
from provisioning.operations.writing import orders, wakes
from provisioning.orders import Order
from provisioning.record import CycleKind
from provisioning.services import Services

_NOTE = 1000


async def stop(services: Services, operator: Operator, note: str = "") -> Document:
    """Ends the sending to ZSCloud within a quarter of a second, and for good: until ``start``.

    Nothing is lost: the open cycle goes on where it is, and hints are stored. A stop that stands
    already stays as it is. ``{stopped: {since, by, why}, changed}``.
    Raises ``InvalidRequest``, ``ConfigurationError`` for a store of another job.
    """
    if len(note) > _NOTE:
        raise InvalidRequest(Problem("note", f"is longer than {_NOTE} characters", "Shorten it."))
    await services.claim()
    job, now = services.job(), services.clock.time()
    before = await job.orders.stop()
    order = Order(id=services.ids.new(), at=now, by=str(operator), note=note.strip())
    rows = [job.audit.row(_entry(now, operator, "stop", order.note), order.id)]
    if before is None:
        rows.append(job.orders.stop_row(order))
    await job.store.write(rows)
    return {"stopped": document(before or order), "changed": before is None}


async def start(services: Services, operator: Operator) -> Document:
    """Ends a stop: the open cycle goes on at once, or an incremental one begins.

    ``{stopped: null, changed}``. Raises ``ConfigurationError`` for a store of another job.
    """
    await services.claim()
    job, now = services.job(), services.clock.time()
    before = await job.orders.stop()
    row = job.audit.row(_entry(now, operator, "start", ""), services.ids.new())
    await job.store.write([row, job.orders.start_row()])
    if before is not None and services.settings.provisioning_status == "on":
        await start_cycle(services, CycleKind.INCREMENTAL, dry_run=False)
    await wakes(services).arm()
    return {"stopped": None, "changed": before is not None}


async def stopped(services: Services) -> Document | None:
    """The stop that stands."""
    order = await orders(services).stop()
    return None if order is None else document(order)


def document(order: Order) -> Document:
    """A stop as people see it."""
    return {"since": timestamp(order.at), "by": order.by, "why": order.note or None}


def _entry(at: float, operator: Operator, operation: str, note: str) -> AuditEntry:
    return AuditEntry(at=at, operator=operator, operation=operation, subject="job", detail=note)
