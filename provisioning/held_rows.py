"""The stored plans of one job, and who is in them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping

import msgspec

from provisioning.held import (
    Approved,
    Decision,
    EntryState,
    Held,
    HeldEntry,
    HeldPlan,
    Mark,
    PlanState,
    Rejected,
    Withheld,
    place,
)
from provisioning.model import Action, EntraId, Key, ScimId
from provisioning.ports import Row
from provisioning.rows import chunks
from provisioning.rows.buffer import WriteBehind
from provisioning.rows.table import Table


class HeldRemovals:
    """Plans, entries and standing decisions. Only the holder of the lease writes them; what
    somebody has decided waits apart until the holder takes it up.
    """

    def __init__(self, store: WriteBehind, job: str) -> None:
        self._store = store
        self.held = Table(store, job, "held", Held)
        self.plans = Table(store, job, "held_plan", HeldPlan)
        self._open = Table(store, job, "held_open", str)
        self.entries = Table(store, job, "held_entry", HeldEntry)
        self.approved = Table(store, job, "approved", Approved)
        self.rejected = Table(store, job, "rejected", Rejected)
        self._decisions = Table(store, job, "held_decision", Decision)
        self._withheld = f"{job}:withheld"
        self._marking = asyncio.Lock()

    async def open_plans(self) -> list[HeldPlan]:
        """Plans that wait for a decision, oldest first."""
        ids = [id async for id, _ in self._open.all()]
        found = await self.plans.get_many(ids)
        return sorted(found.values(), key=lambda plan: (plan.created, plan.id))

    @property
    def plan_tables(self) -> frozenset[str]:
        """The tables of the rows that say that there is a plan, with all its entries."""
        return frozenset({self.plans.name, self._open.name})

    def plan_rows(self, plan: HeldPlan) -> list[Row]:
        """Rows that store a plan."""
        pending = plan.state is PlanState.PENDING
        opened = self._open.put(plan.id, plan.list) if pending else self._open.drop(plan.id)
        return [self.plans.put(plan.id, plan), opened]

    async def entries_of(self, plan: HeldPlan) -> AsyncIterator[tuple[str, HeldEntry]]:
        """The entries of a plan with their places: of a pending one those that are left, else
        those that were decided with it.
        """
        last = place(plan.list, plan.size)
        async for at, entry in self.entries.all(f"{plan.list}/"):
            if at >= last:
                return
            left = plan.state is PlanState.PENDING and entry.state is EntryState.PENDING
            if left or entry.plan == plan.id:
                yield at, entry

    async def withheld(self, group: EntraId) -> dict[ScimId, Withheld]:
        """Members who would have to leave the group, and for whom something was decided."""
        stored = await chunks.read(self._store, self._withheld, group)
        return {ScimId(id): Withheld.parse(text) for id, text in stored.items()}

    async def mark(
        self,
        group: EntraId,
        marks: Mapping[ScimId, Withheld],
        gone: Collection[ScimId] = (),
        about: str = "",
    ) -> None:
        """Marks members of a group and takes marks off, with the rows that wait already.

        One change at a time: two that were computed from the same state would lose one of them.
        """
        if not marks and not gone:
            return
        add = {str(id): str(mark) for id, mark in marks.items()}
        async with self._marking:
            rows = await chunks.update(self._store, self._withheld, group, add, list(gone))
            self._store.defer(rows, about)

    async def member_rows(self, key: Key, marks: Mapping[ScimId, Withheld]) -> list[Row]:
        """Rows that say of how many members of a group something is held, by their marks."""
        held = await self.held.get(str(key))
        if held is None or held.place is not None:
            return []
        count = sum(mark.mark is Mark.HELD for mark in marks.values())
        if count == 0:
            return [self.held.drop(str(key))]
        return [self.held.put(str(key), msgspec.structs.replace(held, removals=count))]

    async def standing(self) -> set[Key]:
        """Whom a plan or a decision is about."""
        tables = (self.held, self.approved, self.rejected)
        return {Key.parse(key) for table in tables for key in [k async for k, _ in table.all()]}

    async def keeps(self, key: Key) -> bool:
        """Whether a principal is held, or kept, as a whole."""
        held = await self.held.get(str(key))
        if held is not None and held.place is not None:
            return True
        kept = await self.rejected.get(str(key))
        return kept is not None and kept.action is not Action.REMOVE_MEMBER

    async def keeps_from(self, key: Key, action: Action) -> bool:
        """Whether it is held, or was rejected, that this is done to a principal as a whole."""
        held = await self.held.get(str(key))
        if held is not None and held.place is not None:
            return True
        kept = await self.rejected.get(str(key))
        return kept is not None and kept.action is action

    async def forget_before(self, time: float) -> list[Row]:
        """Rows that drop plans decided before ``time``, and lists of which no plan is left."""
        plans = [plan async for _, plan in self.plans.all()]
        old = [p for p in plans if p.state is not PlanState.PENDING and (p.decided or 0.0) < time]
        left = {plan.list for plan in plans if plan not in old}
        rows: list[Row] = []
        for list_ in sorted({plan.list for plan in old} - left):
            rows += [self.entries.drop(at) async for at, _ in self.entries.all(f"{list_}/")]
        return [*rows, *(self.plans.drop(plan.id) for plan in old)]

    # --- what was decided -------------------------------------------------------------------

    def decision_row(self, decision: Decision, mark: str) -> Row:
        """The row that has a decision wait for the holder of the lease. The first one counts."""
        return self._decisions.put(f"{decision.plan}/{decision.at:017.6f}/{mark}", decision)

    async def decision(self, plan: str) -> Decision | None:
        """The decision about a plan that waits."""
        rows = await self._decisions.page(f"{plan}/", limit=1)
        return rows[0][1] if rows else None

    async def decisions(self) -> list[tuple[str, Decision]]:
        """Decisions that wait, with their keys: of one plan the first comes first."""
        return [row async for row in self._decisions.all()]

    def taken_up(self, key: str) -> Row:
        """The row that takes a decision off."""
        return self._decisions.drop(key)
