"""From keys to work: who differs, in which lane, and whether the brake lets it go."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence

import msgspec

from provisioning.apply.batching.bulk_use import bulk_knowledge
from provisioning.bulk import MOST, Standing
from provisioning.case import Case
from provisioning.discovery.crowd import Crowd
from provisioning.discovery.entries import LookEntries
from provisioning.discovery.filed import Filed
from provisioning.discovery.judging import Judging
from provisioning.discovery.removals import Removal, is_let_be, removal_of
from provisioning.discovery.since import Since
from provisioning.job import Job
from provisioning.lanes import Aspect, Lane, rank_of
from provisioning.model import Key, MirrorUser, ObjectType
from provisioning.plan import (
    Planned,
    Skipped,
    plan_group,
    plan_user,
)
from provisioning.ports import Row
from provisioning.record import CycleKind, CycleRecord
from provisioning.resolve import as_lost, referred, resolve, user_case
from provisioning.rows.order import in_steps
from provisioning.rows.turns import by_turns
from provisioning.scope import GroupGraph
from provisioning.scoping import NullTally

_log = logging.getLogger(__name__)

_AT_ONCE = 100
"""Users who are judged and mapped before the turn of the other tasks."""

_FEW = 5
_ON_DEMAND = "on_demand"


class Filing:
    """Files the work of one look. Its removals are judged together, and enter lane 1 together."""

    def __init__(
        self,
        job: Job,
        graph: GroupGraph,
        cycle: CycleRecord,
        lane: Lane,
        since: Since = Since(),  # noqa: B008  frozen
    ) -> None:
        self._job = job
        self._graph = graph
        self._cycle = cycle
        self._lane = lane
        self._removal_lane = Lane.LEAVERS
        self._named = False
        self.unlinked = {ObjectType.USER: 0, ObjectType.GROUP: 0}
        self._removals: list[Removal] = []
        self._nulls = NullTally()
        self._now = job.clock.time()
        self._filed = Filed(job, cycle, since, self._now)
        self._entries = LookEntries(job, cycle, self._now)
        self._judging = Judging(job, graph, cycle, self._entries, self._now)
        self._standing: dict[Key, Case | None] = {}
        self._any_lost = self._rebuilt = False
        self._newcomers: set[Key] = set()
        self._refers = False

    async def file(self, crowd: Crowd, cause: str, *, told: bool = True) -> None:
        """Evaluates a crowd and files what differs. A cycle judges all that is held anew with them;
        a look at hints leaves alone what nothing happened to.

        ``told`` logs why a principal that something happened to is not provisioned.
        """
        decided = await self._begin_judging()
        release = self._cycle.kind is not CycleKind.LIVE
        held = {Key.parse(k) async for k, _ in self._job.held.held.all()} if release else set()
        await self._file(crowd.with_keys(decided | held), cause, told=told, release=release)
        # They are filed; until then a death would have them filed by the next look.
        await self._job.store.write([self._job.touched.drop(str(key)) for key in decided])

    async def _file(self, crowd: Crowd, cause: str, *, told: bool, release: bool) -> None:
        known = await bulk_knowledge(self._job)
        self._refers = known.may_refer and known.references is Standing.PROVEN
        standing = await crowd.those(await self._job.held.standing())
        self._standing = dict.fromkeys(standing)
        self._any_lost = await self._job.rebuild.any_lost()
        self._rebuilt = await self._job.rebuild.is_complete()
        async for users in crowd.pages(ObjectType.USER):
            await self._file_users(users, cause, told=told)
        async for groups in crowd.pages(ObjectType.GROUP):
            for key in groups:
                await self._file_group(key, cause)
                await self._filed.write_if_large()
        await self._judge(cause, release=release)
        await self._filed.write()
        await self._judging.withdraw_empty()
        for count in self._nulls.above(_FEW):
            _log.warning("Scoping filter: %s", count.sentence)

    async def file_named(self, keys: Collection[Key]) -> None:
        """Files what an operator named, as it is: up to five users pass the brake."""
        self._lane = self._removal_lane = Lane.ON_DEMAND
        await self._begin_judging()
        if len(keys) > _FEW or any(key.type is ObjectType.GROUP for key in keys):
            self._named = True
            crowd = Crowd(self._job, keys)
            await self._file(crowd, _ON_DEMAND, told=True, release=False)
            return
        for key in sorted(keys):
            # What a rebuild has found is not adopted by a call: it waits on for its approval.
            if await self._job.rebuild.get(key) is None:
                self._filed.rows += await self._judging.passed(key, _ON_DEMAND)
            if self._job.schema.user.references:
                self._note_awaited(await resolve(self._job, self._graph, key))
            self._filed.add(key, Aspect.OBJECT, Lane.ON_DEMAND, rank_of(key.type), _ON_DEMAND)
        await self._filed.write()

    async def log_young(self, young: Sequence[tuple[Key, float]]) -> None:
        """Logs removals that wait: their assignment is too young to be believed gone."""
        rows: list[Row] = []
        for key, due in young:
            case = await resolve(self._job, self._graph, key)
            if case is None:
                continue
            rows += self._job.log.rows([self._entries.young(case, due)])
            self._cycle.counts.skipped += 1
        await self._job.store.write(in_steps(rows))

    # --- evaluating ----------------------------------------------------------------------------

    async def _file_users(self, keys: Sequence[Key], cause: str, *, told: bool) -> None:
        rows = await self._job.mirror.users.get_many(key.id for key in keys)
        others = [other for row in rows.values() for other in referred(self._job, row)]
        links = await self._job.links.get_many({*keys, *others})
        async for key in by_turns(keys, _AT_ONCE):
            row = rows.get(key.id)
            if row is None:
                continue
            case = user_case(self._job, self._graph, row, links)
            if self._any_lost and case.link is None:
                found = await self._with_lost(case)
                if found is None:
                    continue
                case = found
            self._note_awaited(case)
            if case.verdict.filter is not None:
                self._nulls.add(case.verdict.filter)
            self._file_user(case, cause, told=told)
            # Who is worked on is filed, and forgotten when nothing came of that.
            is_done = key not in self._job.under_way
            if is_done and case.forgettable and await self._is_unsent(key):
                self._filed.rows.append(self._job.mirror.users.drop(key.id))
        await self._filed.write_if_large()

    async def _is_unsent(self, key: Key) -> bool:
        return await self._job.links.intents.get(str(key)) is None

    def _note_awaited(self, case: Case | None) -> None:
        """Notes for whose account somebody waits: it is filed again when that is made."""
        if case is not None:
            rows = [self._job.awaiting_row(case.key, other) for other in case.awaited]
            self._filed.rows += rows

    def _file_user(self, case: Case, cause: str, *, told: bool) -> None:
        plan = plan_user(
            case.key, case.verdict, case.mapped, case.link, self._job.rules.deprovisioning
        )
        if case.key in self._standing:
            self._standing[case.key] = case
        if plan is None and case.key not in self._job.under_way:
            self._unchanged(case, cause, told=told)
            return
        removal = self._removal(case)
        if removal is not None:
            self._removals.append(removal)
            return
        if case.link is None and isinstance(plan, Planned):
            self.unlinked[ObjectType.USER] += 1
            if self._refers and len(self._newcomers) < MOST:
                self._newcomers.add(case.key)
        self._filed.add(case.key, Aspect.OBJECT, self._lane, rank_of(case.key.type), cause)

    def _unchanged(self, case: Case, cause: str, *, told: bool) -> None:
        if case.link is None and not case.verdict.active and told and _was_near(case):
            self._cycle.counts.skipped += 1
            self._filed.rows += self._job.log.rows([self._entries.skipped(case, cause)])
        else:
            self._cycle.counts.unchanged += 1

    async def _file_group(self, key: Key, cause: str) -> None:
        case = await resolve(self._job, self._graph, key)
        if case is not None and case.link is None and self._any_lost:
            case = await self._with_lost(case)
        if case is None:
            return
        if key in self._standing:
            self._standing[key] = case
        rules = self._job.rules
        additions = plan_group(
            key,
            case.verdict,
            case.mapped,
            case.link,
            case.wanted,
            case.recorded,
            case.ours,
            rules.deprovisioning,
            rules.member_batch,
            most=1,
        )
        removal = self._removal(case)
        if removal is not None:
            self._removals.append(removal)
        if case.lost:
            return
        # A call on demand looks at the group itself: hands may have changed it.
        looked_at = self._named and case.verdict.active and case.link is not None
        # By the record nothing may differ, which is about to be another one.
        looked_at |= key in self._job.under_way
        if additions or looked_at or self._has_newcomers(case):
            if case.link is None and not isinstance(additions, Skipped):
                self.unlinked[ObjectType.GROUP] += 1
            self._filed.add(key, Aspect.OBJECT, self._lane, rank_of(key.type), cause)
        if additions or looked_at or removal is not None or self._has_newcomers(case):
            return
        if self._named and not case.verdict.active:
            self._cycle.counts.skipped += 1
            self._filed.rows += self._job.log.rows([self._entries.skipped(case, cause)])
        else:
            self._cycle.counts.unchanged += 1

    def _has_newcomers(self, case: Case) -> bool:
        """Whether accounts are about to be made of members of a group that is there: where writes
        may name what others create, it travels with them.
        """
        is_open = case.link is not None and not case.link.protected and case.verdict.active
        return is_open and any(key in self._newcomers for key in case.missing)

    # --- a rebuild -----------------------------------------------------------------------------

    async def _with_lost(self, case: Case) -> Case | None:
        """The case with what a rebuild has found for it, if something is to be done about that;
        ``None`` while nothing can be said.
        """
        if await self._job.rebuild.get(case.key) is None:
            return case
        undecided = case.verdict.undecided
        if undecided or not (self._rebuilt or case.verdict.active):
            self._standing.pop(case.key, None)
            return case if undecided else None
        found = await as_lost(self._job, self._graph, case)
        if found is not None and removal_of(found, self._job.rules) is not None:
            return found
        if found is not None and is_let_be(case, self._job.rules):
            return case  # What was found of it stays known.
        if case.key not in self._standing:
            self._filed.rows.append(self._job.rebuild.drop(case.key))
        if case.key.type is ObjectType.USER:
            return case
        await self._job.links.forget_members(case.key.id)
        marks = await self._job.held.withheld(case.key.id)
        return msgspec.structs.replace(case, withheld=marks)

    # --- the brake -----------------------------------------------------------------------------

    def _removal(self, case: Case) -> Removal | None:
        removal = removal_of(case, self._job.rules)
        if removal is not None:
            self._standing.pop(case.key, None)
        return removal

    async def _begin_judging(self) -> set[Key]:
        """What this look finds is judged by itself. Whom somebody has decided about meanwhile."""
        self._judging = Judging(self._job, self._graph, self._cycle, self._entries, self._now)
        return await self._judging.take_up()

    async def _judge(self, cause: str, *, release: bool) -> None:
        judging, removals = self._judging, self._removals
        await judging.judge(removals, self._standing, cause, release=release)
        self._filed.rows += judging.rows
        for key, (removal, why) in judging.go.items():
            self._filed.add(key, Aspect.REMOVAL, self._removal_lane, removal.rank, why or cause)
        self._removals = []


def _was_near(case: Case) -> bool:
    row = case.row
    return isinstance(row, MirrorUser) and (bool(row.roles) or case.verdict.assigned)
