"""From rows in their order to transactions, as few as the order allows. Pure.

``ports.Row.about`` says which rows have to follow which. A wave is a number of transactions that
may run side by side, each in a partition of its own; the next wave starts when all have ended. So
after any part of any wave every row that took effect has all that it follows.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from provisioning.ports import Row
from provisioning.state.azure.entities import sent_size

MOST_ENTITIES = 100
MOST_BYTES = 1_000_000
"""A transaction may have 100 entities and 4 MiB (Azure: Performing entity group transactions).
A larger body than this would hold up the event loop while it is sent (aiohttp: payload).
"""


class Operation(NamedTuple):
    """The rows of one key that take effect together, in their order."""

    rows: tuple[Row, ...]

    @property
    def table(self) -> str:
        """The table of its key."""
        return self.rows[0].table

    @property
    def key(self) -> str:
        """The key that all its rows have."""
        return self.rows[0].key


class Transaction(NamedTuple):
    """Operations on different keys of one partition."""

    partition: str
    operations: tuple[Operation, ...]


Wave = list[Transaction]


def plan(rows: Sequence[Row], partition: Callable[[Row], str]) -> list[Wave]:
    """The waves that write the rows.

    A transaction waits until it has all the rows of its partition, where the order lets it.
    """
    return _Planning(rows, [partition(row) for row in rows]).waves()


class _Candidate(NamedTuple):
    """What the next transaction of a partition would take. ``full``: no more would go in."""

    taken: list[int]
    full: bool


class _Planning:
    """Rows are known by their index. ``_waiting`` counts what each still has to wait for."""

    def __init__(self, rows: Sequence[Row], partitions: Sequence[str]) -> None:
        self._rows = rows
        self._partitions = partitions
        self._waiting, self._followers = _order(rows)
        self._left = Counter(partitions)
        self._ready: dict[str, list[int]] = {}
        self._candidates: dict[str, _Candidate] = {}
        """Those of a look before, where nothing has changed since."""
        for index, waiting in enumerate(self._waiting):
            if not waiting:
                self._ready.setdefault(partitions[index], []).append(index)

    def waves(self) -> list[Wave]:
        waves: list[Wave] = []
        while self._ready:
            chosen = {partition: self._candidate(partition).taken for partition in self._chosen()}
            waves.append([self._transaction(*each) for each in chosen.items()])
            for partition, taken in chosen.items():
                self._take(partition, taken)
        return waves

    def _chosen(self) -> list[str]:
        """The partitions that gain nothing by waiting; if there is none, the one nearest to it."""
        complete = [partition for partition in self._ready if self._share(partition) >= 1.0]
        return complete or [max(self._ready, key=self._share)]

    def _share(self, partition: str) -> float:
        candidate = self._candidate(partition)
        return 1.0 if candidate.full else len(candidate.taken) / self._left[partition]

    def _candidate(self, partition: str) -> _Candidate:
        found = self._candidates.get(partition)
        if found is None:
            found = self._candidates[partition] = self._look(partition)
        return found

    def _look(self, partition: str) -> _Candidate:
        """The ready rows, and those that wait only for rows of the same transaction."""
        ready, waiting = list(self._ready[partition]), dict[int, int]()
        heapq.heapify(ready)
        taken, keys, size = list[int](), set[tuple[str, str]](), 0
        while ready:
            index = heapq.heappop(ready)
            row = self._rows[index]
            keys.add((row.table, row.key))
            size += sent_size(row.value)
            if taken and (len(keys) > MOST_ENTITIES or size > MOST_BYTES):
                return _Candidate(taken, full=True)
            taken.append(index)
            for follower in self._followers[index]:
                if self._partitions[follower] == partition:
                    waiting[follower] = waiting.get(follower, self._waiting[follower]) - 1
                    if not waiting[follower]:
                        heapq.heappush(ready, follower)
        return _Candidate(taken, full=False)

    def _take(self, partition: str, taken: list[int]) -> None:
        self._left[partition] -= len(taken)
        gone = set(taken)
        changed = {partition}
        self._ready[partition] = [i for i in self._ready[partition] if i not in gone]
        for index in taken:
            for follower in self._followers[index]:
                place = self._partitions[follower]
                changed.add(place)
                self._waiting[follower] -= 1
                if not self._waiting[follower] and follower not in gone:
                    self._ready.setdefault(place, []).append(follower)
        for place in changed:
            self._candidates.pop(place, None)
        if not self._ready[partition]:
            del self._ready[partition]

    def _transaction(self, partition: str, taken: list[int]) -> Transaction:
        rows: dict[tuple[str, str], list[Row]] = {}
        for index in taken:
            row = self._rows[index]
            rows.setdefault((row.table, row.key), []).append(row)
        return Transaction(partition, tuple(Operation(tuple(each)) for each in rows.values()))


def _order(rows: Sequence[Row]) -> tuple[list[int], list[list[int]]]:
    """How many rows each has to wait for, and which rows wait for it."""
    waiting, followers = [0] * len(rows), [list[int]() for _ in rows]
    of_key: dict[tuple[str, str], int] = {}
    of_thing: dict[str, int] = {}
    barrier: int | None = None
    for index, row in enumerate(rows):
        if row.about:
            before = {of_thing.get(row.about, barrier)}
            of_thing[row.about] = index
        else:
            before = set(of_thing.values()) or {barrier}
            of_thing.clear()
            barrier = index
        before.add(of_key.get((row.table, row.key)))
        of_key[row.table, row.key] = index
        for each in before - {None}:
            assert each is not None
            followers[each].append(index)
            waiting[index] += 1
    return waiting, followers
