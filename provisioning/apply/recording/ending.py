"""How an item leaves the work set: it is done with, or set aside in escrow.

Its row goes last: dying before repeats harmlessly.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from provisioning.apply.recording.entries import ItemEntries
from provisioning.apply.recording.failures import Failures
from provisioning.case import Case
from provisioning.entries import Why, naming
from provisioning.job import Job
from provisioning.lanes import WorkItem
from provisioning.plan import Planned
from provisioning.ports import Row
from provisioning.provisioning_log import LogStatus, Step
from provisioning.record import CycleRecord


class Ending:
    """Ends items, for the job and for the cycle."""

    def __init__(
        self, job: Job, cycle: CycleRecord, failures: Failures, entries: ItemEntries
    ) -> None:
        self._job = job
        self._cycle = cycle
        self._failures = failures
        self._entries = entries

    async def done_with(self, item: WorkItem, rows: Sequence[Row] = ()) -> list[Row]:
        """Rows of an item that needs nothing any more, after those of its outcome."""
        return [*rows, *await self.escrow_cleared(item), *self.rows(item)]

    async def set_aside(
        self,
        item: WorkItem,
        case: Case | None,
        why: Why,
        plan: Planned | None = None,
        *,
        asked: bool,
    ) -> list[Row]:
        """Rows of an item that failed: logged with what was to be done, and set aside in escrow.

        ``asked``: ZSCloud was asked, and it counts among what was tried.
        """
        self._cycle.counts.failed += 1
        before = await self._job.escrow.get(item)
        tried = self._failures.failed(item, before, why.sentence) if asked else []
        entry = self._entries.entry(item, case, LogStatus.FAILURE, why, error_code=why.code)
        failed = Step("export", "failure", why.sentence)
        entry = msgspec.structs.replace(entry, steps=(*entry.steps, failed))
        if plan is not None:
            entry = naming(entry, plan.changes[0])
        _, rows = self._job.escrow.enter(
            before,
            msgspec.structs.replace(item, cycle_id=entry.cycle_id),
            name=case.name if case else item.key.id,
            error_code=why.code,
            reason=why.sentence,
            remedy=why.remedy,
            now=self._job.clock.time(),
        )
        return [*self._job.log.rows([entry]), *rows, *tried, *self.rows(item)]

    async def escrow_cleared(self, item: WorkItem) -> list[Row]:
        """Rows that take the item out of escrow, if it was there."""
        entry = await self._job.escrow.get(item)
        return [] if entry is None else self._job.escrow.clear(entry)

    def rows(self, item: WorkItem) -> list[Row]:
        """Counts the item. Rows that take it out of the work set."""
        self._cycle.done += 1
        self._cycle.left = max(0, self._cycle.left - 1)
        done = self._job.work.done(item)
        if self._cycle.is_stored:
            self._job.store.defer_counter(self._cycle_rows)
        return [done]

    def _cycle_rows(self) -> list[Row]:
        return [self._job.cycles.rows.put(self._cycle.cycle_id, self._cycle)]
