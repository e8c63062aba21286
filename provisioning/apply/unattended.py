"""Who has to be looked at in ZSCloud, and whom no work is about any more.

Nobody knows whether their last request was executed, and its item is gone: what it was to take away
has been held since, or is not to be taken away any more.
"""

from __future__ import annotations

from provisioning.job import Job
from provisioning.lanes import Aspect, Lane, WorkItem, rank_of
from provisioning.model import Key


async def file_unattended(job: Job, cause: str, cycle_id: str) -> None:
    """Files them as live work, which takes nothing away that no brake has judged."""
    items = [
        WorkItem(
            key=key,
            aspect=Aspect.OBJECT,
            lane=Lane.LIVE,
            rank=rank_of(key.type),
            cause=cause,
            cycle_id=cycle_id,
            generation=job.ids.new(),
            filed_at=job.clock.time(),
        )
        for key in await job.unsure.keys()
        if not await _is_attended(job, key)
    ]
    if items:
        await job.store.write(job.work.file(items))


async def _is_attended(job: Job, key: Key) -> bool:
    return bool(await job.work.of(key) or await job.escrow.of(key))
