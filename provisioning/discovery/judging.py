"""The brake at work: which removals of a look go, which are held, and what is with those that
were held or decided before.

What is new in a look is judged together with what is on its way and what was applied within the
windows. What is held already waits for a person, unless its source moves on or the limits allow
all of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from provisioning.case import Case
from provisioning.discovery.entries import LookEntries
from provisioning.discovery.on_their_way import on_their_way
from provisioning.discovery.plans import Plans
from provisioning.discovery.removals import Part, Removal, is_let_be, kept_by
from provisioning.discovery.touched import ROWS_TOGETHER
from provisioning.guard import Tally, judge
from provisioning.held import APPROVED, Approved, Held, Mark, Withheld, facts_of
from provisioning.job import Job
from provisioning.lanes import Lane
from provisioning.model import EntraId, Key, ScimId
from provisioning.ports import Row
from provisioning.rebuild import STATE_LOST
from provisioning.record import CycleRecord
from provisioning.rows.order import in_steps
from provisioning.rows.turns import by_turns
from provisioning.scope import GroupGraph

_AT_ONCE = 100
"""Removals before the turn of the other tasks: everybody may be among them."""

_BACK = "The source has moved on: nothing is to be taken away any more."
_ANOTHER = "The source has moved on: something else is to be done now."
_ALLOWED = "The limits allow it now."


class Judging:
    """Judges the removals of one look. ``rows`` are to be written before what is filed."""

    def __init__(
        self, job: Job, graph: GroupGraph, cycle: CycleRecord, entries: LookEntries, now: float
    ) -> None:
        self._job = job
        self._graph = graph
        self._cycle = cycle
        self._entries = entries
        self._now = now
        self._plans = Plans(job, entries, now)
        self.rows: list[Row] = []
        self.go: dict[Key, tuple[Removal, str | None]] = {}
        """What may go, with its cause where it is not that of the look."""
        self._marks: dict[Key, Mapping[ScimId, Withheld]] = {}
        self._told: list[Row] = []
        self._fresh: list[Part] = []
        self._lost: list[Part] = []
        self._still: list[Part] = []

    async def take_up(self) -> set[Key]:
        """Takes up what somebody has decided, and what has expired. The keys that it is about."""
        return await self._plans.take_up()

    async def judge(
        self,
        removals: Collection[Removal],
        others: Mapping[Key, Case | None],
        cause: str,
        *,
        release: bool,
    ) -> None:
        """``others`` are principals of whom something is held or decided, and of whom nothing is
        to be taken away any more. ``release``: everybody who is held is among the removals.
        """
        await self._sort(removals, cause)
        for key, case in others.items():
            await self._settle(key, case, cause)
        pending = _sum(self._fresh)
        if self._fresh:
            judged = {removal.case.key for removal in removals}
            pending = pending.plus(await on_their_way(self._job, self._graph, judged))
        brake = judge(pending, self._job.applied(), self._job.rules.threshold)
        kept = kept_by(brake, self._fresh, await self._held_people())
        kept_back = {part.key: part for part, _ in kept}
        for part in self._fresh:
            taken = kept_back.get(part.key)
            if taken is None or (part.removal.whole is None and part.without(taken).members):
                self.go.setdefault(part.key, (part.removal, None))
        async for part, why in by_turns(kept, _AT_ONCE):
            await self._hold(part, why, cause)
        async for part in by_turns(self._lost, _AT_ONCE):
            await self._hold(part, STATE_LOST, cause)
        if release and self._still and not brake.holds and self._plans.may_be_released:
            await self._release(pending, cause)
        rows = [*self.rows, *self._told, *await self._plans.finish(self._cause(kept))]
        # Of a row that was taken away and stored anew, the last word counts.
        self.rows = list({(row.table, row.key): row for row in rows}.values())

    async def passed(self, key: Key, cause: str) -> list[Row]:
        """Rows of a user whom an operator has named: nothing is held or kept of it any more."""
        held = await self._job.held.held.get(str(key))
        rows = [self._job.held.rejected.drop(str(key)), self._job.held.held.drop(str(key))]
        if held is not None and held.place is not None:
            rows += await self._plans.drop(held.place, "An operator has named it.", cause)
        return rows

    async def withdraw_empty(self) -> None:
        """Ends plans of which nothing is left, when all of the look is stored."""
        await self._plans.withdraw_empty()

    # --- what is with each ---------------------------------------------------------------------

    async def _sort(self, removals: Collection[Removal], cause: str) -> None:
        """Parts removals into what is new, what is held already, and what was decided."""
        keys = [str(removal.case.key) for removal in removals]
        held = await self._job.held.held.get_many(keys)
        async for removal in by_turns(removals, _AT_ONCE):
            if removal.whole is not None:
                await self._sort_whole(removal, held.get(str(removal.case.key)), cause)
            else:
                await self._sort_members(removal, held.get(str(removal.case.key)), cause)

    async def _sort_whole(self, removal: Removal, held: Held | None, cause: str) -> None:
        case = removal.case
        if case.withheld:
            await self._unmark(case, case.withheld, _ANOTHER, cause)
        approved = await self._job.held.approved.get(str(case.key))
        if approved is not None and await self._is_as_shown(removal, approved):
            self.go[case.key] = (removal, APPROVED)
            return
        if approved is not None:
            self.rows += await self._plans.drop(approved.place, _ANOTHER, cause)
            self.rows.append(self._job.held.approved.drop(str(case.key)))
        if held is not None and held.place is not None and await self._is_as_shown(removal, held):
            self._stays(Part(removal))
            return
        if held is not None:
            await self._let_go(held, _ANOTHER, cause)
        if not await self._is_kept(removal):
            self._found(Part(removal))

    async def _is_as_shown(self, removal: Removal, known: Held | Approved) -> bool:
        """Whether it is the removal that is held, or was approved. Of what a rebuild has found it
        has to be for the same reason: little is known of these people, and a new fact is looked at.
        """
        if known.action is not removal.action or removal.whole is None:
            return False
        if isinstance(known, Held) and not self._plans.waits(known.place or ""):
            return False
        if not removal.case.lost or known.place is None:
            return known.place is not None
        entry = await self._job.held.entries.get(known.place)
        return entry is not None and entry.change.reason_code == removal.whole.reason_code

    def _found(self, part: Part) -> None:
        """What a rebuild has found is always held, whatever the limits allow."""
        (self._lost if part.removal.case.lost else self._fresh).append(part)

    async def _is_kept(self, removal: Removal) -> bool:
        """Whether somebody has decided that it stays, and its facts are those of then."""
        case = removal.case
        rejected = await self._job.held.rejected.get(str(case.key))
        if rejected is None or rejected.action is not removal.action:
            return False
        facts = facts_of(case.row, case.verdict)
        if rejected.facts is None:
            known = msgspec.structs.replace(rejected, facts=facts)
            self.rows.append(self._job.held.rejected.put(str(case.key), known))
        elif rejected.facts != facts:
            self.rows.append(self._job.held.rejected.drop(str(case.key)))
            return False
        return True

    async def _sort_members(self, removal: Removal, held: Held | None, cause: str) -> None:
        case, members = removal.case, removal.members
        gone = {id: mark for id, mark in case.withheld.items() if id not in members}
        if gone:
            await self._unmark(case, gone, _BACK, cause)
        if held is not None and held.place is not None:
            await self._let_go(held, _ANOTHER, cause)
        marked = {id: case.withheld[id].mark for id in members if self._is_marked(case, id)}
        still = {id: members[id] for id, mark in marked.items() if mark is Mark.HELD}
        if still:
            self._stays(Part(removal, still))
        if Mark.APPROVED in marked.values():
            self.go[case.key] = (removal, None)
        fresh = {id: change for id, change in members.items() if id not in marked}
        if fresh:
            self._found(Part(removal, fresh))

    def _is_marked(self, case: Case, id: ScimId) -> bool:
        """Whether something was decided about a member. What is held has to be in a plan."""
        mark = case.withheld.get(id)
        return mark is not None and (mark.mark is not Mark.HELD or self._plans.waits(mark.where))

    def _stays(self, part: Part) -> None:
        """It is held already. No limit lets go what a rebuild has found."""
        if not part.removal.case.lost:
            self._still.append(part)

    async def _settle(self, key: Key, case: Case | None, cause: str) -> None:
        """Nothing is to be taken away of a principal that was held, or decided about."""
        why = _BACK if case is None else f"{_BACK} {case.verdict.sentence}"
        if (lost := await self._job.rebuild.get(key)) is not None:
            why = lost.over or why
            if lost.over or case is None or not is_let_be(case, self._job.rules):
                self.rows.append(self._job.rebuild.drop(key))
        if case is not None and case.withheld:
            await self._unmark(case, case.withheld, why, cause)
        held = await self._job.held.held.get(str(key))
        if held is not None:
            await self._let_go(held, why, cause)
        if (approved := await self._job.held.approved.get(str(key))) is not None:
            if approved.place:
                self.rows += await self._plans.drop(approved.place, why, cause)
            self.rows.append(self._job.held.approved.drop(str(key)))
        self.rows.append(self._job.held.rejected.drop(str(key)))

    async def _let_go(self, held: Held, why: str, cause: str) -> None:
        if held.place is not None:
            self.rows += await self._plans.drop(held.place, why, cause)
        self.rows.append(self._job.held.held.drop(str(held.key)))

    async def _unmark(
        self, case: Case, marks: Mapping[ScimId, Withheld], why: str, cause: str
    ) -> None:
        for mark in marks.values():
            if mark.mark is not Mark.REJECTED:
                self.rows += await self._plans.drop(mark.where, why, cause)
        await self._job.held.mark(case.key.id, {}, list(marks))
        left = {id: m for id, m in self._marked(case).items() if id not in marks}
        self._marks[case.key] = left
        self.rows += await self._job.held.member_rows(case.key, left)

    def _marked(self, case: Case) -> Mapping[ScimId, Withheld]:
        """The marks of a group's members, as far as this look has come."""
        return self._marks.get(case.key, case.withheld)

    # --- judging -------------------------------------------------------------------------------

    async def _held_people(self) -> set[EntraId]:
        keys = [Key.parse(key) async for key, _ in self._job.held.held.all("user/")]
        return {key.id for key in keys}

    async def _hold(self, part: Part, why: str, cause: str) -> None:
        removal, key, tables = part.removal, part.key, self._job.held
        before = await tables.held.get(str(key))
        lost = removal.case.lost
        places = self._plans.hold(key, part.changes, lost=lost)
        held = Held(
            key=key,
            name=part.changes[0].name if lost else removal.case.name,
            kind=key.type.value,
            reason=why,
            since=before.since if before else self._now,
            removals=max(1, part.tally.memberships),
            place=None if removal.whole is None else places[0],
            action=removal.action,
            emptied=bool(part.tally.groups),
        )
        if removal.whole is None:
            marks = {
                id: Withheld(Mark.HELD, at) for id, at in zip(part.members, places, strict=True)
            }
            await tables.mark(key.id, marks)
            count = sum(m.mark is Mark.HELD for m in self._marked(removal.case).values())
            held = msgspec.structs.replace(held, removals=len(marks) + count)
        self.rows.append(tables.held.put(str(key), held))
        if before is None:
            self._cycle.counts.held += 1
        self._told += self._job.log.rows([self._entries.held(part, why, cause)])
        if len(self._told) >= ROWS_TOGETHER:
            # What is only told of may be stored early: everybody may be held.
            await self._job.store.write(in_steps(self._told))
            self._told = []
        # It may have been let go before, and wait in lane 1: there it waits no more.
        if key not in self.go:
            self.rows += self._job.work.taken_out(key, Lane.LEAVERS, removal.rank)

    async def _release(self, pending: Tally, cause: str) -> None:
        """Lets go what is held, if the limits allow all of it: people came back, removals have
        left the windows, or the limits were raised.
        """
        total = pending.plus(_sum(self._still))
        if judge(total, self._job.applied(), self._job.rules.threshold).holds:
            return
        for part in self._still:
            self.go.setdefault(part.key, (part.removal, None))
            held = await self._job.held.held.get(str(part.key))
            if held is not None:
                await self._let_go(held, _ALLOWED, cause)
            if part.removal.whole is None:
                marks = {id: part.removal.case.withheld[id] for id in part.members}
                await self._unmark(part.removal.case, marks, _ALLOWED, cause)

    @staticmethod
    def _cause(kept: Iterable[tuple[Part, str]]) -> str:
        return " ".join(dict.fromkeys(why for _, why in kept))


def _sum(parts: Iterable[Part]) -> Tally:
    total = Tally()
    for part in parts:
        total = total.plus(part.tally)
    return total
