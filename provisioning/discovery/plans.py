"""Held plans as they come and go: made, extended, decided, expired, withdrawn."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec

from provisioning.discovery.entries import LookEntries
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
from provisioning.rows.order import in_steps

_log = logging.getLogger(__name__)

_DAY = 86_400.0


class Plans:
    """The plans of one job during one look. Removals that come to be held are gathered, and make
    one plan at its end.
    """

    def __init__(self, job: Job, entries: LookEntries, now: float) -> None:
        self._job = job
        self._entries = entries
        self._now = now
        self._new: list[HeldEntry] = []
        self._open: list[HeldPlan] = []
        self._list = ""
        self._start = 0
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
            rows = await self._decide(plan, decision, keys)
            await self._job.store.write(in_steps(rows, [self._job.held.taken_up(at)]))
        self._open = await self._job.held.open_plans()
        for plan in self._open:
            if plan.expires <= self._now:
                rows = self._renewed(plan, PlanState.EXPIRED, "Nobody has decided in time.")
                await self._job.store.write(rows)
        self._open = await self._job.held.open_plans()
        self._begin_list()
        return keys

    async def _decide(self, plan: HeldPlan, decision: Decision, keys: set[Key]) -> list[Row]:
        """Rows that carry out a decision. Each entry is checked again when its key is filed."""
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
        rows += self._job.held.plan_rows(ended)
        if rest:
            left = msgspec.structs.replace(
                plan,
                id=decision.rest,
                of=plan.id,
                counts=counts_of(rest),
                checksum=checksum(rest),
            )
            rows += self._job.held.plan_rows(left)
        return rows

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

    @property
    def _expiry(self) -> float:
        return self._now + self._job.rules.held_plan_expiry_days * _DAY

    @property
    def may_be_released(self) -> bool:
        """Whether what is held may go without a decision. Not what was left out of a selection:
        somebody has looked at it.
        """
        return all(plan.of is None for plan in self._open)

    # --- held anew -----------------------------------------------------------------------------

    def _begin_list(self) -> None:
        """The first plan stays as it is; what comes later collects in one further plan."""
        if len(self._open) > 1:
            self._list, self._start = self._open[-1].list, self._open[-1].size
        else:
            self._list, self._start = self._job.ids.new(), 0

    def hold(self, key: Key, changes: Sequence[Change]) -> list[str]:
        """Gathers changes to be held; their places."""
        first = self._start + len(self._new)
        self._new += [HeldEntry(key=key, change=change, since=self._now) for change in changes]
        return [place(self._list, first + number) for number in range(len(changes))]

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
        """Rows of the plan that was gathered. To be written with what was dropped, or after it."""
        rows = [
            self._job.held.entries.put(place(self._list, self._start + number), entry)
            for number, entry in enumerate(self._new)
        ]
        if not self._new:
            return rows
        before = self._open[-1] if self._start else None
        changes = [entry.change for entry in self._new]
        if before is not None:
            changes += [e.change async for _, e in self._job.held.entries_of(before)]
        plan = HeldPlan(
            id=self._job.ids.new(),
            list=self._list,
            size=self._start + len(self._new),
            created=self._now,
            expires=self._expiry,
            cause=cause if before is None else f"{before.cause} {cause}",
            counts=counts_of(changes),
            checksum=checksum(changes),
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
