"""What failed and is tried again: listed, and tried at once when somebody asks for it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from provisioning.audit import Operator
from provisioning.errors import InvalidRequest, Problem, cut
from provisioning.escrow import EscrowEntry
from provisioning.operations.audit import note
from provisioning.operations.documents import Document, timestamp
from provisioning.operations.paging import cursor
from provisioning.operations.writing import wakes
from provisioning.services import Services

PAGE = 200
_CURSOR = re.compile(r"(user|group)/[0-9A-Za-z-]+/(object|removal)")


async def list_(services: Services, after: str = "", limit: int = PAGE) -> Document:
    """Entries by object: ``{items, next}``. ``next`` is where the next page goes on.

    Raises ``InvalidRequest`` for another ``after``.
    """
    place = cursor(after, _CURSOR)
    await services.claim(dry_run=True)
    rows = await services.job().escrow.entries.page(after=place, limit=limit)
    more = len(rows) == limit
    return {
        "items": [_document(entry) for _, entry in rows],
        "next": rows[-1][0] if more else None,
    }


async def retry_now(
    services: Services, names: Sequence[str] = (), operator: Operator | None = None
) -> Document:
    """Asks for a try at once of the named principals, by object id or name; of all without one.

    The wish is stored: whoever writes to ZSCloud, now or next, takes it up. ``{items}`` are the
    entries that it is about. While the job is off or in quarantine it waits for the end of that.
    Raises ``InvalidRequest`` for a name of nobody in escrow.
    """
    await services.claim()
    job = services.job()
    entries = {place: entry async for place, entry in job.escrow.entries.all()}
    wanted = entries
    if names:
        wanted = {}
        for name in names:
            found = {place: one for place, one in entries.items() if _is_named(one, name)}
            if not found:
                raise InvalidRequest(
                    Problem(
                        "ids",
                        f"nobody named {cut(name, 100)!r} is in escrow",
                        "Give an object id or a name as `escrow` lists it.",
                    )
                )
            wanted |= found
    if wanted:
        await note(services, operator, "escrow retry-now", ", ".join(names) or "all")
        await job.store.write(job.escrow.wanted(wanted if names else ()))
        await wakes(services).ensure()
    return {"items": [_document(entry) for entry in wanted.values()]}


def _is_named(entry: EscrowEntry, name: str) -> bool:
    return entry.key.id == name or entry.name.casefold() == name.casefold()


def _document(entry: EscrowEntry) -> Document:
    return {
        "source_id": entry.key.id,
        "object_type": entry.key.type.value,
        "name": entry.name,
        "aspect": entry.item.aspect.value,
        "error_code": entry.error_code,
        "reason": entry.reason,
        "remedy": entry.remedy,
        "tries": entry.tries,
        "since": timestamp(entry.since),
        "last_try": timestamp(entry.last_try),
        "next_try": timestamp(entry.next_try),
    }
