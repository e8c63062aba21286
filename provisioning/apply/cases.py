"""The case of an item: resolved, and linked to the object that matches it when there is one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import NamedTuple

from provisioning.apply.adoption import Adoption
from provisioning.apply.finding.matching import Matching
from provisioning.apply.intents import Intents
from provisioning.apply.looking import Looking
from provisioning.apply.naming import Blocked
from provisioning.apply.newcomers import coming
from provisioning.apply.recording.outcome import Recorder
from provisioning.case import Case
from provisioning.job import Job
from provisioning.lanes import Aspect, Lane, Rank, WorkItem
from provisioning.links import Intent
from provisioning.model import EntraId, Key, ObjectType, TargetObject
from provisioning.resolve import is_unchanged, outline, resolve
from provisioning.scope import GroupGraph

_FEW = 5
"""Groups that are looked for as early as users, at once: those wait a second for it, at most."""

_RESOLVED_AT_ONCE = 4
"""Groups whose members are read side by side, but for urgent ones: all that have their turn at once
keep the loop for as long as their pieces take together.
"""


_KNOWN_SECONDS = 60.0
"""That a case may be old, if nothing has changed: expressions may look at the clock."""


class Known(NamedTuple):
    """A case made by a graph, and when, by the monotonic clock."""

    case: Case
    graph: GroupGraph
    at: float


class Cases:
    """Makes cases. ``may_refer``: whether one write may name what another one creates."""

    def __init__(
        self,
        job: Job,
        matching: Matching,
        recorder: Recorder,
        looking: Looking,
        adoption: Adoption,
        intents: Intents,
        cycle_id: str,
        may_refer: Callable[[], bool],
    ) -> None:
        self._job = job
        self._matching = matching
        self._recorder = recorder
        self._looking = looking
        self._adoption = adoption
        self._intents = intents
        self._cycle_id = cycle_id
        self._may_refer = may_refer
        self._beside_users = False
        """Whether groups were begun while their users were in flight, in this drain."""
        self._known: dict[Key, Known] = {}
        self._resolving = asyncio.Semaphore(_RESOLVED_AT_ONCE)
        self._early = 0

    def begin(self) -> None:
        """The work of an item begins."""
        self._beside_users |= self._may_refer()

    def know(self, cases: Mapping[Key, Case], graph: GroupGraph) -> None:
        """Cases that were made by the graph just now. They are taken for what they are if nothing
        has changed when the work begins.
        """
        now = self._job.clock.monotonic()
        self._known.update((key, Known(case, graph, now)) for key, case in cases.items())

    async def of(self, item: WorkItem) -> tuple[Case | None, tuple[Key, ...]]:
        """The case, and the members who may travel with the group, or are waited for."""
        if item.key.type is ObjectType.USER:
            return await self._linked(item, {}), ()
        with self._recorder.newcomers.watched() as seen:
            case = await self._linked(item, seen)
        if case is None or not self._beside_users or item.aspect is not Aspect.OBJECT:
            return case, ()
        return case, coming(case, item, seen) if case.verdict.active else ()

    async def _linked(self, item: WorkItem, seen: Mapping[Key, Lane]) -> Case | None:
        graph = self._recorder.graph
        case = await self._resolved(item)
        if case is not None and case.link is not None and item.lane is Lane.ON_DEMAND:
            return await self._looking.read_again(case, item)
        if case is None or case.link is not None:
            return case
        if not case.verdict.active:
            made = await self._made_before(case, item)
            return made or await self._adoption.adopt(case, item, self._recorder.graph)
        if case.mapped.problems:
            return case
        intent = self._intents.open(item.key)
        found = await self._found(case, item, intent, seen)
        belongs = await self._still_belongs(case, graph)
        if found is not None and (belongs or _is_made_by(intent, found)):
            return await self._adopted(case, item, intent, found)
        if intent is not None:
            self._intents.came_to_nothing(item.key)
        return case if belongs else await resolve(self._job, self._recorder.graph, item.key)

    async def _still_belongs(self, case: Case, graph: GroupGraph) -> bool:
        """Whether the principal of a case that was made by the graph is in scope yet. To look for
        the object took its time, and what was there before is not that of somebody who has left
        meanwhile.
        """
        if self._recorder.graph is graph and await is_unchanged(self._job, graph, case):
            return True  # As nearly always, and cheaper to tell.
        now = await outline(self._job, self._recorder.graph, case.key)
        return now is not None and now.verdict.active

    async def _resolved(self, item: WorkItem) -> Case | None:
        known = self._known.pop(item.key, None)
        if known is not None and await self._holds(known):
            return known.case
        if item.key.type is ObjectType.USER or item.lane <= Lane.ON_DEMAND:
            return await resolve(self._job, self._recorder.graph, item.key)
        async with self._resolving:
            return await resolve(self._job, self._recorder.graph, item.key)

    async def _holds(self, known: Known) -> bool:
        if known.graph is not self._recorder.graph:
            return False
        if self._job.clock.monotonic() - known.at > _KNOWN_SECONDS:
            return False
        return await is_unchanged(self._job, known.graph, known.case)

    async def _made_before(self, case: Case, item: WorkItem) -> Case | None:
        """The case of somebody who has left since an earlier process was about to create them,
        linked, if it did. What follows goes through the brake.
        """
        intent = self._intents.open(item.key)
        if intent is None:
            return None
        found = await self._matching.find(case, intent, self._cycle_id, item.urgency)
        self._intents.looked_for(item.key)
        if found is None or not _is_made_by(intent, found):
            self._intents.came_to_nothing(item.key)
            return None
        return await self._adopted(case, item, intent, found)

    async def _adopted(
        self, case: Case, item: WorkItem, intent: Intent | None, found: TargetObject
    ) -> Case:
        if intent is not None:
            for group in await self._recorder.joined_before(item, found):
                self._looking.judge_later(item, group)
        return await self._looking.adopt(case, item, found)

    async def _found(
        self, case: Case, item: WorkItem, intent: Intent | None, seen: Mapping[Key, Lane]
    ) -> TargetObject | None:
        """The object that matches an unlinked principal. A group that may travel with new members
        is looked for before they are created, or it would miss them.
        """
        early = self._may_refer() and self._early < _FEW and bool(coming(case, item, seen))
        urgency = (item.lane, Rank.USERS) if early else item.urgency
        self._early += early
        try:
            found = await self._matching.find(case, intent, self._cycle_id, urgency)
        finally:
            self._early -= early
        if found is not None:
            await self._leave_to_its_owner(case, found)
        self._intents.looked_for(item.key)
        return found

    async def _leave_to_its_owner(self, case: Case, found: TargetObject) -> None:
        """Raises ``Blocked`` by somebody in scope whose the object is by its externalId, and who is
        not linked to it yet: that one goes first, and keeps it, whatever it is called by now.
        """
        id = str(found.attributes.get("externalId") or "")
        if id in ("", case.key.id) or await self._job.links.owner(found.id) is not None:
            return
        other = await outline(self._job, self._recorder.graph, Key(case.key.type, EntraId(id)))
        if other is not None and other.link is None and other.verdict.active:
            raise Blocked(other.key)


def _is_made_by(intent: Intent | None, found: TargetObject) -> bool:
    """Whether an object is what an open intent has made. Of what has another externalId, or none,
    nobody can say that.
    """
    external = found.attributes.get("externalId")
    return intent is not None and external is not None and external == intent.external_id
