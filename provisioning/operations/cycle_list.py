"""The last cycles, for whoever wants to see how they went one after another."""

from __future__ import annotations

import re

from provisioning.operations.documents import Document, cycle_document
from provisioning.operations.paging import cursor, page_size
from provisioning.record import CycleKind, CycleRecord
from provisioning.services import Services

_READ = 2000
"""Rows that are read for one page at most, as for a page of the log."""

_CHUNK = 200
_ID = re.compile(r"[0-9A-Za-z-]{1,100}")


async def list_cycles(
    services: Services, *, limit: str | int = 30, after: str | None = None
) -> Document:
    """Cycles, newest first: ``{items, next}``. Dry runs and calls on demand say nothing of the job
    and are left out. ``next`` goes on behind the last row that was read: a page may be short.

    Raises ``InvalidRequest``, naming the field, and ``ConfigurationError`` for a store of another
    job.
    """
    size, place = page_size(limit), cursor(after, _ID)
    await services.claim(dry_run=True)
    rows = services.job().cycles.rows
    items: list[Document] = []
    for _ in range(0, _READ, _CHUNK):
        page = await rows.page(after=place, limit=_CHUNK, reverse=True)
        for place, record in page:
            if _counts(record):
                items.append(cycle_document(record))
            if len(items) == size:
                return {"items": items, "next": place}
        if len(page) < _CHUNK:
            return {"items": items, "next": None}
    return {"items": items, "next": place}


def _counts(record: CycleRecord) -> bool:
    return not record.dry_run and record.kind is not CycleKind.ON_DEMAND
