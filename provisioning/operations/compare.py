"""ZSCloud as it is, against what the first cycle would do with it. Reads, and writes nothing.

It is the dry run of a first cycle, by a job that knows nothing yet: so it is the same before
anything was ever stored, and after. Neither the state store nor the lease is touched, and ZSCloud
is asked for one thing a second at most, so that the built-in job, which has to share ZSCloud's 5
requests a second, is not disturbed.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from provisioning.apply.sending.diagnostics import NoLease
from provisioning.apply.sending.sender import Sender
from provisioning.comparing import EXPLAINED
from provisioning.cycle import CycleRun
from provisioning.job import Job
from provisioning.operations.comparison import Comparison
from provisioning.operations.documents import Document, cycle_document
from provisioning.operations.writing import Progress, silent
from provisioning.record import CycleKind, CycleRecord, CycleStatus
from provisioning.services import Services

LIMIT = 1000
"""Objects that are told by name, unless another number is asked for."""

_BROKEN = frozenset({CycleStatus.FAILED, CycleStatus.QUARANTINED})


class Found(NamedTuple):
    """The dry run's record, and the document of what was found."""

    record: CycleRecord
    document: Document


async def compare(services: Services, *, limit: int = LIMIT, progress: Progress = silent) -> Found:
    """What differs, object by object: ``{cycle, counts, memberships, held, causes, items, more}``.

    ``items`` are the first ``limit`` objects, the gravest first; ``more`` are not listed, and
    counted all the same. If one of the systems cannot be read to the end, nothing is compared: the
    record says why.
    """
    record = CycleRecord(
        cycle_id=services.ids.new(),
        kind=CycleKind.INITIAL,
        dry_run=True,
        started=services.clock.time(),
    )
    async with services.blank_job() as job:
        await _rehearse(services, job, record, progress)
        found = Comparison(job, limit)
        if record.status not in _BROKEN:
            record.phase = "comparing"
            await found.take(lambda: progress(record))
        document = {"cycle": cycle_document(record), **_document(found), "held": await _held(job)}
    return Found(record, document)


async def _rehearse(services: Services, job: Job, record: CycleRecord, progress: Progress) -> None:
    """The first cycle, without a writer."""
    run = CycleRun(
        job,
        services.source,
        services.target,
        None,
        Sender(services.diagnostics, NoLease(), services.clock, services.ids),
        record,
        progress=progress,
        keep_changes=False,
    )
    await run.run()


def _document(found: Comparison) -> Document:
    items = found.items()
    total = sum(sum(each.values()) for each in found.counts.values())
    return {
        "counts": found.counts,
        "memberships": msgspec.to_builtins(found.memberships),
        "causes": [
            {
                "code": cause.value,
                "count": count,
                "sentence": EXPLAINED[cause].sentence,
                "remedy": EXPLAINED[cause].remedy,
            }
            for cause, count in sorted(found.causes.items(), key=lambda each: (-each[1], each[0]))
        ],
        "items": [msgspec.to_builtins(item) for item in items],
        "more": total - len(items),
    }


async def _held(job: Job) -> list[Document]:
    """The plans that the first cycle would hold, in numbers."""
    return [
        {"cause": plan.cause, "counts": msgspec.to_builtins(plan.counts), "changes": plan.size}
        for plan in await job.held.open_plans()
    ]
