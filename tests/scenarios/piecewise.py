"""A store without transactions: a write takes effect bit by bit, in any order that is allowed.

What Azure Table Storage may do at its worst: between two bits the process may die, and other
processes may read.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Sequence

from provisioning.ports import Row
from provisioning.rows.key_range import check_keys
from provisioning.state.memory import MemoryStore, _Table
from tests.scenarios.simulation import RunningClock

_MOST_AT_ONCE = 6


class PiecewiseStore(MemoryStore):
    """Memory that is written in pieces of a few rows. ``seed`` decides which come first."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__(time=RunningClock().time)
        self._random = random.Random(seed)

    async def write(self, rows: Sequence[Row]) -> None:
        check_keys(rows)
        for piece in pieces(rows, self._random):
            await asyncio.sleep(0)
            for row in piece:
                self._tables.setdefault(row.table, _Table()).apply(row)


def pieces(rows: Sequence[Row], choice: random.Random) -> Iterator[list[Row]]:
    """The rows in pieces, in one of the orders that ``Row.about`` allows."""
    left = list(rows)
    while left:
        piece = []
        for _ in range(choice.randint(1, _MOST_AT_ONCE)):
            ready = list(_ready(left))
            if not ready:
                break
            piece.append(left.pop(choice.choice(ready)))
        yield piece


def _ready(rows: Sequence[Row]) -> Iterator[int]:
    """Indexes of rows that nothing before them holds back."""
    things: set[str] = set()
    keys: set[tuple[str, str]] = set()
    for index, row in enumerate(rows):
        place = (row.table, row.key)
        if not row.about:
            if index == 0:
                yield index
            return
        if row.about not in things and place not in keys:
            yield index
        things.add(row.about)
        keys.add(place)
