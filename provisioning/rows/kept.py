"""What one holder of the lease remembers, handed to the next one of the same process."""

from __future__ import annotations

from collections.abc import Collection

from provisioning.ports import Store
from provisioning.rows.cache import CachedStore


class KeptRows:
    """Remembered rows between two holdings of the lease, as long as no other process had it.

    ``tables`` are those that only the holder of the lease writes.
    """

    def __init__(self, tables: Collection[str]) -> None:
        self._tables = tables
        self._kept: CachedStore | None = None
        self._holder = ""

    def over(self, store: Store, after: str) -> CachedStore:
        """What is remembered, if ``after`` names the holder who did; else nothing yet.

        ``after`` is who held the lease before, and empty if that is not known.
        """
        kept, self._kept = self._kept, None
        if kept is None or not after or after != self._holder:
            return CachedStore(store, self._tables)
        return kept

    def keep(self, rows: CachedStore, holder: str) -> None:
        """Remembers for the next holder what this one knows, who writes no more."""
        self._kept, self._holder = rows, holder

    def forget(self) -> None:
        """Remembers nothing: the store is not the one that it was."""
        self._kept = None
