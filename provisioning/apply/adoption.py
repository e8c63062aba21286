"""Adopting what a rebuild has found, once somebody has approved it: looked at once more, linked.

What follows is the work of any principal that leaves.
"""

from __future__ import annotations

import msgspec

from provisioning.apply.finding.matching import Matching
from provisioning.apply.last_look import StillLeaves
from provisioning.apply.looking import Looking
from provisioning.apply.recording.ledger import Ledger
from provisioning.apply.recording.outcome import Recorder
from provisioning.case import Case
from provisioning.errors import NotFound
from provisioning.job import Job
from provisioning.lanes import Aspect, WorkItem
from provisioning.model import Link, ObjectType, TargetObject
from provisioning.plan import Skipped
from provisioning.rebuild import Lost
from provisioning.resolve import as_lost, resolve
from provisioning.scope import GroupGraph

_MOVED_ON = Skipped(
    "SourceMovedOn",
    "It was to be adopted, but Entra shows it otherwise now: it is left as it is, and read once "
    "more.",
    "Nothing: the next cycles decide.",
)


class NotAdopted(Exception):
    """What was approved is not adopted, and why."""

    def __init__(self, case: Case, skipped: Skipped) -> None:
        super().__init__(skipped.sentence)
        self.case = case
        self.skipped = skipped


class Adoption:
    """Adopts for the work of one drain. Without ``still_leaves`` Entra is not asked again.

    The brake judges whose object is not what was approved any more, and groups of ours that an
    adopted account is a member of.
    """

    def __init__(
        self,
        job: Job,
        matching: Matching,
        recorder: Recorder,
        looking: Looking,
        still_leaves: StillLeaves | None,
    ) -> None:
        self._job = job
        self._matching = matching
        self._recorder = recorder
        self._looking = looking
        self._still_leaves = still_leaves
        self._ledger = Ledger(job)

    async def adopt(self, case: Case, item: WorkItem, graph: GroupGraph) -> Case:
        """The case, linked if that was approved and nothing has changed.

        Raises ``NotAdopted`` if something has, and ``RemoteError``.
        """
        lost = await as_lost(self._job, graph, case)
        if lost is None or lost.link is None:
            return case
        approved = await self._job.held.approved.get(str(case.key))
        if approved is None or item.aspect is not Aspect.REMOVAL:
            return msgspec.structs.replace(case, lost=True)
        if self._still_leaves is not None and not await self._still_leaves(lost, graph):
            raise NotAdopted(case, _MOVED_ON)
        found = await self._found(lost.link, item)
        over = await self._over(lost.link, found)
        if found is None or over is not None:
            raise self._let_go(case, item, lost.link, over or "")
        await self._recorder.adopted(item, case, found)
        if found.members is not None:
            # Who has left the group since it was found is not taken out of it again.
            gone = (await self._job.links.members(case.key.id)).keys() - set(found.members)
            await self._job.links.change_members(case.key.id, {}, gone, str(item.key))
        self._job.store.defer([self._job.rebuild.drop(case.key)], str(item.key))
        for group in (await self._job.links.owners(g.id for g in found.groups or ())).values():
            self._looking.judge_later(item, group)
        return await resolve(self._job, graph, case.key) or case

    async def _found(self, link: Link, item: WorkItem) -> TargetObject | None:
        try:
            return await self._matching.by_id(link.key.type, link.scim_id, item.urgency)
        except NotFound:
            return None

    async def _over(self, link: Link, found: TargetObject | None) -> str | None:
        """Why the object is not what was approved any more."""
        if found is None:
            return "It is no longer in ZSCloud."
        external = str(found.attributes.get("externalId") or "")
        if external.casefold() != link.key.id.casefold():
            return "It has another externalId in ZSCloud now."
        if found.type is ObjectType.USER and found.attributes.get("active") is False:
            return "The account is switched off in ZSCloud already."
        if self._ledger.is_administrators(found):
            return "It is protected: an administrator's in ZSCloud."
        if (owner := await self._job.links.owner(found.id)) is not None:
            return f"It is linked to {owner} by now."
        return None

    def _let_go(self, case: Case, item: WorkItem, link: Link, why: str) -> NotAdopted:
        """What was approved is not there any more: the plan says so when the key is judged."""
        over = Lost(link, f"{why} It is not adopted.")
        self._job.store.defer([self._job.rebuild.lost.put(str(case.key), over)], str(item.key))
        self._looking.judge_later(item, case.key)
        return NotAdopted(case, Skipped("NotAdopted", over.over or why, "Nothing."))
