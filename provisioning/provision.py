"""One key's work: resolve, match, plan, send, record, until nothing differs.

Whatever ZSCloud answers that contradicts the record is met by looking, never by repeating
blindly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from provisioning.errors import (
    AnswerLost,
    Conflict,
    NotFound,
    ProtocolError,
    Rejected,
    RemoteError,
)
from provisioning.job import Job
from provisioning.lanes import Aspect, Lane, WorkItem
from provisioning.links import NAME_PATH, Intent, name_key
from provisioning.matching import Matching
from provisioning.members import Members
from provisioning.mirror import MirrorUser, group_key
from provisioning.model import (
    CreateObject,
    Key,
    MemberRemoval,
    ObjectType,
    RemoveMembers,
    TargetObject,
    UpdateObject,
    Write,
)
from provisioning.outcome import Recorder
from provisioning.pacer import Priority, Turn
from provisioning.plan import (
    REMOVALS,
    Planned,
    Skipped,
    plan_group,
    plan_group_removal,
    plan_user,
)
from provisioning.ports import TargetWriter
from provisioning.removal import RemovalForm
from provisioning.resolve import Case, resolve
from provisioning.scope import GroupGraph
from provisioning.sender import Sender

_ROUNDS = 16
"""Halving a refused batch of 100 down to the one to blame takes seven of them."""

_LOOKS = 3


class Blocked(Exception):
    """The wanted name is held by our own link of ``holder``, which wants another one."""

    def __init__(self, holder: Key) -> None:
        super().__init__(str(holder))
        self.holder = holder


class _Later(Exception):
    """The item stays in the work set: the engine is stopping, or a removal goes first."""


class Provisioner:
    """Does the work of items. A dry run has no ``writer``: what would be sent is taken as done."""

    def __init__(
        self,
        job: Job,
        sender: Sender,
        matching: Matching,
        removal: RemovalForm,
        recorder: Recorder,
        writer: TargetWriter | None,
        cycle_id: str,
    ) -> None:
        self._job = job
        self._sender = sender
        self._matching = matching
        self._removal = removal
        self._recorder = recorder
        self._writer = writer
        self._cycle_id = cycle_id
        self._members = Members(job, sender, matching, recorder)
        self._sending: dict[Key, Planned] = {}
        self._naming: dict[str, Key] = {}
        self._rings: set[Key] = set()
        self._unsent: set[Key] = set()
        self._announced: set[str] = set()
        self._open_intents: dict[Key, Intent] = {}
        self._preempted: set[Key] = set()
        self._unjudged: set[Key] = set()

    @property
    def graph(self) -> GroupGraph:
        """The watched groups, as loaded last."""
        return self._recorder.graph

    @graph.setter
    def graph(self, graph: GroupGraph) -> None:
        self._recorder.graph = graph

    @property
    def unjudged(self) -> set[Key]:
        """Keys whose work turned out to be a removal that no brake has judged yet."""
        return self._unjudged

    # --- intents -------------------------------------------------------------------------------

    async def announce(self, items: Sequence[WorkItem]) -> None:
        """Stores the intents of creates that are near, in one write, before any is sent.

        An intent that is open already tells of a crash: its key is looked for before it is made.
        """
        new = [item for item in items if item.generation not in self._announced]
        if not new:
            return
        self._announced.update(item.generation for item in new)
        keys = {item.key for item in new if item.aspect is Aspect.OBJECT}
        linked = await self._job.links.get_many(keys)
        unlinked = sorted(key for key in keys if key not in linked)
        stored = await self._job.links.intents.get_many(str(key) for key in unlinked)
        rows = []
        for key in unlinked:
            if str(key) in stored:
                self._open_intents.setdefault(key, stored[str(key)])
                continue
            case = await resolve(self._job, self.graph, key)
            if case is not None and case.verdict.active and case.mapped.name:
                rows.append(self._job.links.intents.put(str(key), self._intent(case)))
                self._unsent.add(key)
        if rows and self._writer is not None:
            await self._job.store.write(rows)

    def withdraw(self) -> None:
        """Takes back the intents of creates that were never sent: nothing has to be looked for."""
        for key in list(self._unsent):
            self._withdraw(key)

    def _withdraw(self, key: Key) -> None:
        if key in self._unsent:
            self._unsent.discard(key)
            self._job.store.defer([self._job.links.intents.drop(str(key))])

    def _intent(self, case: Case) -> Intent:
        external = case.mapped.attributes.get("externalId")
        return Intent(case.name, external, self._job.clock.time())

    # --- the work of one item ------------------------------------------------------------------

    def preempt(self, key: Key) -> None:
        """A removal of the same group is waiting: go on with it after the request in flight."""
        self._preempted.add(key)

    async def provision(self, item: WorkItem, stopping: Callable[[], bool]) -> None:
        """Works until nothing differs, or the outcome is recorded as skipped or failed.

        Raises ``Blocked``, ``CredentialsRefused``, ``LeaseUnavailable``, ``RemoteUnavailable``:
        the item then stays in the work set.
        """
        self._preempted.discard(item.key)
        self._sending.pop(item.key, None)
        try:
            if item.key in self._rings:
                self._rings.discard(item.key)
                await self._break_ring(item)
            else:
                await self._rounds(item, stopping)
        except _Later:
            return
        except (Rejected, Conflict, NotFound, ProtocolError, AnswerLost) as error:
            await self.set_aside(item, error)
        finally:
            self._naming = {n: key for n, key in self._naming.items() if key != item.key}
            self._withdraw(item.key)

    async def _rounds(self, item: WorkItem, stopping: Callable[[], bool]) -> None:
        looks = 0
        worked = False
        for _ in range(_ROUNDS):
            case = await self._case(item)
            plans = [] if case is None else await self._plans(case, item)
            if case is None or isinstance(plans, Skipped) or not plans:
                skipped = plans if isinstance(plans, Skipped) else None
                await self._recorder.nothing_to_do(item, case, skipped, worked=worked)
                return
            try:
                if await self._execute(case, plans, item, stopping):
                    return
                worked = True
            except (NotFound, AnswerLost, Conflict, Rejected) as error:
                looks += 1
                if looks > _LOOKS:
                    raise
                known = await self._look(case, item, error)
                if known and isinstance(error, (NotFound, Rejected)):
                    failed = self._sending.pop(item.key, plans[0])
                    await self._members.doubt(case, failed, error, self._priority(item), item)
                    looks = 0
        raise ProtocolError(
            "ZSCloud",
            f"provision {item.key}",
            "the object never becomes what was written",
            remedy="Compare the object in the ZSCloud portal with the modified properties logged; "
            "the server ignores or changes a value.",
        )

    async def _case(self, item: WorkItem) -> Case | None:
        """The case, linked to the object that matches it when there is one."""
        case = await resolve(self._job, self.graph, item.key)
        if case is None or case.link is not None or not case.verdict.active:
            return case
        if case.mapped.problems:
            return case
        intent = self._open_intents.pop(item.key, None)
        found = await self._matching.find(case, intent, self._cycle_id, self._priority(item))
        return case if found is None else await self._adopt(case, item, found)

    async def _adopt(self, case: Case, item: WorkItem, found: TargetObject) -> Case:
        """Links a principal to the object that matches it."""
        owner = await self._job.links.owner(found.id)
        if owner is not None and owner != case.key:
            await self._take_over(case, owner)
        if case.key.type is ObjectType.GROUP and found.members is None:
            found = await self._matching.by_id(found.type, found.id, self._priority(item))
        await self._recorder.matched(item, case, found)
        return await resolve(self._job, self.graph, case.key) or case

    async def _take_over(self, case: Case, owner: Key) -> None:
        """An object has one link. It moves only if its old principal is gone or out of scope."""
        other = await resolve(self._job, self.graph, owner)
        if other is not None and other.keeps_its_name:
            if other.name.casefold() != case.name.casefold():
                raise Blocked(owner)  # it is about to be renamed, and goes first
            raise _duplicate(case, other)
        link = await self._job.links.get(owner)
        if link is not None:
            self._job.store.defer(self._job.links.drop(link))
        if other is not None and isinstance(other.row, MirrorUser):
            # What the account is a member of was the predecessor's: its groups are looked at.
            groups = self.graph.assigned_ancestors(other.row.groups)
            self._unjudged.update(group_key(id) for id in groups)

    async def _plans(self, case: Case, item: WorkItem) -> list[Planned] | Skipped:
        if case.key.type is ObjectType.USER:
            plan = plan_user(
                case.key, case.verdict, case.mapped, case.link, self._job.rules.deprovisioning
            )
            if plan is None or isinstance(plan, Skipped):
                return plan or []
            plans = [plan]
        else:
            found = await self._group_plans(case, item)
            if isinstance(found, Skipped):
                return found
            plans = found
        if item.lane > Lane.ON_DEMAND and _takes_away(plans):
            self._unjudged.add(case.key)
            return []
        for plan in plans:
            await self._check_name(case, plan)
        return plans

    async def _group_plans(self, case: Case, item: WorkItem) -> list[Planned] | Skipped:
        rules = self._job.rules
        plans: list[Planned] = []
        if case.link is not None and (item.aspect is Aspect.REMOVAL or item.lane is Lane.ON_DEMAND):
            plans += plan_group_removal(
                case.key,
                case.verdict,
                case.link,
                case.wanted,
                case.ours,
                rules.deprovisioning,
                await self._removal.form(),
                rules.member_batch,
            )
        if item.aspect is Aspect.OBJECT:
            additions = plan_group(
                case.key,
                case.verdict,
                case.mapped,
                case.link,
                self._members.admitted(case),
                case.recorded,
                self._members.batch(case),
            )
            if isinstance(additions, Skipped):
                return plans or additions
            plans += additions
        return plans

    # --- names ---------------------------------------------------------------------------------

    async def _check_name(self, case: Case, plan: Planned) -> None:
        """Whether the name that a create or rename wants is free among our own objects."""
        name = _wanted_name(plan)
        if name is None:
            return
        # Two principals of one name may be in flight at once: the second waits for the first.
        first = self._naming.setdefault(name_key(case.key.type, name), case.key)
        if first != case.key:
            raise Blocked(first)
        holder = await self._job.links.holder(case.key.type, name)
        if holder is None or holder == case.key:
            return
        other = await resolve(self._job, self.graph, holder)
        if other is None or other.link is None or not other.verdict.active:
            return  # ZSCloud decides: a conflict is met by looking.
        if other.name.casefold() == name.casefold():
            raise _duplicate(case, other)
        raise Blocked(holder)

    def ring(self, key: Key) -> None:
        """The key's next work is to break a ring of names that it is part of."""
        self._rings.add(key)

    async def _break_ring(self, item: WorkItem) -> None:
        """Gives the object a name of its own, so that the others of a ring can have theirs.

        The item stays in the work set: its proper name comes when it is free.
        """
        case = await resolve(self._job, self.graph, item.key)
        if case is None or case.link is None:
            return
        path = NAME_PATH[case.key.type]
        domain = case.name.partition("@")[2]
        name = f"{case.key.id}@{domain}" if domain else str(case.key.id)
        write = UpdateObject(case.key.type, case.link.scim_id, {path: name})
        planned = self._recorder.ring_change(case, write, name)
        try:
            await self._execute(case, [planned], item, stopping=lambda: False, finish=False)
        except (NotFound, AnswerLost) as error:
            await self._look(case, item, error)

    # --- sending -------------------------------------------------------------------------------

    async def _execute(
        self,
        case: Case,
        plans: list[Planned],
        item: WorkItem,
        stopping: Callable[[], bool],
        *,
        finish: bool = True,
    ) -> bool:
        """Sends the plans in order. True when the item is done with."""
        single = len(plans) == 1 and case.key.type is ObjectType.USER
        for plan in plans:
            turn = await self._turn(item, stopping)
            if turn is not None and turn.waited and single and finish:
                fresh = await self._chosen_again(item)
                if fresh != plans:
                    turn.give_back()
                    return False
            if not await self._send(case, plan, item, turn, last=single and finish):
                return False
            if not single:
                case = await resolve(self._job, self.graph, item.key) or case
        return single and finish

    async def _turn(self, item: WorkItem, stopping: Callable[[], bool]) -> Turn | None:
        """The send slot; a dry run needs none. Raises ``_Later`` if the item must wait."""
        turn = None if self._writer is None else await self._sender.turn(self._priority(item))
        if stopping() or item.key in self._preempted:
            if turn is not None:
                turn.give_back()
            raise _Later
        return turn

    async def _chosen_again(self, item: WorkItem) -> list[Planned] | Skipped:
        """The slot has come: what is to be sent is decided now, not when we began to wait."""
        case = await resolve(self._job, self.graph, item.key)
        return [] if case is None else await self._plans(case, item)

    async def _send(
        self, case: Case, plan: Planned, item: WorkItem, turn: Turn | None, *, last: bool
    ) -> bool:
        """Sends one request and records it. False when another form must be tried."""
        sent = self._job.clock.monotonic()
        self._sending[item.key] = plan
        if self._writer is None:
            answer = None
        else:
            await self._intend(case, plan)
            try:
                answer = await self._request(self._writer, case, plan.write, item, turn)
            except Rejected:
                removal = plan.write
                if isinstance(removal, RemoveMembers) and await self._removal.try_another(
                    removal.form
                ):
                    return False
                raise
            if isinstance(plan.write, RemoveMembers):
                proof = await self._removal.prove(case, plan.write, self._priority(item))
                if not proof.holds and proof.live is not None:
                    await self._recorder.refreshed(case, proof.live)
                    await self._recorder.file_again(item)
                    return False
        took = self._job.clock.monotonic() - sent
        answer = await self._completed(case, plan, item, answer)
        await self._recorder.success(item, case, plan, answer, took, last=last)
        return True

    async def _intend(self, case: Case, plan: Planned) -> None:
        """Before a POST its intent is stored, under the name that is sent."""
        if not isinstance(plan.write, CreateObject):
            return
        stored = await self._job.links.intents.get(str(case.key))
        if stored is None or stored.name != case.name:
            intent = self._intent(case)
            await self._job.store.write([self._job.links.intents.put(str(case.key), intent)])
        self._unsent.discard(case.key)

    async def _request(
        self, writer: TargetWriter, case: Case, write: Write, item: WorkItem, turn: Turn | None
    ) -> TargetObject | None:
        priority = self._priority(item)
        if isinstance(write, RemoveMembers) and write.form is MemberRemoval.PUT:
            replacement = await self._removal.as_replacement(case, write, priority, turn)
            return await self._sender.send(lambda: writer.write(replacement), priority)
        return await self._sender.send(lambda: writer.write(write), priority, turn)

    async def _completed(
        self, case: Case, plan: Planned, item: WorkItem, answer: TargetObject | None
    ) -> TargetObject | None:
        """The answer of a create, with the id that it must have; looked up where it had none."""
        if not isinstance(plan.write, CreateObject) or answer is not None:
            return answer
        if self._writer is None:
            return self._recorder.as_if_created(case, plan.write)
        found = await self._matching.by_name(case.key.type, case.name, self._priority(item))
        if found is None:
            raise AnswerLost("ZSCloud", f"POST {case.key}", "created, but not to be found")
        return found

    # --- looking -------------------------------------------------------------------------------

    async def _look(self, case: Case, item: WorkItem, error: RemoteError) -> bool:
        """Reads the object and takes what it is for the record; the next round plans anew.

        True if the record was right: looking explained nothing.
        """
        priority = self._priority(item)
        if case.link is None:
            found = await self._matching.by_name(case.key.type, case.name, priority)
            if found is not None:
                await self._adopt(case, item, found)
            elif isinstance(error, Conflict):
                raise error
            return found is None
        if isinstance(error, Conflict):
            await self._conflict(case, item, error)
            return False
        try:
            found = await self._matching.by_id(case.key.type, case.link.scim_id, priority)
        except NotFound:
            await self._recorder.vanished(item, case)
            return False
        return not await self._recorder.refreshed(case, found)

    async def _conflict(self, case: Case, item: WorkItem, error: Conflict) -> None:
        if case.link is not None and item.aspect is Aspect.REMOVAL:
            # The only delete that ZSCloud answers 409 is that of an administrator.
            await self._recorder.protect(case)
            return
        raise error

    async def set_aside(self, item: WorkItem, error: RemoteError) -> None:
        """Records a failure: the principal goes to escrow and is tried again later."""
        case = await resolve(self._job, self.graph, item.key)
        await self._recorder.failure(item, case, error)

    def _priority(self, item: WorkItem) -> Priority:
        return (item.lane.value, item.rank.value)


def _wanted_name(plan: Planned) -> str | None:
    write = plan.write
    if isinstance(write, CreateObject):
        return str(write.attributes.get(NAME_PATH[write.type]) or "") or None
    if isinstance(write, UpdateObject):
        return str(write.values.get(NAME_PATH[write.type]) or "") or None
    return None


def _takes_away(plans: Sequence[Planned]) -> bool:
    return any(change.action in REMOVALS for plan in plans for change in plan.changes)


def _duplicate(case: Case, other: Case) -> Conflict:
    return Conflict(
        "ZSCloud",
        f"provision {case.key}",
        f"'{case.name}' belongs to {other.key} ({other.name}), which keeps it",
        remedy="Two principals map to one ZSCloud name: rename one of them in Entra, or unassign "
        "one.",
    )
