"""Rows that are not in a store yet, and what the store looks like with them.

The layers of an overlay lie on a base store, the oldest first. Every answer here is the base's,
changed as writing the layers would change it.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from provisioning.ports import Row, Store
from provisioning.rows.key_range import KeyRange
from provisioning.rows.sorted_keys import SortedKeys

_MORE = 200
"""Base rows read beyond the limit, at most: some may turn out to be deleted by the layers."""


class Edits:
    """Rows to be written, in order, as far as they decide what is read.

    ``repeatable``: applied to a store that has them already, they change nothing more. That is
    lost when two conditional rows meet on one key: the second may restore what the first awaits.
    """

    def __init__(self) -> None:
        self.repeatable = True
        self._chains: dict[str, dict[str, list[Row]]] = {}
        self._keys: dict[str, SortedKeys] = {}
        """In order, of the tables that were asked for a range: most never are."""

    def add(self, rows: Iterable[Row]) -> None:
        """Appends rows."""
        for row in rows:
            table, key = row.table, row.key
            chains = self._chains.get(table)
            if chains is None:
                chains = self._chains[table] = {}
            chain = chains.get(key)
            if chain is None:
                chains[key] = [row]
                if table in self._keys:
                    self._keys[table].add(key)
            elif row.only_if is None:
                chains[key] = [row]
            else:
                chain.append(row)
                self.repeatable = self.repeatable and chain[0].only_if is None

    def forget(self, table: str, key: str) -> None:
        """Takes the rows of a key back, if there are any."""
        if self._chains.get(table, {}).pop(key, None) is not None and table in self._keys:
            self._keys[table].drop(key)

    def touches(self, table: str) -> bool:
        """Whether there is a row of the table among them."""
        return bool(self._chains.get(table))

    def resolve(self, table: str, key: str, base: bytes | None) -> bytes | None:
        """The value of a row whose value was ``base`` before."""
        value = base
        for row in self.chain(table, key):
            if row.only_if is None or row.only_if == value:
                value = row.value
        return value

    def decides(self, table: str, key: str) -> bool:
        """Whether ``resolve`` answers the same for any base."""
        chain = self.chain(table, key)
        return bool(chain) and chain[0].only_if is None

    def chain(self, table: str, key: str) -> Sequence[Row]:
        """The rows of a key. If the first is not conditional, they decide its value."""
        chains = self._chains.get(table)
        return () if chains is None else chains.get(key, ())

    def between(self, table: str, keys: KeyRange, *, reverse: bool = False) -> Iterator[str]:
        """The keys of its rows that lie in the range, in order."""
        known = self._in_order(table)
        return iter(()) if known is None else known.between(keys, reverse=reverse)

    def count(self, table: str, keys: KeyRange) -> int:
        """How many of its keys lie in the range."""
        known = self._in_order(table)
        return 0 if known is None else known.count(keys)

    def _in_order(self, table: str) -> SortedKeys | None:
        known, chains = self._keys.get(table), self._chains.get(table)
        if known is None and chains:
            known = self._keys[table] = SortedKeys(chains)
        return known


Layers = Sequence[Edits]


async def get_many(
    base: Store, layers: Layers, table: str, keys: Sequence[str]
) -> Mapping[str, bytes]:
    """``Store.get_many`` of the base under the layers."""
    layers = [edits for edits in layers if edits.touches(table)]
    if not layers:
        return await base.get_many(table, keys)
    unknown = [key for key in keys if not any(edits.decides(table, key) for edits in layers)]
    stored = await base.get_many(table, unknown) if unknown else {}
    found: dict[str, bytes] = {}
    for key in keys:
        value = _resolve(layers, table, key, stored.get(key))
        if value is not None:
            found[key] = value
    return found


async def scan(
    base: Store, layers: Layers, table: str, prefix: str, after: str, limit: int, *, reverse: bool
) -> Sequence[tuple[str, bytes]]:
    """``Store.scan`` of the base under the layers."""
    keys = KeyRange.of(prefix, after, reverse=reverse)
    edited = sum(edits.count(table, keys) for edits in layers)
    if not edited:
        return await base.scan(table, prefix, after=after, limit=limit, reverse=reverse)
    size = max(limit, 0) + min(edited, _MORE)
    found: list[tuple[str, bytes]] = []
    while len(found) < limit:
        page = await base.scan(table, prefix, after=after, limit=size, reverse=reverse)
        complete = len(page) < size
        keys = KeyRange.of(prefix, after, reverse=reverse)
        if not complete:
            after = page[-1][0]
            keys = keys.until(after, reverse=reverse)
        found += islice(_merged(layers, table, page, keys, reverse=reverse), limit - len(found))
        if complete:
            break
    return found


async def count(base: Store, layers: Layers, table: str, prefix: str) -> int:
    """``Store.count`` of the base under the layers, if no one writes to the base meanwhile."""
    keys = KeyRange.of(prefix)
    edited = list({key for edits in layers for key in edits.between(table, keys)})
    total = await base.count(table, prefix)
    stored = await base.get_many(table, edited) if edited else {}
    for key in edited:
        exists = _resolve(layers, table, key, stored.get(key)) is not None
        total += exists - (key in stored)
    return total


def _merged(
    layers: Layers,
    table: str,
    page: Sequence[tuple[str, bytes]],
    keys: KeyRange,
    *,
    reverse: bool,
) -> Iterator[tuple[str, bytes]]:
    """The rows in the range, of which ``page`` holds those of the base."""
    stored = dict(page)
    edited = (edits.between(table, keys, reverse=reverse) for edits in layers)
    previous = None
    for key in heapq.merge(stored, *edited, reverse=reverse):
        if key != previous:
            previous = key
            value = _resolve(layers, table, key, stored.get(key))
            if value is not None:
                yield key, value


def _resolve(layers: Layers, table: str, key: str, value: bytes | None) -> bytes | None:
    for edits in layers:
        value = edits.resolve(table, key, value)
    return value
