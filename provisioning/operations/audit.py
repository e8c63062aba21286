"""The audit log, read."""

from __future__ import annotations

from provisioning.audit import AuditEntry, Operator
from provisioning.errors import InvalidRequest, Problem, cut
from provisioning.operations.documents import Document, timestamp
from provisioning.services import Services

_MOST = 1000
_SUBJECT = 500


async def note(
    services: Services,
    operator: Operator | None,
    operation: str,
    subject: str,
    detail: str = "",
) -> None:
    """Writes down what a person asks for, before it is done. A timer is no person.

    Raises ``StoreUnavailable``: then it is not done.
    """
    if operator is None:
        return
    job = services.job()
    entry = AuditEntry(
        at=services.clock.time(),
        operator=operator,
        operation=operation,
        subject=cut(subject, _SUBJECT),
        detail=cut(detail, _SUBJECT),
    )
    await job.store.write([job.audit.row(entry, services.ids.new())])


async def query_audit(
    services: Services, *, limit: int = 100, after: str | None = None
) -> Document:
    """Who did what, newest first: ``{items, next}``. Raises ``InvalidRequest``."""
    if not 1 <= limit <= _MOST:
        raise InvalidRequest(Problem("limit", f"is not within 1 and {_MOST}", "Give another one."))
    await services.claim(dry_run=True)
    rows, more = await services.job().audit.page(limit, after or "")
    items = [
        {
            "time": timestamp(entry.at),
            "operator": entry.operator.name,
            "known": entry.operator.known.value,
            "operation": entry.operation,
            "subject": entry.subject,
            "detail": entry.detail,
        }
        for _, entry in rows
    ]
    return {"items": items, "next": more}
