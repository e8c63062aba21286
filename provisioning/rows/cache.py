"""Rows that are read again and again by the holder of the lease: kept in memory.

Only for tables that nobody but the holder of the lease writes. What is written passes through it,
so it stays right as long as this process is the holder, and beyond: until another one was
(``rows.kept``).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from typing import Final, Literal

from provisioning.ports import Row, Store
from provisioning.rows.known_range import KnownRange

_MOST_BYTES = 16 * 1024 * 1024
"""Of values and keys kept row by row, at most; about half as much again is for keeping them."""

_LARGEST_RANGE = 1000
"""Rows of a range that is kept as a whole, at most."""

_MOST_RANGES = 32
"""Ranges of one table that are kept, at most: the oldest goes first."""

_ROW = 100
"""Bytes that a row counts beside its key and its value."""

Place = tuple[str, str]


class _Unknown(Enum):
    """Nothing is known of a row, not even that it is absent."""

    UNKNOWN = "unknown"


UNKNOWN: Final = _Unknown.UNKNOWN
Known = bytes | Literal[_Unknown.UNKNOWN] | None
"""The value of a row, ``None`` if it does not exist; or ``UNKNOWN``: it has to be read."""


class CachedStore:
    """A ``ports.Store`` over another; rows of the ``tables`` are remembered, absent ones too, and
    short ranges of them as a whole.

    ``tables`` are names after the job. What was read while it was written is not remembered: which
    of the two was first is not known.
    """

    def __init__(self, base: Store, tables: Collection[str]) -> None:
        self._base = base
        self._tables = frozenset(tables)
        self._ours: dict[str, bool] = {}
        """Whether the rows of a table, by its full name, are remembered."""
        # A plain dictionary looks for its first key among all that were taken out before.
        self._rows: OrderedDict[Place, bytes | None] = OrderedDict()
        self._bytes = 0
        self._ranges: dict[str, dict[str, KnownRange]] = {}
        """By table and prefix."""
        self._reading: list[set[Place]] = []
        """For each read under way, what was being written meanwhile."""
        self._writing: list[Collection[Place]] = []

    def recall(self, table: str, key: str) -> Known:
        """What is known of a row without a read."""
        for prefix, whole in self._ranges.get(table, _NONE).items():
            if key.startswith(prefix):
                return whole.get(key)
        return self._rows.get((table, key), UNKNOWN)

    async def get(self, table: str, key: str) -> bytes | None:
        """The value of a row, if it exists."""
        known = self.recall(table, key)
        return (await self.get_many(table, (key,))).get(key) if known is UNKNOWN else known

    async def get_many(self, table: str, keys: Sequence[str]) -> Mapping[str, bytes]:
        """The rows that exist, by key."""
        if not self._remembers(table):
            return await self._base.get_many(table, keys)
        recalled = ((key, self.recall(table, key)) for key in keys)
        known = {key: value for key, value in recalled if value is not UNKNOWN}
        unknown = [key for key in keys if key not in known]
        if unknown:
            known |= await self._read(table, unknown)
        return {key: value for key in keys if (value := known[key]) is not None}

    async def _read(self, table: str, keys: Sequence[str]) -> dict[str, bytes | None]:
        doubtful = self._begin_reading()
        try:
            found = await self._base.get_many(table, keys)
        finally:
            self._end_reading(doubtful)
        read = {key: found.get(key) for key in keys}
        for key, value in read.items():
            if (table, key) not in doubtful:
                self._remember((table, key), value)
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
        if not self._remembers(table):
            return await self._base.scan(table, prefix, after=after, limit=limit, reverse=reverse)
        whole = self._range_of(table, prefix)
        if whole is not None:
            return whole.scan(prefix, after, limit, reverse=reverse)
        doubtful = self._begin_reading()
        try:
            found = await self._base.scan(table, prefix, after=after, limit=limit, reverse=reverse)
        finally:
            self._end_reading(doubtful)
        complete = not after and len(found) < min(limit, _LARGEST_RANGE)
        if complete and all(other != table for other, _ in doubtful):
            self._keep_range(table, prefix, KnownRange(found))
        return found

    async def count(self, table: str, prefix: str = "") -> int:
        """How many rows have the prefix."""
        return await self._base.count(table, prefix)

    async def write(self, rows: Sequence[Row]) -> None:
        """Writes the rows. Of a write that fails, none is remembered."""
        remembered = {table for table in {row.table for row in rows} if self._remembers(table)}
        ours = [row for row in rows if row.table in remembered]
        after = _left_by(ours)
        places = after.keys()
        for place in places:
            self._forget(place)
        ranges = self._taken_out(places)
        for doubtful in self._reading:
            doubtful.update(places)
        # Another write at the same time leaves as much doubt as a read does.
        doubtful = self._begin_reading()
        self._writing.append(places)
        try:
            await self._base.write(rows)
        finally:
            self._writing = [each for each in self._writing if each is not places]
            self._end_reading(doubtful)
        for place, value in after.items():
            if value is not UNKNOWN and place not in doubtful:
                self._remember(place, value)
        self._put_back(ranges, ours, doubtful)

    async def close(self) -> None:
        """Closes the store below."""
        await self._base.close()

    def _remembers(self, table: str) -> bool:
        ours = self._ours.get(table)
        if ours is None:
            ours = self._ours[table] = table.rpartition(":")[2] in self._tables
        return ours

    def _begin_reading(self) -> set[Place]:
        doubtful = set[Place]().union(*self._writing)
        self._reading.append(doubtful)
        return doubtful

    def _end_reading(self, doubtful: set[Place]) -> None:
        self._reading = [each for each in self._reading if each is not doubtful]

    # --- rows ----------------------------------------------------------------------------------

    def _remember(self, place: Place, value: bytes | None) -> None:
        self._forget(place)
        self._rows[place] = value
        self._bytes += _size(place, value)
        while self._bytes > _MOST_BYTES:
            oldest, value = self._rows.popitem(last=False)
            self._bytes -= _size(oldest, value)

    def _forget(self, place: Place) -> None:
        value = self._rows.pop(place, UNKNOWN)
        if value is not UNKNOWN:
            self._bytes -= _size(place, value)

    # --- ranges --------------------------------------------------------------------------------

    def _range_of(self, table: str, start: str) -> KnownRange | None:
        """The range that has all rows whose keys begin so."""
        ranges = self._ranges.get(table)
        if not ranges:
            return None
        return next((r for prefix, r in ranges.items() if start.startswith(prefix)), None)

    def _keep_range(self, table: str, prefix: str, known: KnownRange) -> None:
        ranges = self._ranges.setdefault(table, {})
        ranges.setdefault(prefix, known)
        while len(ranges) > _MOST_RANGES:
            del ranges[next(iter(ranges))]

    def _taken_out(self, places: Collection[Place]) -> dict[Place, KnownRange]:
        """Takes the ranges out that are written to, by table and prefix."""
        taken: dict[Place, KnownRange] = {}
        for table, key in places:
            ranges = self._ranges.get(table)
            if not ranges:
                continue
            for prefix in [prefix for prefix in ranges if key.startswith(prefix)]:
                taken[table, prefix] = ranges.pop(prefix)
        return taken

    def _put_back(
        self, taken: Mapping[Place, KnownRange], rows: Sequence[Row], doubtful: Collection[Place]
    ) -> None:
        """Puts ranges back with the rows written."""
        for (table, prefix), known in taken.items():
            for row in rows:
                if row.table == table and row.key.startswith(prefix):
                    known.apply(row)
            certain = all(other != table for other, _ in doubtful)
            if certain and len(known) <= _LARGEST_RANGE:
                self._keep_range(table, prefix, known)


_NONE: Mapping[str, KnownRange] = {}


def _size(place: Place, value: bytes | None) -> int:
    return _ROW + len(place[1]) + len(value or b"")


def _left_by(rows: Sequence[Row]) -> dict[Place, Known]:
    """What a write of these rows leaves, as far as they alone decide it."""
    return {(r.table, r.key): r.value if r.only_if is None else UNKNOWN for r in rows}
