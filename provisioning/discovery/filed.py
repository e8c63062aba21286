"""What a look files: items of work, and the rows beside them, stored in an order that any death
leaves whole.
"""

from __future__ import annotations

from provisioning.discovery.since import Since
from provisioning.job import Job
from provisioning.lanes import Aspect, Lane, Rank, WorkItem
from provisioning.model import Key
from provisioning.origins import marked
from provisioning.ports import Row
from provisioning.record import CycleKind, CycleRecord
from provisioning.rows.order import in_steps, remember_first
from provisioning.rows.turns import in_parts

_BATCH = 500
_ROWS_AT_ONCE = 2000
"""Rows of one write: a plan may hold everybody. No durable store writes more of them as one."""


class Filed:
    """The work of one look that began at ``now`` (epoch seconds), until it is written."""

    def __init__(self, job: Job, cycle: CycleRecord, since: Since, now: float) -> None:
        self._job = job
        self._cycle = cycle
        self._since = since
        self._now = now
        self.rows: list[Row] = []
        """What is to be stored with the items, in the order in which it was added."""
        self._renewing: list[WorkItem] = []
        """Items that are to be filed with those whom they come from."""

    def add(self, key: Key, aspect: Aspect, lane: Lane, rank: Rank, cause: str) -> None:
        """Another item, which counts as left to be done."""
        item = WorkItem(
            key=key,
            aspect=aspect,
            lane=lane,
            rank=rank,
            cause=cause,
            cycle_id="" if self._found_beside(cause) else self._cycle.cycle_id,
            generation=marked(self._job.ids.new(), self._since.origins_of(key)),
            filed_at=self._now,
            changed_at=self._since.of(key),
        )
        self._cycle.left += 1
        if item.origins or lane is not Lane.BULK:
            # A look at everybody begins before its work: of what it files nothing is in flight.
            self._renewing.append(item)
        else:
            self.rows += self._job.work.file([item])

    def _found_beside(self, cause: str) -> bool:
        """Whether a call on demand has found the work beside what it names."""
        kind = self._cycle.kind
        return kind is CycleKind.ON_DEMAND and cause != kind.value

    async def write_if_large(self) -> None:
        """Writes what there is, once it is worth a write."""
        if len(self.rows) + len(self._renewing) >= _BATCH:
            await self.write()

    async def write(self) -> None:
        """Writes what there is."""
        renewing, self._renewing = self._renewing, []
        if renewing:
            self.rows += self._job.work.file(await self._job.work.joined(renewing))
        rows, self.rows = self.rows, []
        # A plan is there when all that it lists is: who is held in a plan is not held anew.
        plans = self._job.held.plan_tables
        if len(rows) <= _ROWS_AT_ONCE:
            await self._job.store.write(remember_first(rows, last=plans))
            return
        steps = (
            [row for row in rows if row.value is not None and row.table not in plans],
            [row for row in rows if row.value is not None and row.table in plans],
            [row for row in rows if row.value is None],
        )
        for step in steps:
            async for part in in_parts(step, _ROWS_AT_ONCE):
                await self._job.store.write(in_steps(part))
