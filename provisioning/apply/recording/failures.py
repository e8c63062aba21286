"""How many of the objects that ZSCloud was asked about failed: too many are no objects' fault."""

from __future__ import annotations

from provisioning.errors import TooManyFailures
from provisioning.escrow import RETRY, EscrowEntry
from provisioning.job import Job
from provisioning.lanes import WorkItem
from provisioning.ports import Row
from provisioning.quarantine import FAR_FROM_ALL, RETRIED, Tally
from provisioning.record import CycleRecord


class Failures:
    """Counts the outcomes of one cycle, and those of the last 15 minutes with it.

    What is held, protected, skipped or unchanged sends nothing, and is not counted.
    """

    def __init__(self, job: Job, cycle: CycleRecord) -> None:
        self._job = job
        self._cycle = cycle
        self._matched: set[str] = set()
        self._last = "see the provisioning log"

    def matched(self, item: WorkItem) -> None:
        """ZSCloud was asked about the item, whether or not anything is sent for it."""
        self._matched.add(item.generation)

    def done(self, item: WorkItem, *, worked: bool = True) -> list[Row]:
        """Rows that count an item that came to its end, if ZSCloud was asked about it."""
        asked = worked or item.generation in self._matched
        self._matched.discard(item.generation)
        return self._count(failed=False) if asked and item.cause != RETRY else []

    def failed(self, item: WorkItem, before: EscrowEntry | None, reason: str) -> list[Row]:
        """Rows that count an item that failed. ``before`` is its entry in escrow until then.

        What was in escrow is not counted: that what is known to fail fails again says nothing
        about the rest. But that counts which a quarantine has made due.
        """
        self._matched.discard(item.generation)
        if item.cause == RETRY or (before is not None and item.cause != RETRIED):
            return []
        self._last = reason
        return self._count(failed=True)

    def too_many(self) -> TooManyFailures | None:
        """Whether so many of the cycle, or of the last 15 minutes, failed that it must stop."""
        cycle = Tally(self._cycle.tried, self._cycle.tried_failed)
        recent = self._job.tries.recent(self._job.clock.time())
        for tally, where in ((cycle, "in this cycle"), (recent, "in the last 15 minutes")):
            if tally.is_too_bad:
                return TooManyFailures(
                    f"{tally.failed} of {tally.tried} objects that were tried {where} failed, "
                    f"more than {FAR_FROM_ALL} %. The last one: {self._last}"
                )
        return None

    def _count(self, *, failed: bool) -> list[Row]:
        self._cycle.tried += 1
        self._cycle.tried_failed += failed
        return self._job.tries.add(self._job.clock.time(), failed=failed)
