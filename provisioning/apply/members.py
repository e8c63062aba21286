"""Member batches that the server refuses: the one member that is to blame is found and set right.

Halving finds it with a few requests more, instead of failing a hundred members for one. Where no
member was to blame the server takes fewer at a time, and that is remembered.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from provisioning.apply.finding.matching import Matching
from provisioning.apply.recording.outcome import Recorder
from provisioning.case import Case
from provisioning.errors import NotFound, RemoteError
from provisioning.job import Job
from provisioning.lanes import Aspect, Lane, WorkItem, rank_of
from provisioning.model import (
    AddMembers,
    ChangeMember,
    CreateObject,
    Key,
    ObjectType,
    RemoveMembers,
    ScimId,
)
from provisioning.plan import Planned
from provisioning.resolve import resolve

_WITH_MEMBERS = (AddMembers, CreateObject, RemoveMembers)


class Members:
    """How many members go into one request to a group, and which are left out for now."""

    def __init__(self, job: Job, matching: Matching, recorder: Recorder) -> None:
        self._job = job
        self._matching = matching
        self._recorder = recorder
        self._most: int | None = None
        self._sizes: dict[Key, int] = {}
        self._left_out: dict[Key, set[ScimId]] = {}
        self._refusals: dict[Key, RemoteError] = {}

    async def recall(self) -> None:
        """Recalls how many members the server was found to take. To be called before ``batch``."""
        if self._most is None:
            known = await self._job.learned()
            self._most = known.member_batch

    async def refusal(self, group: Key) -> RemoteError | None:
        """Why members of the group are left out; taken once, when its work ends."""
        size = self._sizes.pop(group, None)
        if size is not None and size < self._limit:
            await self._learn(size)
        self._left_out.pop(group, None)
        return self._refusals.pop(group, None)

    async def _learn(self, size: int) -> None:
        """A smaller request was taken, and no member was to blame for the larger one."""
        self._most = size
        known = await self._job.learned()
        await self._job.learn(msgspec.structs.replace(known, member_batch=size))

    @property
    def _limit(self) -> int:
        return min(self._most or self._job.rules.member_batch, self._job.rules.member_batch)

    def batch(self, case: Case) -> int:
        """Members for one request."""
        return self._sizes.get(case.key, self._limit)

    def admitted(self, case: Case) -> Mapping[ScimId, ChangeMember]:
        """The wanted members, less those that the server refuses."""
        out = self._left_out.get(case.key)
        if not out:
            return case.wanted
        return {id: one for id, one in case.wanted.items() if id not in out}

    async def doubt(
        self,
        case: Case,
        failed: Planned | None,
        error: RemoteError,
        item: WorkItem,
    ) -> None:
        """Narrows down which member a refused request fails for. Raises ``error`` if none."""
        write = None if failed is None else failed.write
        members = write.members if isinstance(write, _WITH_MEMBERS) else ()
        if not members:
            raise error
        if len(members) > 1:
            self._sizes[case.key] = len(members) // 2
            return
        if isinstance(write, RemoveMembers):
            raise error
        self._sizes.pop(case.key, None)
        await self._blame(case, members[0], error, item)

    async def _blame(self, case: Case, member: ScimId, error: RemoteError, item: WorkItem) -> None:
        """One member is refused: gone from ZSCloud, and made anew; or left out for now."""
        source = case.wanted[member].source_id
        if source is None:
            raise error
        key = Key(ObjectType.USER, source)
        try:
            await self._matching.by_id(ObjectType.USER, member, item.urgency)
        except NotFound:
            user = await resolve(self._job, self._recorder.graph, key)
            # Another group may have found it gone before: then it is made anew, or there again.
            if user is not None and user.link is not None and user.link.scim_id == member:
                await self._recorder.vanished(item, user, [self._again(key, item)])
            return
        self._left_out.setdefault(case.key, set()).add(member)
        self._refusals[case.key] = error
        await self._recorder.member_refused(item, case, key, error)

    def _again(self, key: Key, item: WorkItem) -> WorkItem:
        return WorkItem(
            key=key,
            aspect=Aspect.OBJECT,
            lane=max(item.lane, Lane.ON_DEMAND),
            rank=rank_of(key.type),
            cause=item.cause,
            cycle_id=item.cycle_id,
            generation=self._job.ids.new(),
            filed_at=self._job.clock.time(),
        )
