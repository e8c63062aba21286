"""The log as it is stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from provisioning.ports import Row, Store
from provisioning.provisioning_log.entry import LogEntry, LogFacts, LogStatus, time_key
from provisioning.provisioning_log.query import LogQuery
from provisioning.rows.table import Table

PAGE_READS = 2000
"""Rows of an order that one page looks at."""

_PATIENCE = 0.3
"""Seconds after which a page looks no further, also when it is not full: who reads it is answered
within a second also where a thousand rows take half of one, and goes on from its cursor.
"""

_FIRST_LOOK = 200
_LONG_LOOK = 1000
"""Rows that are read together where a filter narrows. The first look is short where most rows are
likely to fit, or there are few.
"""

_Found = LogEntry | LogFacts | str
"""What an order holds of an entry: all of it, what filters look at or, of old, its key alone."""


class ProvisioningLog:
    """The stored log of one job."""

    def __init__(self, store: Store, job: str) -> None:
        self._by_time = Table(store, job, "log", LogEntry)
        facts: type[LogFacts | str] = LogFacts | str  # type: ignore[assignment]
        self._by_principal = Table(store, job, "log_principal", facts)
        self._attention = Table(store, job, "log_attention", facts)

    @property
    def table(self) -> str:
        """The name of the table that holds the entries themselves."""
        return self._by_time.name

    def rows(self, entries: Sequence[LogEntry]) -> list[Row]:
        """Rows that store entries in all orders: first the entries, then what finds them.

        Table by table, since the rows of a table can be written together, and a change of a
        group's members has an entry for each of them.
        """
        keyed = [(entry.key, entry, LogFacts.of(entry)) for entry in entries]
        return [
            *[self._by_time.put(key, entry) for key, entry, _ in keyed],
            *[self._by_principal.put(f"{e.source_id}/{key}", facts) for key, e, facts in keyed],
            *[
                self._attention.put(key, facts)
                for key, entry, facts in keyed
                if entry.status is not LogStatus.SUCCESS
            ],
        ]

    async def query(self, query: LogQuery) -> tuple[list[LogEntry], str | None]:
        """Entries, newest first, and the cursor of the next page.

        A page ends after 2,000 rows of its order, or when the storage is slow after less, also when
        it is not full.
        """
        found: list[LogEntry] = []
        cursor, reads = query.start, 0
        look = _FIRST_LOOK if query.fits_most else _LONG_LOOK
        time = asyncio.get_running_loop().time
        ends = time() + _PATIENCE
        while reads < PAGE_READS and (not reads or time() < ends):
            wanted = query.limit - len(found)
            size = min(look if query.narrows else wanted, PAGE_READS - reads)
            rows = await self._look(query, cursor, size)
            fitting: list[tuple[str, _Found]] = []
            for key, row in rows:
                if query.is_too_old(key):
                    return [*found, *await self._entries(query, fitting)], None
                reads += 1
                cursor = key
                if isinstance(row, str) or query.admits(row):
                    fitting.append((key, row))
                if len(fitting) == wanted:
                    break
            found += await self._entries(query, fitting)
            if len(found) == query.limit:
                return found, cursor
            if len(rows) < size:
                return found, None
            look = _LONG_LOOK
        return found, cursor

    async def by_principal(self) -> AsyncIterator[list[LogEntry]]:
        """All entries, page by page, those of one principal after those of another."""
        after = ""
        while rows := await self._by_principal.page(after=after):
            after = rows[-1][0]
            keys = [key.partition("/")[2] for key, _ in rows]
            entries = await self._by_time.get_many(keys)
            yield [entries[key] for key in keys if key in entries]

    async def _look(self, query: LogQuery, below: str, size: int) -> list[tuple[str, _Found]]:
        """Keys of the entries in the order that has the fewest beside those looked for."""
        stem = query.stem
        if query.principal is not None:
            principal = f"{query.principal}/"
            after = principal + below if below else ""
            rows = await self._by_principal.page(
                principal + stem, after=after, limit=size, reverse=True
            )
            return [(key.removeprefix(principal), row) for key, row in rows]
        if query.only_attention:
            return [*await self._attention.page(stem, after=below, limit=size, reverse=True)]
        return [*await self._by_time.page(stem, after=below, limit=size, reverse=True)]

    async def _entries(
        self, query: LogQuery, fitting: Sequence[tuple[str, _Found]]
    ) -> list[LogEntry]:
        """The entries of what fits, read where only their facts are at hand."""
        unread = [key for key, row in fitting if not isinstance(row, LogEntry)]
        read = await self._by_time.get_many(unread) if unread else {}
        entries = [row if isinstance(row, LogEntry) else read.get(key) for key, row in fitting]
        return [entry for entry in entries if entry is not None and query.admits(entry)]

    async def forget_before(self, time: float, limit: int = 1000) -> list[Row]:
        """Rows that drop entries older than ``time``, a limited number at once.

        The newest of them first, as the log is always read. Each entry itself goes last, since
        the others are found by it.
        """
        rows: list[Row] = []
        below = time_key(time)
        for key, entry in await self._by_time.page(after=below, limit=limit, reverse=True):
            drops = [self._by_principal.drop(f"{entry.source_id}/{key}")]
            if entry.status is not LogStatus.SUCCESS:
                drops.append(self._attention.drop(key))
            drops.append(self._by_time.drop(key))
            rows += [drop._replace(about=f"log/{key}") for drop in drops]
        return rows
