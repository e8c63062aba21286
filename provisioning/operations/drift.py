"""What the last reconcile found in ZSCloud: edits by hand, and objects that are nobody's."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TypeVar

from provisioning.drift import DriftCounts, Finding, Orphan
from provisioning.errors import InvalidRequest, Problem, cut
from provisioning.job import Job
from provisioning.operations.documents import (
    Document,
    drift_document,
    finding_document,
    orphan_document,
)
from provisioning.operations.paging import page_size
from provisioning.rows.table import Table
from provisioning.services import Services

_Item = TypeVar("_Item")


async def list_drift(
    services: Services, *, limit: str | int = 100, after: str | None = None
) -> Document:
    """The findings of the last reconcile: ``{items, next, report}``, by object.

    Of very many the first ones are listed; ``report`` counts them all, and is ``None`` before the
    first reconcile. Raises ``InvalidRequest``, naming the field, and ``ConfigurationError`` for a
    store of another job.
    """
    size = page_size(limit)
    job, report = await _last(services)
    if report is None:
        return {"items": [], "next": None, "report": None}
    found: list[tuple[str, Finding]] = []
    place, skip = _resumed(report, after)
    if skip:
        # A page may end within the findings of one object.
        row = await job.drift.findings.get(_key(report, place))
        found += [(f"{place}:{skip + n}", each) for n, each in enumerate((row or ())[skip:], 1)]
    while len(found) <= size:
        rows = await _page(job.drift.findings, report, place, size)
        for key, findings in rows:
            place = key.removeprefix(_prefix(report))
            found += [(f"{place}:{n}", each) for n, each in enumerate(findings, 1)]
        if len(rows) < size:
            break
    items = [finding_document(each) for _, each in islice(found, size)]
    more = len(found) > size
    following = f"{report.cycle_id}:{found[size - 1][0]}" if more else None
    return {"items": items, "next": following, "report": drift_document(report)}


async def list_orphans(
    services: Services, *, limit: str | int = 100, after: str | None = None
) -> Document:
    """Users and groups that the last reconcile saw in ZSCloud and that no assignment explains:
    ``{items, next, report}``. Those that have been linked since are left out.

    Raises as ``list_drift`` does.
    """
    size = page_size(limit)
    job, report = await _last(services)
    if report is None:
        return {"items": [], "next": None, "report": None}
    place, _ = _resumed(report, after)
    items: list[Document] = []
    more = True
    while more and len(items) < size:
        rows = await _page(job.drift.orphans, report, place, size - len(items))
        more = len(rows) == size - len(items)
        if rows:
            place = rows[-1][0].removeprefix(_prefix(report))
        items += [orphan_document(one) for one in await _unlinked(job, [o for _, o in rows])]
    more = more and bool(await _page(job.drift.orphans, report, place, 1))
    following = f"{report.cycle_id}:{place}:0" if more else None
    return {"items": items, "next": following, "report": drift_document(report)}


async def _last(services: Services) -> tuple[Job, DriftCounts | None]:
    await services.claim(dry_run=True)
    job = services.job()
    return job, await job.drift.last()


async def _unlinked(job: Job, orphans: Sequence[Orphan]) -> list[Orphan]:
    owners = await job.links.owners(orphan.target_id for orphan in orphans)
    return [orphan for orphan in orphans if orphan.target_id not in owners]


def _resumed(report: DriftCounts, after: str | None) -> tuple[str, int]:
    """Where a page goes on, and how many findings of that object were in the last one."""
    if not after:
        return "", 0
    cycle, _, rest = after.partition(":")
    place, mark, number = rest.rpartition(":")
    if not (cycle and mark and place and number.isascii() and number.isdigit()):
        raise InvalidRequest(
            Problem("after", f"{cut(after, 100)!r} is no cursor", "Give what `next` said.")
        )
    if cycle != report.cycle_id:
        raise InvalidRequest(
            Problem(
                "after",
                "another reconcile has replaced that report",
                "Begin again without it.",
            )
        )
    return place, int(number)


async def _page(
    table: Table[_Item], report: DriftCounts, place: str, limit: int
) -> list[tuple[str, _Item]]:
    after = _key(report, place) if place else ""
    return await table.page(_prefix(report), after=after, limit=limit)


def _prefix(report: DriftCounts) -> str:
    return f"{report.cycle_id}/"


def _key(report: DriftCounts, place: str) -> str:
    return f"{_prefix(report)}{place}"
