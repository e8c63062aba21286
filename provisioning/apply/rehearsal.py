"""One principal's work as a dry run does it, watched: what was seen, and what would be sent.

It runs the very code that provisions, on a job whose writes are not stored, without a writer and
without the lease. Only reading is left to do, slowly.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from provisioning.apply.diagnostics import NoLease
from provisioning.apply.matching import Matching
from provisioning.apply.members import Members
from provisioning.apply.naming import Blocked
from provisioning.apply.outcome import Recorder
from provisioning.apply.pacer import Pacer
from provisioning.apply.planning import Planning
from provisioning.apply.provision import Provisioner
from provisioning.apply.removal import RemovalForm
from provisioning.apply.sender import Sender, Stopped
from provisioning.case import Case
from provisioning.errors import RemoteError
from provisioning.explaining.findings import Look, Owner, Refusal, Rehearsed
from provisioning.job import Job
from provisioning.lanes import Aspect, Lane, Rank, WorkItem, rank_of
from provisioning.model import (
    AddMembers,
    Capabilities,
    Key,
    ObjectType,
    ScimId,
    TargetObject,
    TargetPage,
)
from provisioning.plan import Planned, Skipped
from provisioning.ports import TargetReader
from provisioning.record import CycleKind, CycleRecord
from provisioning.resolve import load_graph, resolve
from provisioning.scope import GroupGraph

_PATIENCE = 20.0
"""Seconds for which a pause that ZSCloud asks for is waited out."""


class _Seen:
    """A reader that remembers what it was asked and what it found."""

    def __init__(self, reader: TargetReader) -> None:
        self._reader = reader
        self.looks: list[Look] = []

    @property
    def requests(self) -> int:
        """HTTP requests sent so far."""
        return self._reader.requests

    @property
    def throttled(self) -> int:
        """Answers of 429 so far."""
        return self._reader.throttled

    async def capabilities(self) -> Capabilities:
        """What discovery offers."""
        return await self._reader.capabilities()

    async def page(self, type: ObjectType, start: int, count: int) -> TargetPage:
        """A page of a list."""
        return await self._reader.page(type, start, count)

    async def find(self, type: ObjectType, attribute: str, value: str) -> Sequence[TargetObject]:
        """Objects whose attribute equals the value, noted down."""
        found = await self._reader.find(type, attribute, value)
        self.looks.append(Look(attribute, value, tuple(found)))
        return found

    async def get(self, type: ObjectType, id: ScimId) -> TargetObject:
        """One object."""
        return await self._reader.get(type, id)


class _Witness(Recorder):
    """A recorder that notes down what it is told."""

    plans: list[Planned]
    live: TargetObject | None = None
    was_matched = False
    has_vanished = False
    moved_from: Owner | None = None
    skipped: Skipped | None = None
    refused: Refusal | None = None

    def __init__(self, job: Job, cycle: CycleRecord) -> None:
        super().__init__(job, cycle, collect=True)
        self.plans = []

    async def success(
        self,
        item: WorkItem,
        case: Case,
        plan: Planned,
        answer: TargetObject | None,
        took: float,
        *,
        last: bool,
    ) -> None:
        """A request would have been sent."""
        self.plans.append(plan)
        await super().success(item, case, plan, answer, took, last=last)

    async def nothing_to_do(
        self, item: WorkItem, case: Case | None, skipped: Skipped | None, *, worked: bool = False
    ) -> None:
        """No request, or no further one."""
        self.skipped = skipped or self.skipped
        await super().nothing_to_do(item, case, skipped, worked=worked)

    async def failure(
        self, item: WorkItem, case: Case | None, error: RemoteError, plan: Planned | None = None
    ) -> None:
        """It cannot be done."""
        self.refused = refusal_of(error)
        await super().failure(item, case, error, plan)

    async def matched(self, item: WorkItem, case: Case, found: TargetObject) -> None:
        """An object would be linked."""
        self.live, self.was_matched = found, True
        await super().matched(item, case, found)

    async def refreshed(self, item: WorkItem, case: Case, found: TargetObject) -> bool:
        """The linked object was read."""
        self.live = found
        return await super().refreshed(item, case, found)

    async def vanished(self, item: WorkItem, case: Case, again: Sequence[WorkItem] = ()) -> None:
        """The linked object is gone."""
        self.has_vanished = True
        await super().vanished(item, case, again)

    async def moved(self, item: WorkItem, owner: Case) -> None:
        """The object comes from somebody who has no right to it any more."""
        self.moved_from = Owner(owner.key, owner.name)
        await super().moved(item, owner)


class Rehearsal:
    """Rehearses the work of one principal. ``job`` must be one whose writes are not stored."""

    def __init__(self, job: Job, reader: TargetReader, pacer: Pacer) -> None:
        self._job = job
        sender = Sender(pacer, NoLease(), job.clock, job.ids)
        sender.deadline = job.clock.monotonic() + _PATIENCE
        self._seen = _Seen(reader)
        record = CycleRecord(cycle_id=job.ids.new(), kind=CycleKind.ON_DEMAND, dry_run=True)
        self._matching = Matching(job, sender, self._seen)
        self._removal = RemovalForm(job, sender, self._seen)
        self._witness = _Witness(job, record)
        self._provisioner = Provisioner(
            job, sender, self._matching, self._removal, self._witness, None, record.cycle_id
        )

    async def of(self, case: Case) -> Rehearsed:
        """What would be done. Raises nothing for a ZSCloud that cannot be read: then the plans
        are made from the record alone.
        """
        graph = self._provisioner.graph = await load_graph(self._job)
        blocked_by = None
        try:
            await self._work(case)
        except Blocked as blocked:
            blocked_by = await self._owner(graph, blocked.holder)
        except Stopped:
            error = Refusal(
                "TooManyRequests",
                "ZSCloud asks for a longer pause than is waited for here.",
                "Try again in a minute.",
            )
            return await self._from_record(case, error)
        except RemoteError as error:
            return await self._from_record(case, refusal_of(error))
        done = self._told(blocked_by)
        await self._join(graph, case)
        later = self._witness.plans[len(done.plans) :]
        joined = tuple(plan for one in later if (plan := _narrowed(one, case.key)) is not None)
        return msgspec.structs.replace(done, joined=joined)

    def _told(self, blocked_by: Owner | None) -> Rehearsed:
        witness = self._witness
        return Rehearsed(
            plans=tuple(witness.plans),
            looks=tuple(self._seen.looks),
            live=witness.live,
            matched=witness.was_matched,
            vanished=witness.has_vanished,
            moved_from=witness.moved_from,
            skipped=witness.skipped,
            refused=witness.refused,
            blocked_by=blocked_by,
        )

    async def _work(self, case: Case) -> None:
        item = self._item(case.key, Lane.ON_DEMAND)
        if case.key.type is ObjectType.GROUP and case.link is not None:
            # One generation for both: the group is read once.
            removal = msgspec.structs.replace(item, aspect=Aspect.REMOVAL)
            await self._provisioner.provision(removal, lambda: False)
        await self._provisioner.provision(item, lambda: False)

    async def _join(self, graph: GroupGraph, case: Case) -> None:
        """A user who gets an account becomes a member of groups that are there already."""
        now = await resolve(self._job, graph, case.key)
        if case.link is not None or now is None or now.link is None:
            return
        for group in await self._witness.ledger.groups_to_join(graph, case):
            item = self._item(group, Lane.LIVE, Rank.GROUPS_AGAIN)
            await self._provisioner.provision(item, lambda: False)

    async def _from_record(self, case: Case, error: Refusal) -> Rehearsed:
        item = self._item(case.key, Lane.ON_DEMAND)
        planning = Planning(self._job.rules, Members(self._job, self._matching, self._witness))
        form = await self._removal.form()
        plans: list[Planned] = []
        skipped = None
        for aspect in (Aspect.REMOVAL, Aspect.OBJECT):
            if aspect is Aspect.REMOVAL and case.key.type is ObjectType.USER:
                continue
            found = planning.plans(case, msgspec.structs.replace(item, aspect=aspect), form)
            if isinstance(found, Skipped):
                skipped = found
            else:
                plans += found
        looks = tuple(self._seen.looks)
        return Rehearsed(plans=tuple(plans), looks=looks, skipped=skipped, unreached=error)

    async def _owner(self, graph: GroupGraph, key: Key) -> Owner:
        case = await resolve(self._job, graph, key)
        return Owner(key, key.id if case is None else case.name)

    def _item(self, key: Key, lane: Lane, rank: Rank | None = None) -> WorkItem:
        return WorkItem(
            key=key,
            aspect=Aspect.OBJECT,
            lane=lane,
            rank=rank_of(key.type) if rank is None else rank,
            cause="explain",
            cycle_id=self._witness.cycle.cycle_id,
            generation=self._job.ids.new(),
            filed_at=self._job.clock.time(),
        )


def refusal_of(error: RemoteError) -> Refusal:
    """An error as a fact."""
    return Refusal(error.code, str(error), error.remedy)


def _narrowed(plan: Planned, key: Key) -> Planned | None:
    """What of a group's request concerns one of its members; ``None`` if nothing does."""
    write = plan.write
    changes = tuple(c for c in plan.changes if c.member and c.member.source_id == key.id)
    if not changes or not isinstance(write, AddMembers):
        return None
    mine = {change.member.target_id for change in changes if change.member}
    members = tuple(id for id in write.members if id in mine)
    return Planned(msgspec.structs.replace(write, members=members), changes)
