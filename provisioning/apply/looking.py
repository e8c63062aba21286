"""Looking at an object in ZSCloud, and taking what it shows for the record.

Whatever an answer contradicts in the record is met so, and never by repeating blindly.
"""

from __future__ import annotations

from provisioning.apply.execution import Execution
from provisioning.apply.finding.matching import Matching
from provisioning.apply.last_look import is_same_object
from provisioning.apply.naming import Blocked, Names
from provisioning.apply.recording.outcome import Recorder
from provisioning.case import Case
from provisioning.errors import (
    AnswerLost,
    Conflict,
    CredentialsRefused,
    NotFound,
    Rejected,
    RemoteError,
)
from provisioning.job import Job
from provisioning.lanes import WorkItem
from provisioning.mirror import group_key
from provisioning.model import Key, Link, MirrorUser, ObjectType, TargetObject, is_placeholder
from provisioning.resolve import outline, resolve

_FORBIDDEN = 403


class Looking:
    """Looks for the work on items."""

    def __init__(
        self, job: Job, matching: Matching, recorder: Recorder, execution: Execution, names: Names
    ) -> None:
        self._job = job
        self._matching = matching
        self._recorder = recorder
        self._execution = execution
        self._names = names
        self._read: set[str] = set()
        self.unjudged: set[Key] = set()
        """Keys whose work turned out to be a removal that no brake has judged yet."""

    def not_again(self, item: WorkItem) -> None:
        """What was just written need not be read again."""
        self._read.add(item.generation)

    def judge_later(self, item: WorkItem, key: Key) -> None:
        """A removal that no brake has judged yet: it is not sent, and judged by itself."""
        self.unjudged.add(key)
        self._recorder.unjudged(item, key)

    async def is_about_object(self, item: WorkItem, error: CredentialsRefused) -> bool:
        """Whether a 403 is a verdict on this object alone: the token still reads the list.

        Raises ``LeaseUnavailable``, ``Stopped`` and what keeps ZSCloud from answering.
        """
        if error.status != _FORBIDDEN:
            return False
        try:
            await self._matching.any_answer(item.urgency)
        except CredentialsRefused:
            return False
        return True

    async def read_again(self, case: Case, item: WorkItem, *, doubted: bool = False) -> Case | None:
        """A call on demand looks at the object itself, once, and not only at the record; so does
        who follows somebody that died over a request. Of what is ``doubted`` everything is taken
        for the record: nobody can tell our last request from an edit by hand.
        """
        if case.link is None or item.generation in self._read:
            return case
        try:
            found = await self._matching.by_id(case.key.type, case.link.scim_id, item.urgency)
        except NotFound:
            self._read.add(item.generation)
            if not await self._recorder.left_missing(item, case):
                await self._recorder.vanished(item, case, doubted=doubted)
        else:
            self._read.add(item.generation)
            if case.link.leaving_since is None or is_same_object(case.link, found):
                changed = await self._recorder.refreshed(item, case, found, doubted=doubted)
                if changed and case.key.type is ObjectType.GROUP:
                    # Members that do not belong there leave by the brake.
                    self.judge_later(item, case.key)
            else:
                await self._recorder.taken(item, case)
        return await resolve(self._job, self._recorder.graph, case.key)

    async def adopt(self, case: Case, item: WorkItem, found: TargetObject) -> Case:
        """Links a principal to the object that matches it, if it is there still."""
        owner = await self._job.links.owner(found.id)
        if owner is not None and owner != case.key:
            now = await self._take_over(case, item, owner, found)
            if now is None:
                return await resolve(self._job, self._recorder.graph, case.key) or case
            found = now
        if case.key.type is ObjectType.GROUP and found.members is None:
            found = await self._matching.by_id(found.type, found.id, item.urgency)
        await self._recorder.matched(item, case, found)
        # Members that do not belong there leave by the brake.
        if case.key.type is ObjectType.GROUP:
            self.judge_later(item, case.key)
        for group in await self._strange_groups(case, found):
            self.judge_later(item, group)
        return await resolve(self._job, self._recorder.graph, case.key) or case

    async def _strange_groups(self, case: Case, found: TargetObject) -> list[Key]:
        """Groups of ours that an account was in while it was nobody's, and that its user is not in,
        or that nobody is to be in.
        """
        if not found.groups or not isinstance(case.row, MirrorUser):
            return []
        proper = set(self._recorder.graph.assigned_ancestors(case.row.groups))
        owners = await self._job.links.owners(group.id for group in found.groups)
        return [
            group
            for group in owners.values()
            if group.id not in proper or await self._is_left_out(group)
        ]

    async def _is_left_out(self, group: Key) -> bool:
        case = await outline(self._job, self._recorder.graph, group)
        return case is not None and not case.verdict.active

    async def _take_over(
        self, case: Case, item: WorkItem, owner: Key, found: TargetObject
    ) -> TargetObject | None:
        """An object has one link. It moves only if its old principal is gone or out of scope. The
        object as it is now; ``None`` if it is gone.
        """
        other = await resolve(self._job, self._recorder.graph, owner)
        link = await self._job.links.get(owner)
        if other is None or link is None:
            if link is not None:
                self._recorder.unlinked(item, link)
            return found
        if other.keeps_its_name:
            self._names.refuse(case, other, case.name)
        now = await self._after_the_last(item, link, found)
        if now is None:
            await self._recorder.vanished(item, other)
            return None
        await self._recorder.moved(item, other)
        if isinstance(other.row, MirrorUser):
            # What the account is a member of was the predecessor's: its groups are looked at.
            for id in self._recorder.graph.assigned_ancestors(other.row.groups):
                self.judge_later(item, group_key(id))
        return now

    async def _after_the_last(
        self, item: WorkItem, link: Link, found: TargetObject
    ) -> TargetObject | None:
        """The object after the last request of its old principal, which the list that it was found
        in, or the answer to a filter, may be older than. Raises ``Blocked`` while such a request
        may be under way.
        """
        owner = link.key
        if owner in self._job.under_way:
            raise Blocked(owner, under_way=True)
        now = await self._matching.once_more(found, item.urgency)
        if owner in self._job.under_way or await self._job.links.get(owner) != link:
            raise Blocked(owner, under_way=True)
        return now

    async def look(self, case: Case, item: WorkItem, error: RemoteError) -> bool:
        """Reads the object and takes what it is for the record; the next round plans anew.

        True if the record was right: looking explained nothing.
        """
        if case.link is None:
            return await self._look_by_name(case, item, error)
        if isinstance(error, Conflict):
            raise error
        sent = self._execution.last(item.key)
        lost = isinstance(error, AnswerLost)
        try:
            found = await self._matching.by_id(case.key.type, case.link.scim_id, item.urgency)
        except NotFound:
            if not lost or not await self._execution.confirmed(case, item, None):
                await self._recorder.vanished(item, case)
            return False
        if lost and await self._execution.confirmed(case, item, found):
            return False
        if any(map(is_placeholder, found.members or ())):
            self.judge_later(item, case.key)
        return not await self._recorder.refreshed(item, case, found, sent)

    async def _look_by_name(self, case: Case, item: WorkItem, error: RemoteError) -> bool:
        found = await self._matching.by_name(case.key.type, case.name, item.urgency)
        lost = isinstance(error, AnswerLost)
        if found is None:
            if isinstance(error, Conflict):
                raise error
            if lost:
                # Undone: when it is sent again, that one alone may have been executed.
                await self._execution.confirmed(case, item, None)
            return True
        if found.type is ObjectType.GROUP and found.members is None:
            found = await self._matching.by_id(found.type, found.id, item.urgency)
        if not lost or not await self._execution.confirmed(case, item, found):
            await self.adopt(case, item, found)
        return False


def forbidden(error: CredentialsRefused) -> Rejected:
    """The 403 of an object that the token may not write."""
    return Rejected(
        error.remote,
        error.operation,
        error.detail,
        status=error.status,
        remedy="The token is accepted, but not for this object: see in the ZSCloud portal whether "
        "it is an administrator's or belongs to somebody else. It is tried again by itself.",
    )
