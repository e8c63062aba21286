"""Entries of the provisioning log for what is decided while finding keys, and not sent."""

from __future__ import annotations

import msgspec

from provisioning.case import Case
from provisioning.job import Job
from provisioning.model import Change
from provisioning.provisioning_log import LogEntry, LogStatus
from provisioning.record import CycleRecord


class Entries:
    """Makes the entries of one look."""

    def __init__(self, job: Job, cycle: CycleRecord, now: float) -> None:
        self._job = job
        self._cycle = cycle
        self._now = now

    def skipped(self, case: Case, cause: str) -> LogEntry:
        """A principal that is not provisioned, for the reason of its verdict."""
        verdict = case.verdict
        code, why, remedy = verdict.reason.value, verdict.sentence, verdict.remedy or ""
        return self.entry(case, cause, LogStatus.SKIPPED, code, why, remedy)

    def of_change(self, entry: LogEntry, change: Change) -> LogEntry:
        """The entry with the change that it is about."""
        return msgspec.structs.replace(
            entry,
            action=change.action,
            change_id=change.change_id,
            modified_properties=change.modified_properties,
        )

    def about(
        self, change: Change, cause: str, status: LogStatus, code: str, reason: str, remedy: str
    ) -> LogEntry:
        """An entry about a change whose principal may be gone from the mirror."""
        return LogEntry(
            id=self._job.ids.new(),
            time=self._now,
            cycle_id=self._cycle.cycle_id,
            cause=cause,
            status=status,
            action=change.action,
            object_type=change.object_type,
            source_id=change.source_id,
            target_id=change.target_id,
            name=change.name,
            change_id=change.change_id,
            member=change.member,
            reason_code=code,
            reason=reason,
            modified_properties=change.modified_properties,
            remedy=remedy or None,
        )

    def entry(
        self, case: Case, cause: str, status: LogStatus, code: str, reason: str, remedy: str
    ) -> LogEntry:
        """An entry about a principal."""
        return LogEntry(
            id=self._job.ids.new(),
            time=self._now,
            cycle_id=self._cycle.cycle_id,
            cause=cause,
            status=status,
            action=None,
            object_type=case.key.type,
            source_id=case.key.id,
            target_id=case.link.scim_id if case.link else None,
            name=case.name,
            reason_code=code,
            reason=reason,
            remedy=remedy or None,
        )
