"""Reading rows: by key, by range, and counting them."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from functools import partial

from provisioning.rows.key_range import KeyRange
from provisioning.state.azure.entities import Entity, digest, key_in, place_in, value_in
from provisioning.state.azure.partitions import Place, layout_of, place_of, slice_at, stem_of
from provisioning.state.azure.side_by_side import side_by_side
from provisioning.state.azure.spans import Bound, Span, spans_of
from provisioning.state.azure.table import PAGE
from provisioning.state.azure.tables import Tables
from provisioning.state.azure.versions import Version, Versions

_POINT_READS = 32
"""Point reads under way at once."""

_WORTH_A_PAGE = 20
"""So many keys that are looked for make a page of a range worth its reading."""

_ROWS_FOR_A_KEY = 10
"""Rows read in a page, for each key that is looked for."""

_PATIENCE = 16
"""Calls that pass before a table in which a page did not pay is tried again."""

_STARTS = "0123456789abcdefghijklmnopqrstuvwxyz"
"""Where a long range is divided to be counted: digits of ids, first letters of names."""

Rows = list[tuple[str, bytes]]


class Reader:
    """Reads of the tables of a store. What is seen is noted in ``versions``.

    ``now``: the time in epoch seconds, near which the newest rows are looked for first.
    """

    def __init__(self, tables: Tables, versions: Versions, now: Callable[[], float]) -> None:
        self._tables = tables
        self._versions = versions
        self._now = now
        self._sparse: dict[str, int] = {}

    async def get(self, table: str, key: str) -> bytes | None:
        """The value of a row: one request."""
        entity = await self._tables.get(place_of(table, key))
        return None if entity is None else self._seen(entity)

    async def get_many(self, table: str, keys: Sequence[str]) -> Mapping[str, bytes]:
        """The rows that exist, by key. Keys that lie close together are read as a range."""
        wanted = sorted(set(keys), reverse=layout_of(table).newest_first)
        found: dict[str, bytes] = {}
        if len(wanted) >= _WORTH_A_PAGE and self._may_be_dense(table, wanted):
            rest = await self._read_through(table, wanted, found)
            if rest:
                self._sparse[table] = _PATIENCE
            wanted = rest
        values = await side_by_side([partial(self.get, table, key) for key in wanted], _POINT_READS)
        read = zip(wanted, values, strict=True)
        return found | {key: value for key, value in read if value is not None}

    async def scan(self, table: str, keys: KeyRange, limit: int, *, reverse: bool) -> Rows:
        """Rows of a range, in key order or the reverse of it.

        Against the order in which the table is stored, the whole range is read.
        """
        if limit <= 0:
            return []
        if reverse != layout_of(table).newest_first:
            last: deque[tuple[str, bytes]] = deque(maxlen=limit)
            async for row in self._rows(table, keys, PAGE):
                last.appendleft(row)
            return list(last)
        found: Rows = []
        async for row in self._rows(table, keys, limit):
            found.append(row)
            if len(found) == limit:
                break
        return found

    async def count(self, table: str, keys: KeyRange) -> int:
        """How many rows a range has. A long one is divided and counted in parts side by side."""
        total = 0
        for span in spans_of(table, keys):
            async for page in self._tables.pages(span, keys_only=True):
                found = [key_in(entity) for entity in page.entities]
                total += sum(_has(keys, key) for key in found)
                if page.last or not found:
                    continue
                parts = list(_parts(table, keys, found[-1]))
                if len(parts) > 1:
                    counts = [partial(self.count, table, part) for part in parts]
                    return total + sum(await side_by_side(counts, len(parts)))
        return total

    async def look(self, places: Sequence[Place]) -> dict[Place, Version]:
        """The versions of those entities that exist now; all lie in one partition."""
        found: dict[Place, Version] = {}
        rest = sorted(places)
        if len(rest) > 1:
            bounds = (Bound("ge", rest[0].row), Bound("le", rest[-1].row))
            span = Span((Bound("eq", rest[0].partition),), bounds)
            size = _ROWS_FOR_A_KEY * len(rest)
            async for page in self._tables.pages(span, size=size):
                found.update(_version(entity) for entity in page.entities)
                if page.last:
                    rest = []
                elif page.entities:
                    reached = place_in(page.entities[-1])
                    rest = [place for place in rest if place > reached]
                    break
        reads = [partial(self._tables.get, place) for place in rest]
        read = await side_by_side(reads, _POINT_READS)
        found.update(_version(entity) for entity in read if entity is not None)
        return found

    def _may_be_dense(self, table: str, wanted: Sequence[str]) -> bool:
        """Whether a page of the range of the keys, which are in stored order, may pay."""
        layout = layout_of(table)
        first, last = wanted[0], wanted[_WORTH_A_PAGE - 1]
        if layout.by_time and layout.leading(first) != layout.leading(last):
            return False
        waiting = self._sparse.get(table, 0)
        if waiting:
            self._sparse[table] = waiting - 1
        return not waiting

    async def _read_through(
        self, table: str, wanted: list[str], found: dict[str, bytes]
    ) -> list[str]:
        """Reads the range of the keys, as long as its pages pay. The keys that are left."""
        asked, rest = set(wanted), deque(wanted)
        first, last = min(wanted), max(wanted)
        size = _ROWS_FOR_A_KEY * len(wanted)
        for span in spans_of(table, KeyRange(first, last + "\0")):
            async for page in self._tables.pages(span, size=size):
                for entity in page.entities:
                    key, value = key_in(entity), self._seen(entity)
                    if key in asked:
                        found[key] = value
                if page.last or not page.entities:
                    continue
                before, reached = len(rest), place_in(page.entities[-1])
                while rest and place_of(table, rest[0]) <= reached:
                    rest.popleft()
                if before - len(rest) < _WORTH_A_PAGE:
                    return list(rest)
        return []

    async def _rows(
        self, table: str, keys: KeyRange, size: int
    ) -> AsyncIterator[tuple[str, bytes]]:
        """Rows in stored order. Those that are cut at one place are put in order here."""
        alike: Rows = []
        stem = ""
        newest_first = layout_of(table).newest_first
        for span in spans_of(table, keys, newest=slice_at(self._now())):
            async for page in self._tables.pages(span, size=size):
                for entity in page.entities:
                    row = (key_in(entity), self._seen(entity))
                    if not _has(keys, row[0]):
                        continue
                    place = place_in(entity)
                    if alike and not (place.is_cut and stem_of(place.row) == stem):
                        for each in sorted(alike, reverse=newest_first):
                            yield each
                        alike = []
                    if place.is_cut:
                        stem = stem_of(place.row)
                        alike.append(row)
                    else:
                        yield row
        for each in sorted(alike, reverse=newest_first):
            yield each

    def _seen(self, entity: Entity) -> bytes:
        self._versions.note(*_version(entity))
        return value_in(entity)


def _version(entity: Entity) -> tuple[Place, Version]:
    etag = entity.metadata["etag"]  # type: ignore[attr-defined]
    assert etag, "An entity without a version: a condition on it would be none."
    return place_in(entity), Version(etag, digest(value_in(entity)))


def _has(keys: KeyRange, key: str) -> bool:
    return keys.low <= key and (keys.high is None or key < keys.high)


def _parts(table: str, keys: KeyRange, last: str) -> Iterator[KeyRange]:
    """What is left of a range after a key, divided where further partitions begin."""
    layout = layout_of(table)
    leading = layout.leading(last)
    if leading is None or not layout.more or layout.newest_first:
        return
    stem, low = leading[:-1], last + "\0"
    for start in _STARTS:
        bound = stem + start
        if low < bound and (keys.high is None or bound < keys.high):
            yield KeyRange(low, bound)
            low = bound
    yield KeyRange(low, keys.high)
