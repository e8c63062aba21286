"""A store that counts the rows that are read of another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from provisioning.ports import Row, Store


class CountingStore:
    """``rows`` were read of ``base`` since it was set to nothing."""

    def __init__(self, base: Store) -> None:
        self._base = base
        self.rows = 0

    async def get(self, table: str, key: str) -> bytes | None:
        """See ``Store``."""
        self.rows += 1
        return await self._base.get(table, key)

    async def get_many(self, table: str, keys: Sequence[str]) -> Mapping[str, bytes]:
        """See ``Store``."""
        found = await self._base.get_many(table, keys)
        self.rows += len(found)
        return found

    async def scan(
        self,
        table: str,
        prefix: str = "",
        *,
        after: str = "",
        limit: int = 1000,
        reverse: bool = False,
    ) -> Sequence[tuple[str, bytes]]:
        """See ``Store``."""
        found = await self._base.scan(table, prefix, after=after, limit=limit, reverse=reverse)
        self.rows += len(found)
        return found

    async def count(self, table: str, prefix: str = "") -> int:
        """See ``Store``."""
        return await self._base.count(table, prefix)

    async def write(self, rows: Sequence[Row]) -> None:
        """See ``Store``."""
        await self._base.write(rows)

    async def close(self) -> None:
        """See ``Store``."""
        await self._base.close()
