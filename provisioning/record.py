"""A cycle's record: what it has found, done and left, as anyone can read it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from provisioning.drift import DriftCounts
from provisioning.errors import ProvisioningError
from provisioning.model import Action, Change
from provisioning.ports import Row, Store
from provisioning.rows.table import Table


class CycleKind(StrEnum):
    """What a cycle looks at."""

    INITIAL = "initial"
    INCREMENTAL = "incremental"
    RECONCILE = "reconcile"
    ON_DEMAND = "on_demand"
    LIVE = "live"
    """What hints told of, outside of any cycle: never stored, the log tells of each object."""


class CycleStatus(StrEnum):
    """Where a cycle stands."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    COMPLETED_WITH_ERRORS = "completed_with_errors"
    HELD = "held"
    QUARANTINED = "quarantined"
    FAILED = "failed"
    OFF = "off"
    STOPPED = "stopped"


OPEN = frozenset({CycleStatus.QUEUED, CycleStatus.RUNNING})
"""A cycle in one of these goes on with the next invocation."""

_INTERRUPTED = frozenset({CycleStatus.QUARANTINED, CycleStatus.STOPPED})


class Counts(msgspec.Struct):
    """Objects (users and groups together) by outcome; memberships one by one."""

    created: int = 0
    updated: int = 0
    disabled: int = 0
    enabled: int = 0
    deleted: int = 0
    memberships_added: int = 0
    memberships_removed: int = 0
    unchanged: int = 0
    skipped: int = 0
    held: int = 0
    failed: int = 0

    def add(self, change: Change) -> None:
        """Counts one change that was made."""
        field = _FIELD[change.action]
        setattr(self, field, getattr(self, field) + 1)

    @property
    def writes(self) -> int:
        """Changes made, memberships included."""
        return sum(getattr(self, field) for field in _FIELD.values())


_FIELD = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.DISABLE: "disabled",
    Action.ENABLE: "enabled",
    Action.DELETE: "deleted",
    Action.ADD_MEMBER: "memberships_added",
    Action.REMOVE_MEMBER: "memberships_removed",
}


class Requests(msgspec.Struct):
    """HTTP requests sent, and answers of 429."""

    graph: int = 0
    scim: int = 0
    throttled: int = 0


class CycleRecord(msgspec.Struct, kw_only=True):
    """One cycle. ``done`` and ``left`` count work items; ``requests_left`` is an estimate."""

    cycle_id: str
    kind: CycleKind
    dry_run: bool = False
    status: CycleStatus = CycleStatus.QUEUED
    phase: str = ""
    started: float = 0.0
    finished: float | None = None
    counts: Counts = msgspec.field(default_factory=Counts)
    requests: Requests = msgspec.field(default_factory=Requests)
    done: int = 0
    left: int = 0
    requests_left: int = 0
    discovered: bool = False
    error_code: str | None = None
    error: str | None = None
    remedy: str | None = None
    tried: int = 0
    tried_failed: int = 0
    """Of the objects that ZSCloud was asked about, those that failed for the first time."""
    drift: DriftCounts | None = None
    draining_since: float | None = None
    done_before: int = 0
    seconds_left: int | None = None

    @property
    def goes_on(self) -> bool:
        """Whether the next invocation goes on with it. A quarantine and a stop interrupt a cycle,
        and no more; a call on demand has an answer then.
        """
        waits = self.status in _INTERRUPTED and self.kind is not CycleKind.ON_DEMAND
        return self.status in OPEN or (waits and not self.dry_run)

    @property
    def is_stored(self) -> bool:
        """Whether anyone can read it: a look at hints is told of by the log alone."""
        return self.kind is not CycleKind.LIVE

    def begin(self, at: float) -> None:
        """It works, for the first time or again, at a time in epoch seconds."""
        self.status = CycleStatus.RUNNING
        self.started = self.started or at
        self.finished = self.error_code = self.error = self.remedy = None

    def judge_anew(self) -> None:
        """A quarantine is over: what failed for it is tried once more, and counts by that."""
        self.tried = self.tried_failed = self.counts.failed = 0

    def quarantine(self, code: str, reason: str, remedy: str, at: float) -> None:
        """It is interrupted by a quarantine."""
        self.status = CycleStatus.QUARANTINED
        self.finished = at
        self.error_code, self.error, self.remedy = code, reason, remedy

    def stop(self, at: float) -> None:
        """It is interrupted by an operator: it goes on where it is, after `start`."""
        self.status, self.phase, self.finished = CycleStatus.STOPPED, "stopped", at

    def supersede(self, by: str, at: float) -> None:
        """It ends, since a restart has begun another one."""
        self.stop(at)
        self.error_code = "Restarted"
        self.error = f"The job was restarted: cycle {by} begins anew."
        self.remedy = "Look at that one."

    def fail(self, error: ProvisioningError, at: float) -> None:
        """Ends the cycle with an error, at a time in epoch seconds."""
        self.status = CycleStatus.FAILED
        self.finished = at
        self.error_code = error.code
        self.error = str(error)
        self.remedy = error.remedy


