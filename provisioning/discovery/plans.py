"""Held plans as they come and go: made, extended, decided, expired, withdrawn."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec

from provisioning.discovery.entries import LookEntries
from provisioning.discovery.touched import ROWS_TOGETHER
from provisioning.entries import Why
from provisioning.held import (
    Approved,
    Decision,
    EntryState,
    HeldEntry,
    HeldPlan,
    Mark,
    PlanState,
    Rejected,
    Withheld,
    checksum,
    counts_of,
    place,
)
from provisioning.job import Job
from provisioning.model import Action, Change, Key, ScimId
from provisioning.ports import Row
from provisioning.provisioning_log import LogStatus
from provisioning.rebuild import STATE_LOST
from provisioning.rows.order import in_steps
from provisioning.rows.turns import by_turns

_log = logging.getLogger(__name__)

_DAY = 86_400.0


class _Gathered(msgspec.Struct):
    """What one look comes to hold: the name of its list, and the plan that it goes on with."""

    name: str = ""
    before: HeldPlan | None = None
    new: list[HeldEntry] = []

    @property
    def start(self) -> int:
        """How many entries the list has already."""
        return 0 if self.before is None else self.before.size


class Plans:
    """The plans of one job during one look. Removals that come to be held are gathered, and make
    one plan at its end; those that adopt what a rebuild has found, one of their own.
    """

    def __init__(self, job: Job, entries: LookEntries, now: float) -> None:
        self._job = job
        self._entries = entries
        self._now = now
        self._open: list[HeldPlan] = []
        self._ours = _Gathered()
        self._lost = _Gathered()
        self._dropped = False

    # --- decided, expired ----------------------------------------------------------------------

    async def take_up(self) -> set[Key]:
        """Takes up what was decided, and ends what has expired. The keys that were decided on."""
        keys: set[Key] = set()
        for at, decision in await self._job.held.decisions():
            plan = await self._job.held.plans.get(decision.plan)
            if plan is None or plan.state is not PlanState.PENDING:
                _log.warning("A decision on the held plan %s came too late.", decision.plan)
                await self._job.store.write([self._job.held.taken_up(at)])
                continue
            steps = await self._decide(plan, decision, keys)
            await self._job.store.write(in_steps(*steps, [self._job.held.taken_up(at)]))
        self._open = await self._job.held.open_plans()
        for plan in self._open:
            if plan.expires <= self._now:
                rows = self._renewed(plan, PlanState.EXPIRED, "Nobody has decided in time.")
                await self._job.store.write(rows)
        self._open = await self._job.held.open_plans()
        self._ours = self._begun([plan for plan in self._open if not plan.rebuild], lists=2)
        self._lost = self._begun([plan for plan in self._open if plan.rebuild], lists=1)
        return keys

    async def _decide(self, plan: HeldPlan, decision: Decision, keys: set[Key]) -> list[list[Row]]:
        """Rows that carry out a decision, step by step: the plan's own state last, since what is
        left half-way is begun again as long as the plan waits. Each entry is checked again when its
        key is filed, by this look or, after a death, by the next one.
        """
        chosen = None if decision.change_ids is None else set(decision.change_ids)
        rest: list[Change] = []
        rows: list[Row] = []
        marks: dict[Key, dict[ScimId, Withheld]] = {}
        state = EntryState.APPROVED if decision.approve else EntryState.REJECTED
        async for at, entry in self._job.held.entries_of(plan):
            if chosen is not None and entry.change.change_id not in chosen:
                rest.append(entry.change)
                continue
            decided = msgspec.structs.replace(entry, state=state, plan=plan.id)
            rows.append(self._job.held.entries.put(at, decided))
            rows += self._standing(at, entry, decision, marks)
            rows.append(self._job.touched.put(str(entry.key), ""))
            keys.add(entry.key)
        for key, members in marks.items():
            await self._job.held.mark(key.id, members)
            rows += await self._job.held.member_rows(key, await self._job.held.withheld(key.id))
        ended = msgspec.structs.replace(
            plan,
            state=PlanState.APPROVED if decision.approve else PlanState.REJECTED,
            decided=decision.at,
            decided_by=decision.by,
            note=decision.note or None,
        )
        opened: list[Row] = []
        if rest:
            left = msgspec.structs.replace(
                plan,
                id=decision.rest,
                of=plan.id,
                counts=counts_of(rest),
                checksum=checksum(rest),
            )
            opened = self._job.held.plan_rows(left)
        # Last what no beginning anew would go by.
        stored, closed = self._job.held.plan_rows(ended)
        return [_last_words(rows), opened, [closed], [stored]]

    def _standing(
        self,
        at: str,
        entry: HeldEntry,
        decision: Decision,
        marks: dict[Key, dict[ScimId, Withheld]],
    ) -> list[Row]:
        """Rows that say what holds for a principal from now on."""
        key, change, tables = entry.key, entry.change, self._job.held
        whole = change.action is not Action.REMOVE_MEMBER
        rows: list[Row] = [tables.held.drop(str(key))] if whole else []
        if not whole and change.member is not None and change.member.target_id is not None:
            mark = Mark.APPROVED if decision.approve else Mark.REJECTED
            marks.setdefault(key, {})[change.member.target_id] = Withheld(mark, at)
        if decision.approve:
            approved = Approved(change.action, at if whole else "")
            return [*rows, tables.approved.put(str(key), approved)]
        rejected = Rejected(
            key=key,
            name=change.name,
            action=change.action,
            reason=change.reason,
            plan=decision.plan,
            at=decision.at,
            by=decision.by,
            note=decision.note,
        )
        return [*rows, tables.rejected.put(str(key), rejected)]

    def _renewed(self, plan: HeldPlan, state: PlanState, note: str) -> list[Row]:
        """Rows that end a plan, and hold the same anew under another id."""
        ended = msgspec.structs.replace(plan, state=state, decided=self._now, note=note)
        anew = msgspec.structs.replace(
            plan, id=self._job.ids.new(), created=self._now, expires=self._expiry
        )
        return [*self._job.held.plan_rows(anew), *self._job.held.plan_rows(ended)]

    def waits(self, at: str) -> bool:
        """Whether a place is in a plan that waits. A death may have left one that is in none."""
        return any(
            at.startswith(f"{plan.list}/") and at < place(plan.list, plan.size)
            for plan in self._open
        )

    @property
    def _expiry(self) -> float:
        return self._now + self._job.rules.held_plan_expiry_days * _DAY

    @property
    def may_be_released(self) -> bool:
        """Whether what is held may go without a decision. Not what was left out of a selection:
        somebody has looked at it.
        """
        return all(plan.of is None for plan in self._open if not plan.rebuild)

    # --- held anew -----------------------------------------------------------------------------

    def _begun(self, open: Sequence[HeldPlan], lists: int) -> _Gathered:
        """The first plan stays as it is; what comes later collects in one further plan. What a
        rebuild finds later comes to what it has found.
        """
        if len(open) >= lists:
            return _Gathered(name=open[-1].list, before=open[-1])
        return _Gathered(name=self._job.ids.new())

    def hold(self, key: Key, changes: Sequence[Change], *, lost: bool = False) -> list[str]:
        """Gathers changes to be held; their places. ``lost``: a rebuild has found what they are
        about.
        """
        gathered = self._lost if lost else self._ours
        first = gathered.start + len(gathered.new)
        gathered.new += [HeldEntry(key=key, change=change, since=self._now) for change in changes]
        return [place(gathered.name, first + number) for number in range(len(changes))]

    async def drop(self, at: str, why: str, cause: str) -> list[Row]:
        """Rows that let an entry drop out of its plan, which keeps its id."""
        entry = await self._job.held.entries.get(at)
        if entry is None or entry.state not in (EntryState.PENDING, EntryState.APPROVED):
            return []
        self._dropped = True
        dropped = msgspec.structs.replace(entry, state=EntryState.DROPPED, why=why)
        told = Why("DroppedFromPlan", why)
        logged = self._entries.about(entry.change, cause, LogStatus.SKIPPED, told)
        return [self._job.held.entries.put(at, dropped), *self._job.log.rows([logged])]

    async def finish(self, cause: str) -> list[Row]:
        """Rows of the plans that were gathered. To be written with what was dropped, or after it.

        ``cause`` is of what the brake holds.
        """
        lost = await self._finished(self._lost, STATE_LOST, rebuild=True)
        return [*lost, *await self._finished(self._ours, cause, rebuild=False)]

    async def _finished(self, gathered: _Gathered, cause: str, *, rebuild: bool) -> list[Row]:
        if not gathered.new:
            return []
        rows: list[Row] = []
        async for number, entry in by_turns(enumerate(gathered.new, gathered.start)):
            rows.append(self._job.held.entries.put(place(gathered.name, number), entry))
            if len(rows) >= ROWS_TOGETHER:
                # An entry without its plan is nothing yet: the plan is stored last.
                await self._job.store.write(in_steps(rows))
                rows = []
        before = gathered.before
        changes = [entry.change for entry in gathered.new]
        if before is not None:
            changes += [e.change async for _, e in self._job.held.entries_of(before)]
        plan = HeldPlan(
            id=self._job.ids.new(),
            list=gathered.name,
            size=gathered.start + len(gathered.new),
            created=self._now,
            expires=self._expiry,
            cause=cause if before is None or rebuild else f"{before.cause} {cause}",
            counts=counts_of(changes),
            checksum=checksum(changes),
            rebuild=rebuild,
        )
        rows += self._job.held.plan_rows(plan)
        if before is not None:
            note = f"More came to be held: it goes on as {plan.id}."
            ended = msgspec.structs.replace(
                before, state=PlanState.WITHDRAWN, decided=self._now, note=note
            )
            rows += self._job.held.plan_rows(ended)
        return rows

    async def withdraw_empty(self) -> None:
        """Ends plans of which nothing is left."""
        if not self._dropped:
            return
        for plan in await self._job.held.open_plans():
            async for _ in self._job.held.entries_of(plan):
                break
            else:
                ended = msgspec.structs.replace(
                    plan,
                    state=PlanState.WITHDRAWN,
                    decided=self._now,
                    note="Nothing is left of it.",
                )
                await self._job.store.write(self._job.held.plan_rows(ended))


def _last_words(rows: Sequence[Row]) -> list[Row]:
    """Of several rows of one key the last one: side by side none of them is last."""
    return list({(row.table, row.key): row for row in rows}.values())
