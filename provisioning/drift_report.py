"""What the last reconcile found edited by hand, and what it found that nobody accounts for.

A report is written while ZSCloud is read, a row for each object, and becomes the one that people
see when it is closed; the one before goes then. Of very many findings the first are kept by name
and all are counted, so that a tenant edited from end to end fills neither memory nor store.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from provisioning.drift import DriftCounts, Finding, Orphan, Outcome, What
from provisioning.model import Key, ObjectType, ScimId
from provisioning.ports import Row, Store
from provisioning.rows.order import in_steps
from provisioning.rows.table import Table

MOST = 10_000
"""Findings, and orphans, that a report keeps by name."""

_LAST = "last"


class DriftReport:
    """The stored reports of one job: the last one, and one that is being written."""

    def __init__(self, store: Store, job: str) -> None:
        self._store = store
        self.findings = Table(store, job, "drift_finding", tuple[Finding, ...])
        self.orphans = Table(store, job, "orphan", Orphan)
        self._last = Table(store, job, "drift", DriftCounts)

    async def last(self) -> DriftCounts | None:
        """What the last report counts, and which cycle wrote it."""
        return await self._last.get(_LAST)

    async def begin(self, cycle_id: str) -> OpenReport:
        """The report of a cycle. If the cycle began it before and was cut off, it goes on: what
        was put right then would not be found again.
        """
        listed = 0
        async for _, each in self.findings.all(f"{cycle_id}/"):
            listed += len(each)
        return OpenReport(self, cycle_id, listed)

    async def close(self, counts: DriftCounts) -> None:
        """Makes the report of a cycle the last one, and forgets all others."""
        await self._store.write([self._last.put(_LAST, counts)])
        for table in (self.findings, self.orphans):
            await self._forget(table, but=f"{counts.cycle_id}/")

    async def _forget(self, table: Table[Any], but: str) -> None:
        after = ""
        while rows := await table.page(after=after):
            drops = [table.drop(key) for key, _ in rows if not key.startswith(but)]
            await self._store.write(in_steps(drops))
            after = rows[-1][0]


class OpenReport:
    """The report of a cycle that is under way."""

    def __init__(self, stored: DriftReport, cycle_id: str, listed: int) -> None:
        self._stored = stored
        self._cycle_id = cycle_id
        self._listed = listed
        self._orphans: Counter[ObjectType] = Counter()
        self._beyond: Counter[str] = Counter()

    def edits(
        self, key: Key, found: Sequence[Finding], beyond: Iterable[Finding] = ()
    ) -> list[Row]:
        """Rows of what hands did to one object. ``beyond`` is counted, and not kept by name."""
        return self._rows(f"{key}/edits", found, beyond)

    def unmanaged(self, key: Key, found: Sequence[Finding], more: int) -> list[Row]:
        """Rows of a group's members that are not ours, and how many ``more`` there are."""
        self._beyond[What.UNMANAGED] += more
        return self._rows(f"{key}/unmanaged", found, ())

    def orphan(self, orphan: Orphan) -> list[Row]:
        """Rows of an object in ZSCloud that is nobody's."""
        self._orphans[orphan.type] += 1
        if self._orphans.total() > MOST:
            return []
        place = orphan_place(self._cycle_id, orphan.type, orphan.target_id)
        return [self._stored.orphans.put(place, orphan)]

    async def orphan_names(self, ids: Sequence[ScimId]) -> dict[ScimId, str]:
        """The names of those users that are in the report as orphans."""
        places = {orphan_place(self._cycle_id, ObjectType.USER, id): id for id in ids}
        found = await self._stored.orphans.get_many(places)
        return {places[place]: orphan.name for place, orphan in found.items()}

    async def close(self, at: float) -> DriftCounts:
        """Counts, at a time in epoch seconds, and makes this the last report."""
        counted, listed = Counter(self._beyond), 0
        async for _, findings in self._stored.findings.all(f"{self._cycle_id}/"):
            listed += len(findings)
            for each in findings:
                counted.update(_counted_as(each))
        outcomes = {outcome.value: counted[outcome] for outcome in Outcome}
        counts = DriftCounts(
            cycle_id=self._cycle_id,
            at=at,
            found=sum(outcomes.values()),
            **outcomes,
            unmanaged=counted[What.UNMANAGED],
            orphans=self._orphans.total(),
            reenabled=counted[_REENABLED],
            listed=listed,
        )
        await self._stored.close(counts)
        return counts

    def _rows(self, place: str, found: Sequence[Finding], beyond: Iterable[Finding]) -> list[Row]:
        room = max(0, MOST - self._listed)
        kept = tuple(found[:room])
        self._listed += len(kept)
        for each in (*found[room:], *beyond):
            self._beyond.update(_counted_as(each))
        if not kept:
            return []
        return [self._stored.findings.put(f"{self._cycle_id}/{place}", kept)]


def orphan_place(cycle_id: str, type: ObjectType, id: ScimId) -> str:
    """The key of an orphan in the report of a cycle."""
    return f"{cycle_id}/{type.value}/{id}"


_REENABLED = "reenabled"


def _counted_as(finding: Finding) -> list[str]:
    if finding.what is What.UNMANAGED:
        return [What.UNMANAGED]
    return [finding.treatment, *([_REENABLED] if finding.is_reenabled else [])]
