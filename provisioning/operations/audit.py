"""The audit log, read."""

from __future__ import annotations

import re

from provisioning.audit import AuditEntry, Operator
from provisioning.errors import cut
from provisioning.operations.documents import Document, timestamp
from provisioning.operations.paging import cursor, page_size
from provisioning.services import Services

_CURSOR = re.compile(r"[0-9]+\.[0-9]{6}/[0-9A-Za-z]+")
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
    services: Services, *, limit: str | int = 100, after: str | None = None
) -> Document:
    """Who did what, newest first: ``{items, next}``. Raises ``InvalidRequest``."""
    size, place = page_size(limit), cursor(after, _CURSOR)
    await services.claim(dry_run=True)
    rows, more = await services.job().audit.page(size, place)
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
