"""A group whose new members travel with it: it names them by the writes that create them.

It waits for no request of theirs, and asks for no slot of its own. Where they do not all travel in
one batch, they come first, and the group goes with their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from provisioning.apply.carrying import Carrying, Stopping
from provisioning.apply.choosing import Choosing
from provisioning.apply.execution import Execution
from provisioning.apply.looking import Looking
from provisioning.apply.members import Members
from provisioning.apply.newcomers import coming
from provisioning.apply.recording.executed import Executed
from provisioning.apply.recording.outcome import Recorder
from provisioning.apply.sending.batch import NotSent, Seat
from provisioning.bulk import PROOF
from provisioning.case import Case
from provisioning.errors import AnswerLost
from provisioning.job import Job
from provisioning.lanes import WorkItem
from provisioning.model import ChangeMember, EntraId, Key, is_placeholder
from provisioning.plan import Planned, Skipped, arrived, with_newcomers
from provisioning.resolve import member, resolve

_RIDES = 4
"""Times that a group tries to go with its newcomers, or waits for them. Whoever comes after that
brings it back."""

_MOST_MEMBERS = 1000
"""Of a group that is resolved while a batch waits for it: a larger one would hold up the others."""


class Riding:
    """Takes newcomers along. ``may_refer`` says whether writes may name
    what others of their batch create.
    """

    def __init__(
        self,
        job: Job,
        carrying: Carrying,
        execution: Execution,
        recorder: Recorder,
        looking: Looking,
        members: Members,
        choosing: Choosing,
        may_refer: Callable[[], bool],
    ) -> None:
        self._job = job
        self._carrying = carrying
        self._execution = execution
        self._recorder = recorder
        self._newcomers = recorder.newcomers
        self._looking = looking
        self._members = members
        self._choosing = choosing
        self._may_refer = may_refer

    async def settle(
        self, case: Case, expected: Sequence[Key], item: WorkItem, stopping: Stopping
    ) -> Case | None:
        """The case when nobody of those ``expected`` is about to get an account any more; ``None``
        when nobody was expected, or the group has gone with them, or is gone. Raises as
        ``Carrying.carry_out`` does.
        """
        if not expected:
            return None
        for _ in range(_RIDES):
            self._newcomers.expect(item.key, expected)
            if await self._rides(case, expected, item, stopping):
                return None
            found, expected = await self._looked_at(item)
            if found is None or not expected:
                return found
            case = found
        self._newcomers.expect(item.key, expected)
        await self._newcomers.settled(expected)
        return (await self._looked_at(item))[0]

    async def _rides(
        self, case: Case, expected: Sequence[Key], item: WorkItem, stopping: Stopping
    ) -> bool:
        """Whether the group has gone with them. If not, it is to be looked at again."""
        if not self._may_refer() or not self._has_room(case):
            await self._newcomers.settled(expected)
            return False
        until = partial(self._newcomers.settled, expected)
        seat = await self._carrying.ride(item, stopping, until)
        if seat is None:
            return False
        try:
            return await self._goes(seat, expected, item)
        finally:
            seat.give_back()  # unless it was used

    def _has_room(self, case: Case) -> bool:
        """Whether one request holds all that is missing, and somebody more."""
        missing = sum(id not in case.recorded for id in case.wanted)
        return missing < self._members.batch(case) and len(case.wanted) <= _MOST_MEMBERS

    async def _looked_at(self, item: WorkItem) -> tuple[Case | None, tuple[Key, ...]]:
        with self._newcomers.watched() as seen:
            case = await resolve(self._job, self._recorder.graph, item.key)
        return case, () if case is None else coming(case, item, seen)

    async def _goes(self, seat: Seat, expected: Sequence[Key], item: WorkItem) -> bool:
        """Whether the group was written, with all its newcomers, from the seat."""
        if seat.is_trial and await self._job.links.get(item.key) is not None:
            # A death in the middle of it is made good by the intent of a create alone.
            return False
        aboard = await seat.company()
        if not aboard.issuperset(key.id for key in self._newcomers.still(expected)):
            return False
        case, expected = await self._looked_at(item)
        if case is None or not expected or not aboard.issuperset(key.id for key in expected):
            return False
        plans = await self._choosing.plans(case, item)
        if isinstance(plans, Skipped):
            return False
        newcomers = [key.id for key in expected]
        if seat.is_trial:
            # A server that takes the text for an id is not to do so often. One that knows what a
            # single reference means may not know two.
            newcomers = newcomers[:PROOF] if len(newcomers) > 1 else []
        size = self._members.batch(case)
        plan = with_newcomers(case.key, case.link, plans, newcomers, size)
        return plan is not None and await self._sent(case, plan, item, seat, expected)

    async def _sent(
        self, case: Case, plan: Planned, item: WorkItem, seat: Seat, expected: Sequence[Key]
    ) -> bool:
        self._newcomers.expect(item.key, expected)
        try:
            done = await self._execution.send(case, plan, item, seat)
        except NotSent:
            return False
        except AnswerLost:
            await self._newcomers.settled(expected)
            told = arrived(plan, case.key, case.link, await self._accounts(expected))
            self._execution.was_lost(item.key, plan, told)
            raise
        assert done is not None
        await self._newcomers.settled(expected)
        await self._record(case, done, item, expected)
        return True

    async def _record(
        self, case: Case, done: Executed, item: WorkItem, expected: Sequence[Key]
    ) -> None:
        """Records the ids that the newcomers have: never what stood for them."""
        accounts, answer = await self._accounts(expected), done.answer
        shown = None if answer is None else answer.members
        if shown is not None:
            accounts = {id: one for id, one in accounts.items() if one.target_id in shown}
        literal = [id for id in shown or () if is_placeholder(id)]
        if literal:
            # Before the link is there: a death in between has the group read.
            await self._recorder.placeholders(item, case, literal)
            self._looking.judge_later(item, case.key)
        plan = arrived(done.plan, case.key, case.link, accounts)
        if plan.changes:
            await self._execution.record(case, item, msgspec.structs.replace(done, plan=plan))

    async def _accounts(self, users: Sequence[Key]) -> dict[EntraId, ChangeMember]:
        links = await self._job.links.get_many(users)
        return {key.id: member(link) for key, link in links.items()}
