"""Members who come, in the request that takes others out: one request for a group instead of two.

A server may refuse it, or do one half and say nothing: the first of a tenant is read back.
"""

from __future__ import annotations

import msgspec

from provisioning.apply.evidence import shows
from provisioning.apply.removal import RemovalForm
from provisioning.bulk import Standing
from provisioning.case import Case
from provisioning.job import Job
from provisioning.lanes import Aspect, WorkItem
from provisioning.model import Key, MemberRemoval, ObjectType, RemoveMembers, TargetObject

_REFUSALS = 3
"""After which it is not tried again. A single one may have been for one of the members."""


class Mixed:
    """What is known of it, and the groups that it was refused for in this drain."""

    def __init__(self, job: Job, removal: RemovalForm) -> None:
        self._job = job
        self._removal = removal
        self._apart: set[Key] = set()

    async def is_wanted(self, case: Case, item: WorkItem, form: MemberRemoval) -> bool:
        """Whether a removal of the group may add those who wait to be added to it."""
        if case.key.type is not ObjectType.GROUP or item.aspect is not Aspect.REMOVAL:
            return False
        if form is MemberRemoval.PUT or case.key in self._apart:
            return False
        if (await self._job.learned()).mixed is Standing.REFUSED:
            return False
        # What nobody has filed is not for this request: escrow, or a hand that is left alone.
        return await self._removal.is_proven(form) and bool(
            await self._job.work.waiting([case.key])
        )

    async def is_proven(self) -> bool:
        """Whether one was seen to do both."""
        return (await self._job.learned()).mixed is Standing.PROVEN

    async def refused(self, group: Key) -> None:
        """The server refused one: this group's members come and go apart."""
        self._apart.add(group)
        known = await self._job.learned()
        if known.mixed is not Standing.UNTRIED:
            return
        refusals = known.mixed_refused + 1
        standing = Standing.REFUSED if refusals >= _REFUSALS else Standing.UNTRIED
        await self._job.learn(
            msgspec.structs.replace(known, mixed=standing, mixed_refused=refusals)
        )

    async def contradiction(
        self, case: Case, write: RemoveMembers, item: WorkItem
    ) -> TargetObject | None:
        """The group as it is, if the first of a tenant has not done both."""
        if await self.is_proven():
            return None
        live = await self._removal.read(case, item.urgency)
        holds = shows(write, live)
        standing = Standing.PROVEN if holds else Standing.REFUSED
        known = await self._job.learned()
        await self._job.learn(msgspec.structs.replace(known, mixed=standing))
        return None if holds else live
