"""What the brake counts beside the removals that are new: those that are on their way."""

from __future__ import annotations

from collections.abc import Collection

from provisioning.discovery.removals import Part, removal_of
from provisioning.guard import Tally
from provisioning.held import APPROVED
from provisioning.job import Job
from provisioning.lanes import Aspect, Lane
from provisioning.model import Key
from provisioning.resolve import resolve
from provisioning.scope import GroupGraph


async def on_their_way(job: Job, graph: GroupGraph, judged: Collection[Key]) -> Tally:
    """Removals that were let go and are not applied yet: in lane 1, or in escrow. Approved ones
    do not count, nor those of ``judged``, whom the present look judges.
    """
    waiting: set[Key] = set()
    async for items in job.work.pages(Lane.LEAVERS):
        waiting.update(item.key for item in items if item.cause != APPROVED)
    async for _, entry in job.escrow.entries.all():
        if entry.item.aspect is Aspect.REMOVAL:
            waiting.add(entry.key)
    total = Tally()
    for key in sorted(waiting.difference(judged)):
        case = await resolve(job, graph, key)
        removal = None if case is None else removal_of(case, job.rules)
        if removal is None or await job.held.approved.get(str(key)) is not None:
            continue
        withheld = removal.case.withheld
        free = {id: c for id, c in removal.members.items() if id not in withheld}
        total = total.plus(Part(removal, free).tally)
    return total
