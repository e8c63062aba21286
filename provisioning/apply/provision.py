"""One key's work: resolve, match, plan, send, record, until nothing differs.

Whatever ZSCloud answers that contradicts the record is met by looking, never by repeating
blindly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from provisioning.apply.adoption import Adoption, NotAdopted
from provisioning.apply.carrying import Carrying, Later
from provisioning.apply.execution import Execution
from provisioning.apply.intents import Intents
from provisioning.apply.last_look import LastLook, StillLeaves
from provisioning.apply.looking import Looking, forbidden
from provisioning.apply.matching import Matching
from provisioning.apply.members import Members
from provisioning.apply.naming import EXCHANGED, GIVEN_UP, Names, own_name
from provisioning.apply.newcomers import coming
from provisioning.apply.outcome import Recorder
from provisioning.apply.planning import Planning, takes_away
from provisioning.apply.removal import RemovalForm
from provisioning.apply.riding import Riding
from provisioning.apply.sender import Sender
from provisioning.case import Case
from provisioning.errors import (
    AnswerLost,
    Conflict,
    CredentialsRefused,
    NotFound,
    ProtocolError,
    Rejected,
    RemoteError,
)
from provisioning.held import APPROVED
from provisioning.job import Job
from provisioning.lanes import Aspect, Lane, Rank, WorkItem
from provisioning.links import Intent
from provisioning.model import DeleteObject, Key, ObjectType, TargetObject
from provisioning.plan import Planned, Skipped
from provisioning.ports import TargetWriter
from provisioning.resolve import is_unchanged, resolve
from provisioning.scope import GroupGraph

_AHEAD_SECONDS = 2.0
"""Of creates, whose intents are stored in one write."""

_FEW = 5
"""Groups that are looked for as early as users, at once: those wait a second for it, at most."""

_RESOLVED_AT_ONCE = 4
"""Groups whose members are read side by side, but for urgent ones: all that have their turn at once
keep the loop for as long as their pieces take together.
"""

_ROUNDS = 8
_LOOKS = 3


class Provisioner:
    """Does the work of items. A dry run has no ``writer``. ``batch`` is how many writes go into
    one request, ``most_of_one`` how many of them may be about one object,
    ``may_refer`` whether one may name what another one creates.
    """

    def __init__(
        self,
        job: Job,
        sender: Sender,
        matching: Matching,
        removal: RemovalForm,
        recorder: Recorder,
        writer: TargetWriter | None,
        cycle_id: str,
        still_leaves: StillLeaves | None = None,
        batch: Callable[[], int] = lambda: 1,
        most_of_one: Callable[[], int] = lambda: 1,
        may_refer: Callable[[], bool] = lambda: False,
    ) -> None:
        ahead = sender.pacer.within(_AHEAD_SECONDS)
        self.intents = Intents(job, ahead=lambda: max(ahead, batch()))
        self._job = job
        self._sender = sender
        self._matching = matching
        self._removal = removal
        self._recorder = recorder
        self._cycle_id = cycle_id
        self._execution = Execution(job, sender, matching, removal, recorder, self.intents, writer)
        self._names = Names(job)
        self._looking = Looking(job, matching, recorder, self._execution, self._names)
        self._members = Members(job, matching, recorder)
        self._planning = Planning(job.rules, self._members)
        self._own_names: dict[Key, tuple[str, str]] = {}
        self._last_look = LastLook(matching, recorder, still_leaves)
        self._adoption = Adoption(job, matching, recorder, self._looking, still_leaves)
        self._carrying = Carrying(
            job, sender, self._execution, recorder, self._chosen_again, self._plans, most_of_one
        )
        self._resolving = asyncio.Semaphore(_RESOLVED_AT_ONCE)
        self._may_refer = may_refer
        self._beside_users = False
        """Whether groups were begun while their users were in flight, in this drain."""
        self._early = 0
        self._riding = Riding(
            job,
            self._carrying,
            self._execution,
            recorder,
            self._looking,
            self._members,
            self._plans,
            may_refer,
        )

    @property
    def unjudged(self) -> set[Key]:
        """Keys whose work turned out to be a removal that no brake has judged yet."""
        return self._looking.unjudged

    @property
    def graph(self) -> GroupGraph:
        """The watched groups, as loaded last."""
        return self._recorder.graph

    @graph.setter
    def graph(self, graph: GroupGraph) -> None:
        self._recorder.graph = graph

    def stop(self) -> None:
        """Nothing more is sent."""
        self._sender.stop()

    def preempt(self, key: Key) -> None:
        """What is more urgent of the same key goes after its request in flight, at most."""
        self._carrying.preempt(key)

    def ring(self, key: Key) -> None:
        """The key's next work is to break a ring of names that it is part of."""
        self._own_names[key] = EXCHANGED

    def give_up(self, key: Key) -> None:
        """The key's next work is to leave its name to somebody else."""
        self._own_names[key] = GIVEN_UP

    async def provision(self, item: WorkItem, stopping: Callable[[], bool]) -> None:
        """Works until nothing differs, or the outcome is recorded as skipped or failed.

        Raises ``Blocked``, ``CredentialsRefused``, ``LeaseUnavailable``, ``RemoteUnavailable``:
        the item then stays in the work set.
        """
        self._carrying.begin(item.key)
        self._beside_users |= self._may_refer()
        await self._members.recall()
        try:
            if item.key in self._own_names:
                await self._take_own_name(item, self._own_names.pop(item.key))
            else:
                with self._recorder.newcomers.worked_on(item):
                    await self._rounds(item, stopping)
                self._job.store.defer(await self._job.unsure.done(item), str(item.key))
        except Later:
            return
        except CredentialsRefused as error:
            if not await self._looking.is_about_object(item, error):
                raise
            await self.set_aside(item, forbidden(error))
        except NotAdopted as left:
            await self._recorder.nothing_to_do(item, left.case, left.skipped)
        except (Rejected, Conflict, NotFound, ProtocolError, AnswerLost) as error:
            await self.set_aside(item, error)
        finally:
            self._recorder.newcomers.done_with(item.key)
            self._names.release(item.key)
            self.intents.withdraw(item.key)
        # A cycle may write a million objects: nothing is kept of those that are done.
        self._execution.forget(item.key)
        self.intents.forget(item)

    async def set_aside(self, item: WorkItem, error: RemoteError) -> None:
        """Records a failure: the principal goes to escrow and is tried again later."""
        case = await resolve(self._job, self.graph, item.key)
        await self._recorder.failure(item, case, error, self._execution.last(item.key))

    # --- rounds --------------------------------------------------------------------------------

    async def _rounds(self, item: WorkItem, stopping: Callable[[], bool]) -> None:
        rounds = looks = 0
        worked = False
        settled: Case | None = None
        while rounds < _ROUNDS:
            rounds += 1
            graph = self.graph
            case, expected = await self._situation(item, settled)
            settled = None
            plans = await self._proposed(case, expected, item)
            if await self._is_doubted(case, plans, item):
                continue
            if case is None or isinstance(plans, Skipped) or not (plans or expected):
                await self._end(item, case, plans, worked=worked)
                return
            if self._last_look.is_wanted(case, plans, item):
                if not await self._last_look.look(case, item, self.graph):
                    return
                continue
            try:
                settled = await self._riding.settle(case, expected, item, stopping)
                if await self._carrying.carry_out(case, plans, item, stopping, graph):
                    return
                worked |= settled is None
                self._looking.not_again(item)
            except (NotFound, AnswerLost, Conflict, Rejected) as error:
                if isinstance(error, Conflict) and self._sent_delete(item):
                    # The only delete that ZSCloud answers 409 is that of an administrator.
                    await self._recorder.protect(item, case)
                    return
                looks = _once_more(looks, error)
                if await self._narrowed_down(case, item, error):
                    rounds = looks = 0  # Halving a batch makes progress, and comes to an end.
        raise ProtocolError(
            "ZSCloud",
            f"provision {item.key}",
            "the object never becomes what was written",
            remedy="Compare the object in the ZSCloud portal with the modified properties logged; "
            "the server ignores or changes a value.",
        )

    async def _is_doubted(
        self, case: Case | None, plans: Sequence[Planned] | Skipped, item: WorkItem
    ) -> bool:
        """Whether somebody may have died over a request that the plans would not repeat. Then the
        object was looked at.
        """
        has_work = bool(plans) and not isinstance(plans, Skipped)
        if case is None or case.link is None:
            return False
        if not await self._job.unsure.doubts(item, has_work=has_work):
            return False
        await self._looking.read_again(case, item, doubted=True)
        self._job.store.defer(await self._job.unsure.looked_at(item.key), str(item.key))
        return True

    async def _narrowed_down(self, case: Case, item: WorkItem, error: RemoteError) -> bool:
        """Looks at the object. True when it is as recorded, and its members are doubted then."""
        was_right = await self._looking.look(case, item, error)
        if not was_right or not isinstance(error, (NotFound, Rejected)):
            return False
        await self._members.doubt(case, self._execution.last(item.key), error, item)
        return True

    async def _proposed(
        self, case: Case | None, expected: Sequence[Key], item: WorkItem
    ) -> list[Planned] | Skipped:
        """What is planned; nothing yet while somebody is expected."""
        return [] if case is None or expected else await self._plans(case, item)

    async def _situation(
        self, item: WorkItem, settled: Case | None
    ) -> tuple[Case | None, tuple[Key, ...]]:
        """The case, and the members who may travel with the group, or are waited for: nobody once
        that is ``settled``.
        """
        if settled is not None:
            return settled, ()
        with self._recorder.newcomers.watched() as seen:
            case = await self._case(item, seen)
        if case is None or not self._beside_users or item.aspect is not Aspect.OBJECT:
            return case, ()
        return case, coming(case, item, seen) if case.verdict.active else ()

    async def _end(
        self,
        item: WorkItem,
        case: Case | None,
        plans: Sequence[Planned] | Skipped,
        *,
        worked: bool,
    ) -> None:
        refused = await self._members.refusal(item.key)
        if refused is not None and item.aspect is Aspect.OBJECT:
            await self._recorder.failure(item, case, refused)
            return
        skipped = plans if isinstance(plans, Skipped) else None
        await self._recorder.nothing_to_do(item, case, skipped, worked=worked)

    async def _chosen_again(
        self, case: Case, plans: list[Planned], item: WorkItem, graph: GroupGraph
    ) -> list[Planned] | Skipped:
        """What is planned now. Where nothing that a plan is made of has changed, it is the same,
        as far as it is allowed.
        """
        if self.graph is graph and await is_unchanged(self._job, graph, case):
            return await self._allowed(case, plans, item)
        again = await resolve(self._job, self.graph, item.key)
        return [] if again is None else await self._plans(again, item)

    # --- matching ------------------------------------------------------------------------------

    async def _case(self, item: WorkItem, seen: Mapping[Key, Lane]) -> Case | None:
        """The case, linked to the object that matches it when there is one."""
        case = await self._resolved(item)
        if case is not None and case.link is not None and item.lane is Lane.ON_DEMAND:
            return await self._looking.read_again(case, item)
        if case is None or case.link is not None:
            return case
        if not case.verdict.active:
            made = await self._made_before(case, item)
            return made or await self._adoption.adopt(case, item, self.graph)
        if case.mapped.problems:
            return case
        intent = self.intents.take_open(item.key)
        found = await self._found(case, item, intent, seen)
        if found is not None:
            return await self._adopted(case, item, intent, found)
        if intent is not None:
            self.intents.came_to_nothing(item.key)
        return case

    async def _made_before(self, case: Case, item: WorkItem) -> Case | None:
        """The case of somebody who has left since an earlier process was about to create them,
        linked, if it did. What follows goes through the brake.
        """
        intent = self.intents.take_open(item.key)
        if intent is None:
            return None
        found = await self._matching.find(case, intent, self._cycle_id, item.urgency)
        external = None if found is None else found.attributes.get("externalId")
        if found is None or external is None or external != intent.external_id:
            # Of what has another externalId, or none, nobody can say that we made it.
            self.intents.came_to_nothing(item.key)
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
            return await self._matching.find(case, intent, self._cycle_id, urgency)
        finally:
            self._early -= early

    async def _resolved(self, item: WorkItem) -> Case | None:
        if item.key.type is ObjectType.USER or item.lane <= Lane.ON_DEMAND:
            return await resolve(self._job, self.graph, item.key)
        async with self._resolving:
            return await resolve(self._job, self.graph, item.key)

    # --- planning ------------------------------------------------------------------------------

    async def _plans(self, case: Case, item: WorkItem) -> list[Planned] | Skipped:
        if case.key.type is ObjectType.USER:
            found = self._planning.of_user(case)
        else:
            form = await self._removal.form()
            found = self._planning.plans(case, item, form, self._carrying.at_once)
        return found if isinstance(found, Skipped) else await self._allowed(case, found, item)

    async def _allowed(self, case: Case, found: list[Planned], item: WorkItem) -> list[Planned]:
        """The plans, or none if the brake has to judge them first. Raises what ``Names.check``
        does.
        """
        unasked = item.lane > Lane.ON_DEMAND and takes_away(found)
        if unasked or await self._is_another(item, found):
            self._looking.judge_later(item, case.key)
            return []
        for plan in found:
            await self._names.check(self.graph, case, plan)
        return found

    async def _is_another(self, item: WorkItem, plans: Sequence[Planned]) -> bool:
        """Whether something else would be taken away now than what somebody has approved."""
        if item.cause != APPROVED or not takes_away(plans):
            return False
        approved = await self._job.held.approved.get(str(item.key))
        return approved is None or all(
            change.action is not approved.action for plan in plans for change in plan.changes
        )

    async def _take_own_name(self, item: WorkItem, why: tuple[str, str]) -> None:
        """The item stays in the work set: its proper name comes when it is free."""
        case = await resolve(self._job, self.graph, item.key)
        plan = None if case is None else own_name(case, why)
        if case is None or plan is None:
            return
        try:
            turn = await self._carrying.turn(item, lambda: False)
            await self._execution.execute(case, plan, item, turn, last=False)
        except (NotFound, AnswerLost) as error:
            await self._looking.look(case, item, error)

    def _sent_delete(self, item: WorkItem) -> bool:
        sent = self._execution.last(item.key)
        return sent is not None and isinstance(sent.write, DeleteObject)


def _once_more(looks: int, error: RemoteError) -> int:
    """One more of the looks that an error may cost. Raises it when they are used up."""
    if looks >= _LOOKS:
        raise error
    return looks + 1
