"""Rows that are read again and again while one process holds the lease: kept in memory.

Only for tables that nobody but the holder of the lease writes. It begins empty with each holding,
and what is written passes through it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from provisioning.ports import Row, Store

_MOST = 20_000
"""Rows kept, at most. A row is some hundred bytes."""

Place = tuple[str, str]


class CachedStore:
    """A ``ports.Store`` over another; rows of the ``tables`` are remembered, absent ones too.

    ``tables`` are names after the job. A row that was read while it was written is not
    remembered: which of the two was first is not known.
    """

    def __init__(self, base: Store, tables: Collection[str]) -> None:
        self._base = base
        self._tables = frozenset(tables)
        self._rows: dict[Place, bytes | None] = {}
        self._reading: list[set[Place]] = []
        """For each read under way, what was being written meanwhile."""
        self._writing: list[set[Place]] = []

    async def get(self, table: str, key: str) -> bytes | None:
        """The value of a row, if it exists."""
        return (await self.get_many(table, (key,))).get(key)

    async def get_many(self, table: str, keys: Sequence[str]) -> Mapping[str, bytes]:
        """The rows that exist, by key."""
        if not self._remembers(table):
            return await self._base.get_many(table, keys)
        unknown = [key for key in keys if (table, key) not in self._rows]
        known = {key: self._rows[table, key] for key in keys if (table, key) in self._rows}
        if unknown:
            known |= await self._read(table, unknown)
        return {key: value for key in keys if (value := known[key]) is not None}

    async def _read(self, table: str, keys: Sequence[str]) -> dict[str, bytes | None]:
        doubtful = set[Place]().union(*self._writing)
        self._reading.append(doubtful)
        try:
            found = await self._base.get_many(table, keys)
        finally:
            self._reading = [each for each in self._reading if each is not doubtful]
        read = {key: found.get(key) for key in keys}
        places = {(table, key): value for key, value in read.items()}
        self._remember({p: value for p, value in places.items() if p not in doubtful})
        return read

    async def scan(
        self,
        table: str,
        prefix: str = "",
        *,
        after: str = "",
        limit: int = 1000,
        reverse: bool = False,
    ) -> Sequence[tuple[str, bytes]]:
        """Rows with the prefix beyond ``after``, in key order."""
        return await self._base.scan(table, prefix, after=after, limit=limit, reverse=reverse)

    async def count(self, table: str, prefix: str = "") -> int:
        """How many rows have the prefix."""
        return await self._base.count(table, prefix)

    async def write(self, rows: Sequence[Row]) -> None:
        """Writes the rows. Of a write that fails, none is remembered."""
        ours = [row for row in rows if self._remembers(row.table)]
        places = {(row.table, row.key) for row in ours}
        for place in places:
            self._rows.pop(place, None)
        for doubtful in self._reading:
            doubtful.update(places)
        self._writing.append(places)
        try:
            await self._base.write(rows)
        finally:
            self._writing = [each for each in self._writing if each is not places]
        self._remember(_known_after(ours))

    async def close(self) -> None:
        """Closes the store below."""
        await self._base.close()

    def _remembers(self, table: str) -> bool:
        return table.rpartition(":")[2] in self._tables

    def _remember(self, rows: Mapping[Place, bytes | None]) -> None:
        self._rows.update(rows)
        while len(self._rows) > _MOST:
            del self._rows[next(iter(self._rows))]


def _known_after(rows: Sequence[Row]) -> dict[Place, bytes | None]:
    """What a write of these rows leaves, as far as they alone decide it."""
    known: dict[Place, bytes | None] = {}
    for row in rows:
        if row.only_if is None:
            known[row.table, row.key] = row.value
        else:
            known.pop((row.table, row.key), None)
    return known
