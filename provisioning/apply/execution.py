"""Executing one planned request: send it, prove what has to be proven, record it."""

from __future__ import annotations

import contextlib

import msgspec

from provisioning.apply.evidence import shows
from provisioning.apply.finding.matching import Matching
from provisioning.apply.intents import Intents
from provisioning.apply.mixed import Mixed
from provisioning.apply.recording.executed import Executed
from provisioning.apply.recording.outcome import Recorder
from provisioning.apply.removal import RemovalForm
from provisioning.apply.sending.pacer import Turn
from provisioning.apply.sending.sender import Sender
from provisioning.case import Case
from provisioning.errors import AnswerLost, NotFound, Rejected
from provisioning.job import Job
from provisioning.lanes import WorkItem
from provisioning.model import (
    CreateObject,
    DeleteObject,
    Key,
    MemberRemoval,
    ObjectType,
    RemoveMembers,
    TargetObject,
    UpdateObject,
    Write,
)
from provisioning.plan import Planned
from provisioning.ports import TargetWriter


class Execution:
    """Executes plans. Without a ``writer``, in a dry run, what would be sent is taken as done."""

    def __init__(
        self,
        job: Job,
        sender: Sender,
        matching: Matching,
        removal: RemovalForm,
        mixed: Mixed,
        recorder: Recorder,
        intents: Intents,
        writer: TargetWriter | None,
    ) -> None:
        self._job = job
        self._sender = sender
        self._matching = matching
        self._removal = removal
        self._mixed = mixed
        self._recorder = recorder
        self._intents = intents
        self._writer = writer
        self._last: dict[Key, Planned] = {}
        self._lost: dict[Key, list[Planned]] = {}
        """Plans whose answer was lost, and of which nobody knows yet what became of them."""

    @property
    def is_dry_run(self) -> bool:
        """Whether nothing is sent."""
        return self._writer is None

    def last(self, key: Key) -> Planned | None:
        """The plan of the key that was sent last, or was about to be."""
        return self._last.get(key)

    def forget(self, key: Key) -> None:
        """The key's work begins anew."""
        self._last.pop(key, None)
        self._lost.pop(key, None)

    def leaves_open(self, key: Key) -> bool:
        """Whether a change was sent of which nobody knows what became of it. Creates have their
        intents for that.
        """
        plans = self._lost.get(key, ())
        return any(not isinstance(plan.write, CreateObject) for plan in plans)

    def may_have_made(self, key: Key) -> bool:
        """Whether a create was sent of which nobody knows what became of it."""
        return any(isinstance(plan.write, CreateObject) for plan in self._lost.get(key, ()))

    def failed(self, key: Key, plan: Planned) -> None:
        """Of several plans that were sent at once, it is this one whose error is dealt with."""
        self._last[key] = plan

    def was_lost(self, key: Key, plan: Planned, told: Planned) -> None:
        """What a plan without an answer was about has come to be known better since."""
        plans = self._lost.get(key, [])
        self._lost[key] = [told if one is plan else one for one in plans if told.changes]

    async def goes_with_others(self, plan: Planned) -> bool:
        """Whether the plan may share a request. A removal may once its form is proven, and a PUT
        reads before it writes.
        """
        write = plan.write
        if not isinstance(write, RemoveMembers):
            return not self.is_dry_run
        return write.form is not MemberRemoval.PUT and await self.is_proven(plan)

    def alone(self, *, proven: bool) -> contextlib.AbstractAsyncContextManager[object]:
        """To be held while a plan is sent: the first removal of a tenant goes alone.

        Taken before the send slot: who waits here must not keep a slot from who is being proven.
        """
        return contextlib.nullcontext() if proven else self._removal.first

    async def is_proven(self, plan: Planned) -> bool:
        """Whether a plan is not the first of its kind for the tenant."""
        write = plan.write
        if not isinstance(write, RemoveMembers):
            return True
        if not await self._removal.is_proven(write.form):
            return False
        return not write.added or await self._mixed.is_proven()

    async def execute(
        self, case: Case, plan: Planned, item: WorkItem, turn: Turn | None, *, last: bool
    ) -> bool:
        """Sends one request and records it. False when another form must be tried."""
        done = await self.send(case, plan, item, turn)
        if done is None:
            return False
        await self.record(case, item, done, last=last)
        return True

    async def record(
        self, case: Case, item: WorkItem, done: Executed, *, last: bool = False
    ) -> None:
        """Records what was executed."""
        await self._recorder.success(item, case, done, last=last)

    async def send(
        self, case: Case, plan: Planned, item: WorkItem, turn: Turn | None
    ) -> Executed | None:
        """What came of a request; ``None`` when another form must be tried."""
        try:
            return await self._sent(case, plan, item, turn)
        except AnswerLost:
            self._lost.setdefault(item.key, []).append(plan)
            raise

    async def _sent(
        self, case: Case, plan: Planned, item: WorkItem, turn: Turn | None
    ) -> Executed | None:
        began = self._job.clock.monotonic()
        self._last[item.key] = plan
        answer = None
        if self._writer is None:
            answer = self._as_if(case, plan)
        elif isinstance(plan.write, RemoveMembers):
            if not await self._remove(self._writer, case, plan.write, item, turn):
                return None
        else:
            answer = await self._write(self._writer, case, plan.write, item, turn)
        return Executed(plan, answer, self._job.clock.monotonic() - began)

    async def confirmed(self, case: Case, item: WorkItem, found: TargetObject | None) -> bool:
        """Whether the live object (``None``: gone) shows that what was written without an answer
        was executed after all. What was is recorded like any other write.
        """
        lost = self._lost.pop(item.key, [])
        shown = [plan for plan in lost if shows(plan.write, found)]
        for plan in shown:
            await self._recorder.success(item, case, Executed(plan, found), last=False)
        return bool(lost) and len(shown) == len(lost)

    # --- writing -------------------------------------------------------------------------------

    async def _write(
        self,
        writer: TargetWriter,
        case: Case,
        write: Write,
        item: WorkItem,
        turn: Turn | None,
    ) -> TargetObject | None:
        if isinstance(write, CreateObject):
            await self._intents.sending(case)
            if write.type is ObjectType.USER:
                write = msgspec.structs.replace(write, made_for=case.key.id)
        answer = await self._sender.write(writer, write, item.urgency, turn)
        if answer is None and isinstance(write, CreateObject):
            answer = await self._matching.by_name(case.key.type, case.name, item.urgency)
            if answer is None:
                raise AnswerLost("ZSCloud", f"POST {case.key}", "created, but not to be found")
        return answer

    async def _remove(
        self,
        writer: TargetWriter,
        case: Case,
        write: RemoveMembers,
        item: WorkItem,
        turn: Turn | None,
    ) -> bool:
        """Takes members out. The first removal of a tenant is proven."""
        if write.form is not await self._removal.form():
            return False
        try:
            await self._send_removal(writer, case, write, item, turn)
        except (NotFound, Rejected) as error:
            if write.added:
                # One of those who come may be to blame: who goes does not wait for them.
                await self._mixed.refused(case.key)
                return False
            if isinstance(error, Rejected) and await self._removal.try_another(write.form):
                return False
            raise
        if write.added:
            return await self._did_both(case, write, item)
        proof = await self._removal.prove(case, write, item.urgency)
        if proof.contradiction is not None:
            await self._recorder.refreshed(item, case, proof.contradiction)
            await self._recorder.file_again(item)
        return proof.holds

    async def _did_both(self, case: Case, write: RemoveMembers, item: WorkItem) -> bool:
        live = await self._mixed.contradiction(case, write, item)
        if live is None:
            return True
        await self._recorder.refreshed(item, case, live, doubted=True)
        await self._recorder.file_again(item)
        return False

    async def _send_removal(
        self,
        writer: TargetWriter,
        case: Case,
        write: RemoveMembers,
        item: WorkItem,
        turn: Turn | None,
    ) -> None:
        if write.form is MemberRemoval.PUT:
            whole = await self._removal.as_replacement(case, write, item.urgency, turn)
            await self._sender.send(lambda: writer.write(whole), item.urgency)
            return
        await self._sender.write(writer, write, item.urgency, turn)

    def _as_if(self, case: Case, plan: Planned) -> TargetObject | None:
        write = plan.write
        if isinstance(write, CreateObject):
            return self._recorder.as_if_created(case, write)
        if isinstance(write, DeleteObject):
            self._matching.suppose(write.id, None)
        elif isinstance(write, UpdateObject):
            self._matching.suppose(write.id, write.values)
        return None
