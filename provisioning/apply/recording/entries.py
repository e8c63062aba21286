"""Entries of the provisioning log for the work on one item."""

from __future__ import annotations

from provisioning.apply.recording.executed import Executed
from provisioning.case import Case
from provisioning.entries import Entries, Occasion, Subject, Why
from provisioning.explaining.steps import steps_of
from provisioning.job import Job
from provisioning.lanes import WorkItem
from provisioning.model import ScimId
from provisioning.plan import Skipped
from provisioning.provisioning_log import LogEntry, LogStatus
from provisioning.record import CycleRecord


class ItemEntries:
    """Makes the entries of items: each says which attempt it was, and how long it has taken.

    An item that no cycle has found is the work of the ``cycle`` that does it.
    """

    def __init__(self, job: Job, cycle: CycleRecord) -> None:
        self._clock = job.clock
        self._telemetry = job.telemetry
        self._entries = Entries(job.ids)
        self._cycle_id = cycle.cycle_id
        self._dry_run = cycle.dry_run

    def entry(
        self,
        item: WorkItem,
        case: Case | None,
        status: LogStatus,
        why: Why,
        *,
        target_id: ScimId | None = None,
        error_code: str | None = None,
    ) -> LogEntry:
        """An entry about the principal of the item, or about another one that it concerns.

        Without a case, nothing is known of the principal. ``target_id`` is that of the link where
        none is given.
        """
        link = case.link if case else None
        subject = Subject(
            case.key if case else item.key,
            case.name if case else item.key.id,
            target_id or (link.scim_id if link else None),
        )
        steps = steps_of(case, None, target_id) if case else ()
        return self._entries.of(
            self._occasion(item), subject, status, why, error_code=error_code, steps=steps
        )

    def of_executed(
        self, item: WorkItem, case: Case, done: Executed, target: ScimId | None
    ) -> list[LogEntry]:
        """An entry for each change of a request that was executed, or would be in a dry run."""
        occasion = self._occasion(item)
        steps = steps_of(case, done.plan, target, dry_run=self._dry_run)
        return [
            self._entries.of_change(
                occasion,
                change,
                LogStatus.SUCCESS,
                Why(change.reason_code, change.reason),
                target_id=target,
                duration_ms=round(done.took * 1000),
                steps=steps,
            )
            for change in done.plan.changes
        ]

    def _occasion(self, item: WorkItem) -> Occasion:
        now = self._clock.time()
        return Occasion(
            time=now,
            cycle_id=item.cycle_id or self._cycle_id,
            cause=item.cause,
            attempt=item.attempt,
            latency_ms=_latency_ms(item, now),
            trace_id=self._telemetry.trace_id(),
        )


def why_skipped(skipped: Skipped) -> Why:
    """The reason of what is not written although something differs."""
    return Why(skipped.code, skipped.sentence, skipped.remedy)


def _latency_ms(item: WorkItem, now: float) -> int:
    """From the change, or else from the filing, to the outcome. Clocks may differ a little."""
    began = item.filed_at if item.changed_at is None else item.changed_at
    return max(0, round((now - began) * 1000))
