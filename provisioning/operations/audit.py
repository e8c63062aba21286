"""The audit log, read."""

from __future__ import annotations

from provisioning.errors import InvalidRequest, Problem
from provisioning.operations.documents import Document, timestamp
from provisioning.services import Services

_MOST = 1000


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