class Cycles:
    """The stored cycles of one job."""

    def __init__(self, store: Store, job: str) -> None:
        self._store = store
        self.rows = Table(store, job, "cycle", CycleRecord)
        self.changes = Table(store, job, "cycle_changes", Change)
        self.current = Table(store, job, "cycle_current", str)

    async def open_cycle(self) -> CycleRecord | None:
        """The cycle that is queued or running, or that a quarantine or a stop interrupts."""
        return await self._going_on(await self.current.get("open"))

    async def _going_on(self, id: str | None) -> CycleRecord | None:
        record = await self.rows.get(id) if id else None
        return record if record is not None and record.goes_on else None

    async def begin(self, record: CycleRecord) -> CycleRecord:
        """Stores the record as the open cycle; gives the one that is open if another was quicker.

        What points to the open cycle goes on doing so when that has ended, so that of two that
        would follow it one comes first.
        """
        while True:
            last = await self.current.get("open")
            # Of the very row that is replaced: read once more it may point to another's cycle.
            opened = await self._going_on(last)
            if opened is not None:
                break
            taken = self.current.put("open", record.cycle_id)
            if last is not None:
                taken = taken._replace(only_if=self.current.put("open", last).value)
            await self._store.write([self.rows.put(record.cycle_id, record), taken])
        if opened.cycle_id == record.cycle_id:
            return record
        await self._store.write([self.rows.drop(record.cycle_id)])
        return opened

    async def supersede(self, record: CycleRecord) -> None:
        """Stores the record as the open cycle, in place of whichever is open. Doing so once more
        changes nothing.
        """
        while (last := await self.current.get("open")) != record.cycle_id:
            taken = self.current.put("open", record.cycle_id)
            rows = [self.rows.put(record.cycle_id, record)]
            if last is not None:
                taken = taken._replace(only_if=self.current.put("open", last).value)
                before = await self.rows.get(last)
                if before is not None and before.goes_on:
                    before.supersede(record.cycle_id, record.started)
                    rows.append(self.rows.put(last, before))
            await self._store.write([*rows, taken])

    async def forget_before(self, time: float, limit: int = 100) -> list[Row]:
        """Rows that drop cycles begun before ``time`` (epoch seconds), with the plans of dry runs;
        a limited number at once. Each cycle goes after its plan, which is found by it. Ids grow
        with time (``ports.Ids``).
        """
        old: list[Row] = []
        newest = f"{int(time * 1000):012x}"
        for id, record in await self.rows.page(after=newest, limit=limit, reverse=True):
            if record.started >= time:
                continue
            drops = [self.changes.drop(key) async for key, _ in self.changes.all(f"{id}/")]
            drops.append(self.rows.drop(id))
            old += [drop._replace(about=f"cycle/{id}") for drop in drops]
        return old
