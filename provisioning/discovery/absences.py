"""What two complete reads both missed: believed, or the sentence that stops the look."""

from __future__ import annotations

from collections.abc import Collection

from provisioning.discovery.application import Application
from provisioning.errors import SourceImplausible
from provisioning.evidence import Doubt, judge_list
from provisioning.job import Job
from provisioning.ports import Row
from provisioning.record import CycleRecord
from provisioning.rows.table import Table


class Absences:
    """Judges lists that came short, and people and groups whom Graph answers 404 for."""

    def __init__(self, job: Job, application: Application, cycle: CycleRecord) -> None:
        self._job = job
        self._application = application
        self._cycle = cycle
        self.doubts = Table(job.store, job.name, "doubt", Doubt)

    async def believed(
        self,
        about: str,
        name: str,
        stored: Collection[str],
        first: Collection[str],
        second: Collection[str] | None,
        *,
        proven: Collection[str] = (),
        total: int | None = None,
    ) -> tuple[tuple[str, ...], list[Row]]:
        """What is gone, and rows that end the doubt of an earlier look, to be stored at the end.

        ``about`` names the doubt, ``name`` begins its sentence; the rest is as ``judge_list`` has
        it. Raises ``SourceImplausible`` when too much is gone for one look.
        """
        doubt = await self.doubts.get(about)
        verdict = judge_list(
            name,
            stored,
            first,
            second,
            created={},
            proven=proven,
            doubt=doubt,
            percent=self._job.rules.threshold.percent,
            cycle_id=self._cycle.cycle_id,
            now=self._job.clock.time(),
            total=total,
        )
        if verdict.broken is not None and verdict.doubt is not None:
            await self._job.store.write([self.doubts.put(about, verdict.doubt)])
            raise SourceImplausible(verdict.broken)
        if verdict.removed:
            await self._application.check_again()
        answered = doubt is not None and not frozenset(doubt.missing).isdisjoint(stored)
        return verdict.removed, [self.doubts.drop(about)] if answered else []
