"""What waits to be deleted: disabled users and emptied groups in their grace period."""

from __future__ import annotations

import re
from typing import Any

from provisioning.job import Job
from provisioning.model import NAME_PATH, Link
from provisioning.operations.documents import Document, timestamp
from provisioning.operations.paging import cursor, page_size
from provisioning.resolve import load_graph, resolve
from provisioning.scope import GroupGraph
from provisioning.services import Services

_CURSOR = re.compile(r"[0-9]+\.[0-9]{3}/(user|group)/[0-9A-Za-z-]+")


async def list_due(
    services: Services, *, limit: str | int = 100, after: str | None = None
) -> Document:
    """Who waits to be deleted, the first to be deleted first: ``{items, next}``.

    Each item says who, why, since when it is disabled or empty, and when it is deleted
    (``delete_at``; ``null`` if it is not, as things stand now: the next cycle notes that). Raises
    ``InvalidRequest``, naming the field, and ``ConfigurationError`` for a store of another job.
    """
    await services.claim(dry_run=True)
    job = services.job()
    page = page_size(limit)
    links, following, _ = await job.links.leaving(after=cursor(after, _CURSOR), limit=page)
    graph = await load_graph(job)
    return {"items": [await _item(job, graph, link) for link in links], "next": following}


async def _item(job: Job, graph: GroupGraph, link: Link) -> dict[str, Any]:
    case = await resolve(job, graph, link.key)
    name = link.attributes.get(NAME_PATH[link.key.type]) or link.scim_id
    found: dict[str, Any] = {
        "object_type": link.key.type.value,
        "source_id": link.key.id,
        "target_id": link.scim_id,
        "name": str(name),
        "reason_code": None,
        "reason": None,
        "since": timestamp(link.leaving_since),
        "delete_at": None,
    }
    if case is None or case.link is None:
        return found
    verdict = case.verdict
    found["reason_code"], found["reason"] = verdict.reason.value, verdict.sentence
    at = job.rules.deprovisioning.delete_at(verdict, case.link)
    found["delete_at"] = timestamp(at)
    return found
