"""The provisioning log: every object has a reason.

One entry for each attempt, in three orders: by time, by principal, and what needs attention
(failures, held, skipped) by time. Names follow Graph's provisioningObjectSummary.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from provisioning.model import (
    Action,
    ChangeMember,
    EntraId,
    ModifiedProperty,
    ObjectType,
    ScimId,
)
from provisioning.ports import Row, Store
from provisioning.rows.table import Table


class LogStatus(StrEnum):
    """How an attempt ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    SKIPPED = "skipped"
    HELD = "held"


class Step(msgspec.Struct, frozen=True):
    """One of the five steps: import, scope, match, action, export."""

    name: str
    status: str
    detail: str


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A change, and how it went. ``time`` is epoch seconds here, RFC 3339 in answers."""

    id: str
    time: float
    cycle_id: str
    cause: str
    status: LogStatus
    action: Action | None
    object_type: ObjectType
    source_id: EntraId
    target_id: ScimId | None
    name: str
    change_id: str | None = None
    member: ChangeMember | None = None
    reason_code: str = ""
    reason: str = ""
    modified_properties: tuple[ModifiedProperty, ...] = ()
    error_code: str | None = None
    remedy: str | None = None
    request_id: str | None = None
    trace_id: str | None = None
    """The trace in which it was worked on, where one is recorded."""
    attempt: int = 1
    duration_ms: int | None = None
    latency_ms: int | None = None
    steps: tuple[Step, ...] = ()

    @property
    def key(self) -> str:
        """Place in the order of time."""
        return f"{self.time:017.6f}/{self.id}"


class LogQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for. Times in epoch seconds; ``after`` is the cursor of the last page."""

    since: float | None = None
    until: float | None = None
    principal: str | None = None
    cycle_id: str | None = None
    status: LogStatus | None = None
    action: Action | None = None
    limit: int = 100
    after: str | None = None

    def admits(self, entry: LogEntry) -> bool:
        """Whether an entry is looked for."""
        return (
            (self.since is None or entry.time >= self.since)
            and (self.until is None or entry.time <= self.until)
            and (self.principal is None or entry.source_id == self.principal)
            and (self.cycle_id is None or entry.cycle_id == self.cycle_id)
            and (self.status is None or entry.status is self.status)
            and (self.action is None or entry.action is self.action)
        )


_PAGE_READS = 2000
_CHUNK = 200
_FAR = "~"


class ProvisioningLog:
    """The stored log of one job."""

    def __init__(self, store: Store, job: str) -> None:
        self._by_time = Table(store, job, "log", LogEntry)
        self._by_principal = Table(store, job, "log_principal", str)
        self._attention = Table(store, job, "log_attention", str)

    @property
    def table(self) -> str:
        """The name of the table that holds the entries themselves."""
        return self._by_time.name

    def rows(self, entries: Sequence[LogEntry]) -> list[Row]:
        """Rows that store entries in all orders: first the entries, then what finds them.

        Table by table, since the rows of a table can be written together, and a change of a
        group's members has an entry for each of them.
        """
        keyed = [(entry.key, entry) for entry in entries]
        return [
            *[self._by_time.put(key, e) for key, e in keyed],
            *[self._by_principal.put(f"{e.source_id}/{key}", key) for key, e in keyed],
            *[self._attention.put(k, k) for k, e in keyed if e.status is not LogStatus.SUCCESS],
        ]

    async def query(self, query: LogQuery) -> tuple[list[LogEntry], str | None]:
        """Entries, newest first, and the cursor of the next page.

        A page ends after 2,000 rows read, also when it is not full.
        """
        found: list[LogEntry] = []
        cursor = query.after or ("" if query.until is None else f"{query.until:017.6f}{_FAR}")
        reads = 0
        while reads < _PAGE_READS:
            entries = await self._chunk(query, cursor)
            for entry in entries:
                if query.since is not None and entry.time < query.since:
                    return found, None
                reads += 1
                cursor = entry.key
                if query.admits(entry):
                    found.append(entry)
                    if len(found) >= query.limit:
                        return found, cursor
            if len(entries) < _CHUNK:
                return found, None
        return found, cursor

    async def _chunk(self, query: LogQuery, below: str) -> list[LogEntry]:
        if query.principal is not None:
            prefix = f"{query.principal}/"
            after = prefix + below if below else ""
            rows = await self._by_principal.page(prefix, after=after, limit=_CHUNK, reverse=True)
        elif query.status is not None and query.status is not LogStatus.SUCCESS:
            rows = await self._attention.page(after=below, limit=_CHUNK, reverse=True)
        else:
            page = await self._by_time.page(after=below, limit=_CHUNK, reverse=True)
            return [entry for _, entry in page]
        keys = [key for _, key in rows]
        entries = await self._by_time.get_many(keys)
        return [entries[key] for key in keys if key in entries]

    async def forget_before(self, time: float, limit: int = 1000) -> list[Row]:
        """Rows that drop entries older than ``time``, a limited number at once.

        The newest of them first, as the log is always read. Each entry itself goes last, since
        the others are found by it.
        """
        rows: list[Row] = []
        below = f"{time:017.6f}"
        for key, entry in await self._by_time.page(after=below, limit=limit, reverse=True):
            found_by_it = self._by_principal.drop(f"{entry.source_id}/{key}")
            drops = (found_by_it, self._attention.drop(key), self._by_time.drop(key))
            rows += [drop._replace(about=f"log/{key}") for drop in drops]
        return rows
