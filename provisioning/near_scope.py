"""Who is in scope or near it, as far as others than the holder of the lease have to know.

The holder renews a mark after it has stored somebody new. So whoever has read all ids under one
mark knows, with one read of the mark, that everybody else is a stranger.
"""

from __future__ import annotations

from provisioning.mirror import Mirror
from provisioning.ports import Row, Store
from provisioning.rows.table import Table

_PAGE = 1000


class NearScope:
    """The ids in the mirror of one job, and their mark."""

    def __init__(self, store: Store, job: str) -> None:
        self._store = store
        self._marks = Table(store, job, "near_scope", str)
        mirror = Mirror(store, job)
        self._tables = (mirror.users.name, mirror.groups.name)

    async def mark(self) -> str | None:
        """It differs once somebody new is stored. ``None`` before the first."""
        return await self._marks.get("mark")

    def renewed(self, mark: str) -> Row:
        """The row with a new mark, to be written after those of somebody new."""
        return self._marks.put("mark", mark)

    async def ids(self, most: int) -> frozenset[str] | None:
        """Object ids of all users and groups near scope; ``None`` if there are more than ``most``.

        Somebody who went may still be among them.
        """
        found: set[str] = set()
        for table in self._tables:
            after = ""
            while page := await self._store.scan(table, after=after, limit=_PAGE):
                found.update(key for key, _ in page)
                if len(found) > most:
                    return None
                after = page[-1][0]
        return frozenset(found)

    async def has_news(self, rows: list[Row]) -> bool:
        """Whether one of the rows stores somebody new. For the holder, who remembers the others."""
        for table in self._tables:
            ids = [row.key for row in rows if row.table == table and row.value is not None]
            if ids and len(await self._store.get_many(table, ids)) < len(set(ids)):
                return True
        return False
