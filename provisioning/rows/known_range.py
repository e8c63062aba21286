"""All rows with a prefix, in memory: what a scan of them would read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from provisioning.ports import Row
from provisioning.rows.key_range import KeyRange
from provisioning.rows.sorted_keys import SortedKeys


class KnownRange:
    """The rows of one table whose keys start with a prefix, kept as they are written."""

    def __init__(self, rows: Iterable[tuple[str, bytes]]) -> None:
        self._values = dict(rows)
        self._keys = SortedKeys(self._values)

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self._values)

    def get(self, key: str) -> bytes | None:
        """The value of a row that would be in the range."""
        return self._values.get(key)

    def scan(
        self, prefix: str, after: str, limit: int, *, reverse: bool
    ) -> Sequence[tuple[str, bytes]]:
        """``ports.Store.scan`` of it, for a prefix that begins with its own."""
        keys = self._keys.between(KeyRange.of(prefix, after, reverse=reverse), reverse=reverse)
        return [(key, self._values[key]) for key in islice(keys, max(limit, 0))]

    def apply(self, row: Row) -> None:
        """What writing the row does to it."""
        if row.only_if is not None and self._values.get(row.key) != row.only_if:
            return
        if row.value is None:
            if self._values.pop(row.key, None) is not None:
                self._keys.drop(row.key)
            return
        if row.key not in self._values:
            self._keys.add(row.key)
        self._values[row.key] = row.value
