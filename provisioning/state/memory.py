"""State in memory: a store for tests and benchmarks, and the store of a dry run."""

from __future__ import annotations

import time as wall
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from provisioning.ports import LeaseState, Row
from provisioning.rows.key_range import KeyRange, check_keys
from provisioning.rows.sorted_keys import SortedKeys
from provisioning.state import leases


class _Table:
    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.keys = SortedKeys()

    def apply(self, row: Row) -> None:
        if row.only_if is not None and self.values.get(row.key) != row.only_if:
            return
        if row.value is not None:
            if row.key not in self.values:
                self.keys.add(row.key)
            self.values[row.key] = row.value
        elif self.values.pop(row.key, None) is not None:
            self.keys.drop(row.key)


class MemoryStore:
    """``ports.Store`` and ``ports.LeasePort`` in this process. No call suspends.

    ``time`` is epoch seconds, for leases. Closing keeps the rows: what is opened again is there.
    """

    def __init__(self, *, time: Callable[[], float] = wall.time) -> None:
        self._time = time
        self._tables: dict[str, _Table] = {}
        self._leases: dict[str, LeaseState] = {}

    async def get(self, table: str, key: str) -> bytes | None:
        """The value of a row, if it exists."""
        return self._table(table).values.get(key)

    async def get_many(self, table: str, keys: Sequence[str]) -> Mapping[str, bytes]:
        """The rows that exist, by key."""
        values = self._table(table).values
        return {key: values[key] for key in keys if key in values}

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
        rows = self._table(table)
        keys = rows.keys.between(KeyRange.of(prefix, after, reverse=reverse), reverse=reverse)
        return [(key, rows.values[key]) for key in islice(keys, max(limit, 0))]

    async def count(self, table: str, prefix: str = "") -> int:
        """How many rows have the prefix."""
        return self._table(table).keys.count(KeyRange.of(prefix))

    async def write(self, rows: Sequence[Row]) -> None:
        """Writes all rows, in their order."""
        check_keys(rows)
        for row in rows:
            table = self._tables.get(row.table)
            if table is None:
                table = self._tables[row.table] = _Table()
            table.apply(row)

    async def acquire(self, name: str, holder: str, seconds: float) -> LeaseState | None:
        """The lease, with what its last holder left; ``None`` while another holds it."""
        return self._keep(
            name, leases.acquired(self._leases.get(name), holder, self._time(), seconds)
        )

    async def renew(self, name: str, holder: str, seconds: float) -> bool:
        """Prolongs the lease. False when it is no longer the holder's."""
        state = leases.renewed(self._leases.get(name), holder, self._time(), seconds)
        return self._keep(name, state) is not None

    async def release(self, name: str, holder: str, payload: bytes) -> None:
        """Lets go of the lease, if it is still the holder's, and leaves the payload with it."""
        self._keep(name, leases.released(self._leases.get(name), holder, payload))

    async def read(self, name: str) -> LeaseState | None:
        """The lease as stored; ``None`` if nobody ever held it."""
        return self._leases.get(name)

    async def close(self) -> None:
        """Nothing to let go of."""

    def _table(self, name: str) -> _Table:
        return self._tables.get(name) or _Table()

    def _keep(self, name: str, state: LeaseState | None) -> LeaseState | None:
        if state is not None:
            self._leases[name] = state
        return state
