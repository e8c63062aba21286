"""Who waits to be deleted: whose time has come, and what Entra says before the delete is sent."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from provisioning.case import Case
from provisioning.discovery.removed import RemovedFacts
from provisioning.job import Job
from provisioning.lanes import Aspect
from provisioning.model import EntraId, Key, MirrorGroup, MirrorUser, Presence
from provisioning.ports import Row, Source
from provisioning.scope import GroupGraph, Verdict, judge_group, judge_user

_PAGE = 1000


async def take_due(job: Job) -> set[Key]:
    """Those whose grace period is over: they are judged anew, as one set, like all others.

    What failed waits in escrow for its own time. Drops what a death has left in the list.
    """
    until = job.clock.time() - job.rules.deprovisioning.delete_after
    found: set[Key] = set()
    stale: list[Row] = []
    after: str | None = ""
    while after is not None:
        links, after, left = await job.links.leaving(until=until, after=after, limit=_PAGE)
        found.update(link.key for link in links)
        stale += left
    if stale:
        await job.store.write(stale)
    return found - await _in_escrow(job, found)


async def _in_escrow(job: Job, keys: set[Key]) -> set[Key]:
    places = [f"{key}/{Aspect.REMOVAL.value}" for key in keys]
    return {entry.key for entry in (await job.escrow.entries.get_many(places)).values()}


class Reconsideration:
    """Asks Entra once more whether a principal is to leave. The mirror is left as it is: what
    contradicts it is read again by the next cycle, by the rules of evidence.
    """

    def __init__(self, job: Job, source: Source) -> None:
        self._job = job
        self._source = source
        self._removed = RemovedFacts(job)

    async def still_leaves(self, case: Case, graph: GroupGraph) -> bool:
        """Whether what Entra shows now ends as what is stored of it does: in a delete, or with an
        account that is switched off.

        Assignments and memberships are as the last look has read them: Graph shows them as lists
        only. Raises ``RemoteError``.
        """
        assert case.link is not None
        verdict = await self._verdict(case, graph)
        policy = self._job.rules.deprovisioning
        gone = not (verdict.active or verdict.undecided)
        if gone and policy.now(verdict, case.link) is policy.now(case.verdict, case.link):
            return True
        await self._job.store.write([self._removed.reread_row(case.key)])
        return False

    async def _verdict(self, case: Case, graph: GroupGraph) -> Verdict:
        now, schema = self._job.clock.time(), self._job.schema
        if isinstance(case.row, MirrorUser):
            return judge_user(await self._user(case.row), graph, schema.user.filter, now)
        return judge_group(await self._group(case.row), graph, schema.group.filter, now)

    async def _user(self, row: MirrorUser) -> MirrorUser:
        found = (await self._source.users([row.id])).get(row.id)
        if found is None:
            return msgspec.structs.replace(row, presence=await self._presence(row.id))
        return msgspec.structs.replace(
            row, attributes=found.attributes, enabled=found.enabled, presence=Presence.PRESENT
        )

    async def _group(self, row: MirrorGroup) -> MirrorGroup:
        found = (await self._source.groups([row.id])).get(row.id)
        if found is None:
            return msgspec.structs.replace(row, presence=await self._presence(row.id))
        return msgspec.structs.replace(row, attributes=found.attributes, presence=Presence.PRESENT)

    async def _presence(self, id: EntraId) -> Presence:
        deleted: Mapping[EntraId, bool] = await self._source.deleted([id])
        return Presence.SOFT_DELETED if deleted.get(id) else Presence.GONE
