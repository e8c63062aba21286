"""What is planned for a case now, as far as the brake and the names of others allow it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from provisioning.apply.looking import Looking
from provisioning.apply.members import Members
from provisioning.apply.mixed import Mixed
from provisioning.apply.naming import Blocked, Names
from provisioning.apply.planning import Planning, takes_away
from provisioning.apply.recording.outcome import Recorder
from provisioning.apply.removal import RemovalForm
from provisioning.case import Case
from provisioning.errors import Conflict
from provisioning.held import APPROVED
from provisioning.job import Job
from provisioning.lanes import Aspect, Lane, WorkItem
from provisioning.model import Key, MemberRemoval, ObjectType
from provisioning.plan import Planned, Skipped, switching_off_alone
from provisioning.record import CycleKind
from provisioning.resolve import is_unchanged, resolve
from provisioning.scope import GroupGraph

EXPLAINED = "explain"
"""The cause of what is imagined so that it can be explained."""

_AT_ONCE = 20
"""Requests with members of one group that are planned at once: a large group takes a thousand, and
what they mean is kept for each member.
"""


class Choosing:
    """Chooses requests. ``most_of_one`` is how many writes of one object go into one request."""

    def __init__(
        self,
        job: Job,
        recorder: Recorder,
        removal: RemovalForm,
        members: Members,
        looking: Looking,
        names: Names,
        most_of_one: Callable[[], int],
        mixed: Mixed,
    ) -> None:
        self._job = job
        self._mixed = mixed
        self._recorder = recorder
        self._removal = removal
        self._planning = Planning(job.rules, members)
        self._looking = looking
        self._names = names
        self._most_of_one = most_of_one
        self._alone: set[Key] = set()
        """Whom to switch off is all that is tried."""

    @property
    def at_once(self) -> int:
        """How many requests with members of one group are planned together."""
        return max(_AT_ONCE, self._most_of_one())

    async def plans(self, case: Case, item: WorkItem) -> list[Planned] | Skipped:
        """The requests in order; none where the brake has to judge them first. Raises what
        ``Names.check`` does.
        """
        if case.key.type is ObjectType.USER:
            found = self._planning.of_user(case)
        else:
            form = await self._removal.form()
            mixed = await self._mixed.is_wanted(case, item, form)
            found = self._planning.plans(case, item, form, self.at_once, mixed=mixed)
        return found if isinstance(found, Skipped) else await self._allowed(case, found, item)

    async def again(
        self, case: Case, plans: list[Planned], item: WorkItem, graph: GroupGraph
    ) -> list[Planned] | Skipped:
        """What is planned now for a case that was planned by ``graph``. Where nothing that a plan
        is made of has changed, it is the same, as far as it is allowed.
        """
        if self._recorder.graph is graph and await is_unchanged(self._job, graph, case):
            return await self._allowed(case, plans, item)
        again = await resolve(self._job, self._recorder.graph, item.key)
        return [] if again is None else await self.plans(again, item)

    def leaves_surplus(self, case: Case, item: WorkItem) -> bool:
        """Whether a group whose additions are done has something to be taken away: who left it
        while being added was no member by the record, and no removal was filed.
        """
        if case.key.type is not ObjectType.GROUP or item.aspect is not Aspect.OBJECT:
            return False
        removal = msgspec.structs.replace(item, aspect=Aspect.REMOVAL)
        return bool(self._planning.plans(case, removal, MemberRemoval.FILTER, most=1))

    async def _allowed(self, case: Case, found: list[Planned], item: WorkItem) -> list[Planned]:
        unasked = item.lane > Lane.ON_DEMAND and takes_away(found)
        if unasked or await self._is_another(item, found):
            self._looking.judge_later(item, case.key)
            return []
        if await self._is_kept_back(case, item, found):
            return []
        return [await self._as_named(case, plan, item) for plan in found]

    async def _as_named(self, case: Case, plan: Planned, item: WorkItem) -> Planned:
        """The plan, if the name that it wants is free. Who is to be switched off waits for no name:
        that, and whatever else differs, goes on its own afterwards.
        """
        alone = switching_off_alone(case.key, plan)
        try:
            if alone is None or case.key not in self._alone:
                await self._names.check(self._recorder.graph, case, plan)
                return plan
        except (Blocked, Conflict):
            if alone is None:
                raise
        await self._recorder.file_again(item)
        return alone

    def begin(self, key: Key) -> None:
        """The key's work begins anew."""
        self._alone.discard(key)

    def switch_off_alone(self, key: Key, plans: Sequence[Planned]) -> bool:
        """After a refusal, which may be about whatever else the plans change: from now on they only
        switch the account off. False if they do no more than that.
        """
        if all(switching_off_alone(key, plan) is None for plan in plans):
            return False
        self._alone.add(key)
        return True

    async def _is_kept_back(self, case: Case, item: WorkItem, plans: Sequence[Planned]) -> bool:
        """Whether the removal of a user is held, or was rejected, since the item was let go: it
        waited in escrow, or in lane 1 as something else. Of a group its case says so.
        """
        if case.key.type is not ObjectType.USER or not takes_away(plans):
            return False
        if item.cause == APPROVED or _is_named(item):
            return False
        return await self._job.held.keeps_from(case.key, plans[0].changes[0].action)

    async def _is_another(self, item: WorkItem, plans: Sequence[Planned]) -> bool:
        """Whether something else would be taken away now than what somebody has approved."""
        if item.cause != APPROVED or not takes_away(plans):
            return False
        approved = await self._job.held.approved.get(str(item.key))
        return approved is None or all(
            change.action is not approved.action for plan in plans for change in plan.changes
        )


def _is_named(item: WorkItem) -> bool:
    """Whether it is what an operator has named, which no brake keeps, and no later try of it; or
    what is only to be explained.
    """
    named = item.cause in (CycleKind.ON_DEMAND.value, EXPLAINED)
    return named and item.aspect is Aspect.OBJECT
