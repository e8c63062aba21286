"""One principal's work as a dry run does it, watched: what was seen, and what would be sent.

It runs the very code that provisions, on a job whose writes are not stored, without a writer and
without the lease. Only reading is left to do, slowly.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from provisioning.apply.choosing import EXPLAINED
from provisioning.apply.finding.matching import Matching
from provisioning.apply.members import Members
from provisioning.apply.naming import Blocked
from provisioning.apply.planning import Planning
from provisioning.apply.provision import Provisioner
from provisioning.apply.rehearsing.witness import SeenReader, Witness, refusal_of
from provisioning.apply.removal import RemovalForm
from provisioning.apply.sending.diagnostics import NoLease
from provisioning.apply.sending.pacer import Pacer
from provisioning.apply.sending.sender import Sender, Stopped
from provisioning.case import Case
from provisioning.errors import RemoteError
from provisioning.explaining.findings import Owner, Refusal, Rehearsed
from provisioning.job import Job
from provisioning.lanes import Aspect, Lane, Rank, WorkItem, rank_of
from provisioning.model import (
    AddMembers,
    Key,
    ObjectType,
)
from provisioning.plan import Planned, Skipped
from provisioning.ports import TargetReader
from provisioning.record import CycleKind, CycleRecord
from provisioning.resolve import load_graph, resolve
from provisioning.scope import GroupGraph

_PATIENCE = 20.0
"""Seconds for which a pause that ZSCloud asks for is waited out."""


class Rehearsal:
    """Rehearses the work of one principal. ``job`` must be one whose writes are not stored."""

    def __init__(self, job: Job, reader: TargetReader, pacer: Pacer) -> None:
        self._job = job
        sender = Sender(pacer, NoLease(), job.clock, job.ids)
        sender.deadline = job.clock.monotonic() + _PATIENCE
        self._seen = SeenReader(reader)
        record = CycleRecord(cycle_id=job.ids.new(), kind=CycleKind.ON_DEMAND, dry_run=True)
        self._matching = Matching(job, sender, self._seen)
        self._removal = RemovalForm(job, sender, self._seen)
        self._witness = Witness(job, record)
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
        recorded, _ = await self._recorded(case)
        done = self._told(case, blocked_by, recorded)
        await self._join(graph, case)
        later = self._witness.plans[len(done.plans) :]
        joined = tuple(plan for one in later if (plan := _narrowed(one, case.key)) is not None)
        return msgspec.structs.replace(done, joined=joined)

    def _told(self, case: Case, blocked_by: Owner | None, recorded: Sequence[Planned]) -> Rehearsed:
        witness = self._witness
        return Rehearsed(
            plans=tuple(witness.plans),
            looks=tuple(self._seen.looks),
            live=witness.live,
            matched=witness.was_matched,
            vanished=witness.has_vanished,
            left_missing=witness.is_left_missing,
            by_hand=case.link is not None and bool(witness.plans) and not recorded,
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
        plans, skipped = await self._recorded(case)
        looks = tuple(self._seen.looks)
        return Rehearsed(plans=plans, looks=looks, skipped=skipped, unreached=error)

    async def _recorded(self, case: Case) -> tuple[tuple[Planned, ...], Skipped | None]:
        """The plans that the record alone gives, without a look at ZSCloud."""
        item = self._item(case.key, Lane.ON_DEMAND)
        members = Members(self._job, self._matching, self._witness)
        planning = Planning(self._job.rules, members)
        form = await self._removal.form()
        group = case.key.type is ObjectType.GROUP
        plans: list[Planned] = []
        skipped = None
        for aspect in (Aspect.REMOVAL, Aspect.OBJECT) if group else (Aspect.OBJECT,):
            found = planning.plans(case, msgspec.structs.replace(item, aspect=aspect), form)
            if isinstance(found, Skipped):
                skipped = found
            else:
                plans += found
        return tuple(plans), skipped

    async def _owner(self, graph: GroupGraph, key: Key) -> Owner:
        case = await resolve(self._job, graph, key)
        return Owner(key, key.id if case is None else case.name)

    def _item(self, key: Key, lane: Lane, rank: Rank | None = None) -> WorkItem:
        return WorkItem(
            key=key,
            aspect=Aspect.OBJECT,
            lane=lane,
            rank=rank_of(key.type) if rank is None else rank,
            cause=EXPLAINED,
            cycle_id=self._witness.cycle.cycle_id,
            generation=self._job.ids.new(),
            filed_at=self._job.clock.time(),
        )


def _narrowed(plan: Planned, key: Key) -> Planned | None:
    """What of a group's request concerns one of its members; ``None`` if nothing does."""
    write = plan.write
    changes = tuple(c for c in plan.changes if c.member and c.member.source_id == key.id)
    if not changes or not isinstance(write, AddMembers):
        return None
    mine = {change.member.target_id for change in changes if change.member}
    members = tuple(id for id in write.members if id in mine)
    return Planned(msgspec.structs.replace(write, members=members), changes)
