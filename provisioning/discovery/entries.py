"""Entries of the provisioning log for what is decided while finding keys, and not sent."""

from __future__ import annotations

from datetime import UTC, datetime

from provisioning.case import Case
from provisioning.discovery.removals import Part
from provisioning.entries import Entries, Occasion, Subject, Why, naming
from provisioning.guard import RELEASE
from provisioning.job import Job
from provisioning.model import Change
from provisioning.provisioning_log import LogEntry, LogStatus
from provisioning.record import CycleRecord


class LookEntries:
    """Makes the entries of one look."""

    def __init__(self, job: Job, cycle: CycleRecord, now: float) -> None:
        self._entries = Entries(job.ids)
        self._cycle = cycle
        self._now = now

    def skipped(self, case: Case, cause: str) -> LogEntry:
        """A principal that is not provisioned, for the reason of its verdict."""
        verdict = case.verdict
        why = Why(verdict.reason.value, verdict.sentence, verdict.remedy or "")
        return self.entry(case, cause, LogStatus.SKIPPED, why)

    def young(self, case: Case, due: float) -> LogEntry:
        """A removal that waits until it is due (epoch seconds): so long it is not believed."""
        at = datetime.fromtimestamp(due, UTC).strftime("%H:%M:%S")
        why = Why(
            "TooYoungToBelieve",
            f"The assignment is gone, but too young to believe, due {at}.",
            "Nothing: the next look after that time decides.",
        )
        return self.entry(case, "assignments", LogStatus.SKIPPED, why)

    def held(self, part: Part, why: str, cause: str) -> LogEntry:
        """A removal that waits for a person: the brake, or a rebuild, holds it."""
        change = part.changes[0]
        if part.removal.case.lost:
            lost = Why("StateLost", f"{change.reason} {why}", RELEASE)
            return self.about(change, cause, LogStatus.HELD, lost)
        held = Why("DeletionThreshold", f"{change.reason} {why}", RELEASE)
        entry = self.entry(part.removal.case, cause, LogStatus.HELD, held)
        return naming(entry, change)

    def about(self, change: Change, cause: str, status: LogStatus, why: Why) -> LogEntry:
        """An entry about a change whose principal may be gone from the mirror."""
        return self._entries.of_change(self._occasion(cause), change, status, why)

    def entry(self, case: Case, cause: str, status: LogStatus, why: Why) -> LogEntry:
        """An entry about a principal."""
        subject = Subject(case.key, case.name, case.link.scim_id if case.link else None)
        return self._entries.of(self._occasion(cause), subject, status, why)

    def _occasion(self, cause: str) -> Occasion:
        return Occasion(time=self._now, cycle_id=self._cycle.cycle_id, cause=cause)
