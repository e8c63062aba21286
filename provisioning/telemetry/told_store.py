"""A store that says which entries of the provisioning log were stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from provisioning.instrumentation import Telemetry
from provisioning.ports import Row, Store


class ToldStore:
    """Implements ``ports.Store`` over another. ``table`` is that of the log: what is written there
    is told once the write has returned, so at most once; what a dry run plans comes here never.
    """

    def __init__(self, store: Store, table: str, telemetry: Telemetry) -> None:
        self._store = store
        self._table = table
        self._telemetry = telemetry

    async def get(self, table: str, key: str) -> bytes | None:
        """See ``ports.Store``."""
        return await self._store.get(table, key)

    async def get_many(self, table: str, keys: Sequence[str]) -> Mapping[str, bytes]:
        """See ``ports.Store``."""
        return await self._store.get_many(table, keys)

    async def scan(
        self,
        table: str,
        prefix: str = "",
        *,
        after: str = "",
        limit: int = 1000,
        reverse: bool = False,
    ) -> Sequence[tuple[str, bytes]]:
        """See ``ports.Store``."""
        return await self._store.scan(table, prefix, after=after, limit=limit, reverse=reverse)

    async def count(self, table: str, prefix: str = "") -> int:
        """See ``ports.Store``."""
        return await self._store.count(table, prefix)

    async def write(self, rows: Sequence[Row]) -> None:
        """See ``ports.Store``."""
        await self._store.write(rows)
        stored = [row.value for row in rows if row.table == self._table and row.value is not None]
        if stored:
            self._telemetry.entries_stored(stored)

    async def close(self) -> None:
        """See ``ports.Store``."""
        await self._store.close()
