"""A store over a store: what a dry run uses, so that it stores nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from provisioning.ports import Row, Store
from provisioning.rows import edits
from provisioning.rows.edits import Edits
from provisioning.rows.key_range import check_keys


class OverlayStore:
    """A store whose writes stay in memory and are discarded: a dry run stores nothing.

    Reads show the base with those writes. The base stays open: it belongs to who made it.
    """

    def __init__(self, base: Store) -> None:
        self._base = base
        self._edits = Edits()

    async def get(self, table: str, key: str) -> bytes | None:
        """The value of a row, if it exists."""
        return (await self.get_many(table, (key,))).get(key)

    async def get_many(self, table: str, keys: Sequence[str]) -> Mapping[str, bytes]:
        """The rows that exist, by key."""
        return await edits.get_many(self._base, (self._edits,), table, keys)

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
        return await edits.scan(
            self._base, (self._edits,), table, prefix, after, limit, reverse=reverse
        )

    async def count(self, table: str, prefix: str = "") -> int:
        """How many rows have the prefix."""
        return await edits.count(self._base, (self._edits,), table, prefix)

    async def write(self, rows: Sequence[Row]) -> None:
        """Keeps the rows in memory. Conditions are decided now, by what the base holds now."""
        check_keys(rows)
        asked: dict[str, list[str]] = {}
        for row in rows:
            if row.only_if is not None or row.value is None:
                asked.setdefault(row.table, []).append(row.key)
        stored = {table: await self._base.get_many(table, keys) for table, keys in asked.items()}
        for row in rows:
            self._apply(row, stored.get(row.table, {}).get(row.key))

    def _apply(self, row: Row, stored: bytes | None) -> None:
        if row.only_if not in (None, self._edits.resolve(row.table, row.key, stored)):
            return
        if row.value is None and stored is None:
            # What the base never had leaves no mark: a drained work set is empty again.
            self._edits.forget(row.table, row.key)
        else:
            self._edits.add([row._replace(only_if=None)])

    async def close(self) -> None:
        """Discards the writes."""
        self._edits = Edits()
