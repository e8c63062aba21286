"""One key's work: resolve, match, plan, send, record, until nothing differs.

Whatever ZSCloud answers that contradicts the record is met by looking, never by repeating
blindly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from provisioning.apply.adoption import Adoption, NotAdopted
from provisioning.apply.carrying import Carrying, Later
from provisioning.apply.cases import Cases
from provisioning.apply.choosing import Choosing
from provisioning.apply.execution import Execution
from provisioning.apply.finding.matching import Matching
from provisioning.apply.intents import Intents
from provisioning.apply.last_look import LastLook, StillLeaves
from provisioning.apply.looking import Looking, forbidden
from provisioning.apply.members import Members
from provisioning.apply.mixed import Mixed
from provisioning.apply.naming import EXCHANGED, GIVEN_UP, Blocked, Names, own_name
from provisioning.apply.planning import takes_away
from provisioning.apply.recording.outcome import Recorder
from provisioning.apply.removal import RemovalForm
from provisioning.apply.riding import Riding
from provisioning.apply.sending.sender import Sender
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
from provisioning.job import Job
from provisioning.lanes import Aspect, WorkItem
from provisioning.model import DeleteObject, Key
from provisioning.plan import Planned, Skipped
from provisioning.ports import TargetWriter
from provisioning.resolve import resolve
from provisioning.scope import GroupGraph

_AHEAD_SECONDS = 2.0
"""Of creates, whose intents are stored in one write."""

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
        self._recorder = recorder
        mixed = Mixed(job, removal)
        self._execution = Execution(
            job, sender, matching, removal, mixed, recorder, self.intents, writer
        )
        self._names = Names(job)
        self._looking = Looking(job, matching, recorder, self._execution, self._names)
        self._members = Members(job, matching, recorder)
        self._own_names: dict[Key, tuple[str, str]] = {}
        self._last_look = LastLook(matching, recorder, still_leaves)
        adoption = Adoption(job, matching, recorder, self._looking, still_leaves)
        self._cases = Cases(
            job, matching, recorder, self._looking, adoption, self.intents, cycle_id, may_refer
        )
        self._choosing = Choosing(
            job, recorder, removal, self._members, self._looking, self._names, most_of_one, mixed
        )
        self._carrying = Carrying(
            job, sender, self._execution, recorder, self._choosing, most_of_one
        )
        self._riding = Riding(
            job,
            self._carrying,
            self._execution,
            recorder,
            self._looking,
            self._members,
            self._choosing,
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

    def know(self, cases: Mapping[Key, Case]) -> None:
        """Cases that were made by the present graph just now."""
        self._cases.know(cases, self.graph)

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
        self._choosing.begin(item.key)
        self._cases.begin()
        await self._members.recall()
        try:
            if item.key in self._own_names:
                await self._take_own_name(item, self._own_names.pop(item.key))
            else:
                self._recorder.newcomers.begin(item)
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
            if self._execution.leaves_open(item.key):
                # Whoever comes to it next looks first.
                self._job.store.defer(await self._job.unsure.left_open(item.key), str(item.key))
            if self._execution.may_have_made(item.key):
                await self.intents.reopen(item.key)
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
            case, expected = (settled, ()) if settled else await self._cases.of(item)
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
                if await self._narrowed_down(case, item, plans, error):
                    rounds = looks = 0  # It makes progress, and comes to an end.
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
        if case is None or case.link is None:
            return False
        if not await self._job.unsure.doubts(item, repeats=_may_repeat(item, plans)):
            return False
        await self._looking.read_again(case, item, doubted=True)
        self._job.store.defer(await self._job.unsure.looked_at(item.key), str(item.key))
        return True

    async def _narrowed_down(
        self, case: Case, item: WorkItem, plans: Sequence[Planned], error: RemoteError
    ) -> bool:
        """Whether less is asked for from now on: of who is to be switched off nothing but that,
        since the refusal may be about the rest. Else looks at the object; if it is as recorded, a
        batch of members is halved.
        """
        refused = isinstance(error, Conflict | Rejected)
        if refused and self._choosing.switch_off_alone(item.key, plans):
            return True
        was_right = await self._looking.look(case, item, error)
        if not was_right or not isinstance(error, (NotFound, Rejected)):
            return False
        await self._members.doubt(case, self._execution.last(item.key), error, item)
        return True

    async def _proposed(
        self, case: Case | None, expected: Sequence[Key], item: WorkItem
    ) -> list[Planned] | Skipped:
        """What is planned; nothing yet while somebody is expected, or while the record of who asks
        for a name that is not free may be wrong: that is looked at first.
        """
        if case is None or expected:
            return []
        try:
            return await self._choosing.plans(case, item)
        except (Blocked, Conflict):
            if case.link is None or not await self._job.unsure.holds(case.key):
                raise
            return []

    async def _end(
        self,
        item: WorkItem,
        case: Case | None,
        plans: Sequence[Planned] | Skipped,
        *,
        worked: bool,
    ) -> None:
        if case is not None and self._choosing.leaves_surplus(case, item):
            self._looking.judge_later(item, case.key)
        refused = await self._members.refusal(item.key)
        if refused is not None and item.aspect is Aspect.OBJECT:
            await self._recorder.failure(item, case, refused)
            return
        skipped = plans if isinstance(plans, Skipped) else None
        await self._recorder.nothing_to_do(item, case, skipped, worked=worked)

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


def _may_repeat(item: WorkItem, plans: Sequence[Planned] | Skipped) -> bool:
    """Whether the plans may be those that the item stood for when it was filed."""
    if isinstance(plans, Skipped) or not plans:
        return False
    return item.aspect is Aspect.OBJECT or takes_away(plans)


def _once_more(looks: int, error: RemoteError) -> int:
    """One more of the looks that an error may cost. Raises it when they are used up."""
    if looks >= _LOOKS:
        raise error
    return looks + 1
