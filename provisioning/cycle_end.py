"""How an execution of a cycle ends: done, failed, stopped, or in quarantine. The record says so."""

from __future__ import annotations

from provisioning.cycle_progress import Progress
from provisioning.drained import Drained, DrainEnd
from provisioning.errors import CredentialsRefused, LeaseUnavailable, ProvisioningError
from provisioning.gate import Gate
from provisioning.job import Job
from provisioning.quarantine import QuarantineEntry
from provisioning.record import CycleKind, CycleRecord, CycleStatus
from provisioning.rows.order import in_steps


class CycleEnd:
    """Ends a cycle in its record, which the caller stores. A dry run reaches no quarantine."""

    def __init__(
        self, job: Job, record: CycleRecord, gate: Gate, progress: Progress, *, dry_run: bool
    ) -> None:
        self._job = job
        self._record = record
        self._gate = gate
        self._progress = progress
        self._dry_run = dry_run

    async def is_shut(self) -> bool:
        """Whether a quarantine holds on. A dry run writes nothing, and may look."""
        shut = None if self._dry_run else await self._gate.shut()
        if shut is not None:
            self._quarantined(shut)
        elif self._gate.has_opened:
            self._record.judge_anew()
        return shut is not None

    async def drained(self, ended: Drained) -> None:
        """The work has come to an end. A spent budget is none: the cycle goes on.

        Raises ``LeaseUnavailable`` when the lease was lost.
        """
        if ended.end is DrainEnd.BUDGET:
            return
        if ended.end is DrainEnd.HALTED:
            self.halted()
            return
        if ended.error is not None:
            if isinstance(ended.error, LeaseUnavailable):
                raise ended.error
            await self.by(ended.error)
            return
        if not self._dry_run and self._progress.has_asked_zscloud:
            await self._gate.reached()
        await self._done()

    async def by(self, error: ProvisioningError) -> None:
        """It failed, or it is interrupted: the job is in quarantine for the same reason."""
        if not self._dry_run:
            shut = await self._gate.shut_by(error, self._record.cycle_id)
            if shut is not None:
                self._quarantined(shut)
                return
        self.failed(error)
        if isinstance(error, CredentialsRefused) and error.remote == "ZSCloud":
            self._record.status = CycleStatus.QUARANTINED

    def failed(self, error: ProvisioningError) -> None:
        """It failed, for a reason that concerns nobody but itself."""
        self._record.fail(error, self._job.clock.time())

    def halted(self) -> None:
        """It goes on where it is: a cycle after `start`, a call on demand too, as whoever called
        is still to have an answer.
        """
        if self._record.kind is not CycleKind.ON_DEMAND:
            self._record.stop(self._job.clock.time())

    def _quarantined(self, shut: QuarantineEntry) -> None:
        now = self._job.clock.time()
        self._record.quarantine(shut.error_code, shut.reason, shut.remedy, now)
        self._record.phase = "quarantined"

    async def _done(self) -> None:
        record = self._record
        if record.is_stored:
            await self._forget_old_entries()
            record.counts.held = await self._job.held.held.count()
        record.finished = self._job.clock.time()
        record.phase = "done"
        if record.kind is CycleKind.INITIAL:
            done = self._job.cycles.current.put("initial", record.cycle_id)
            await self._job.store.write([done])
        if record.counts.held:
            record.status = CycleStatus.HELD
        elif record.counts.failed:
            record.status = CycleStatus.COMPLETED_WITH_ERRORS
        else:
            record.status = CycleStatus.COMPLETED

    async def _forget_old_entries(self) -> None:
        """Keeps log, cycles and calls to their retention, some entries with each cycle."""
        oldest = self._job.clock.time() - self._job.rules.log_retention_days * 86_400
        rows = await self._job.log.forget_before(oldest)
        rows += await self._job.cycles.forget_before(oldest)
        rows += await self._job.calls.forget_before(oldest)
        rows += await self._job.audit.forget_before(oldest)
        rows += await self._job.held.forget_before(oldest)
        rows += await self._job.latencies.forget(self._job.clock.time())
        await self._job.store.write(in_steps([*rows, *self._job.forget_removed_rows()]))
