"""A sorted set of keys in memory."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

from provisioning.rows.key_range import KeyRange

_BLOCK = 1000


class SortedKeys:
    """Unique strings in order, in blocks of up to twice ``_BLOCK``.

    A change moves one block only, which stays fast with hundreds of thousands of keys. No block
    is empty, and none holds a key above its last in ``_lasts``. A range must not be read on while
    keys are added or dropped.
    """

    def __init__(self, keys: Iterable[str] = ()) -> None:
        ordered = sorted(keys)
        self._blocks = [ordered[n : n + _BLOCK] for n in range(0, len(ordered), _BLOCK)]
        self._lasts = [block[-1] for block in self._blocks]

    def add(self, key: str) -> None:
        """Puts in a key that is not there yet."""
        if not self._blocks:
            self._blocks.append([key])
            self._lasts.append(key)
            return
        if key > self._lasts[-1]:
            # What is kept in the order of time comes last, always.
            index, block = len(self._blocks) - 1, self._blocks[-1]
            block.append(key)
        else:
            index = bisect_left(self._lasts, key)
            block = self._blocks[index]
            insort(block, key)
        if len(block) > 2 * _BLOCK:
            self._blocks[index : index + 1] = [block[:_BLOCK], block[_BLOCK:]]
            self._lasts[index : index + 1] = [block[_BLOCK - 1], block[-1]]
        else:
            self._lasts[index] = block[-1]

    def drop(self, key: str) -> None:
        """Takes out a key that is there."""
        index = bisect_left(self._lasts, key)
        block = self._blocks[index]
        del block[bisect_left(block, key)]
        if not block:
            del self._blocks[index], self._lasts[index]

    def between(self, keys: KeyRange, *, reverse: bool = False) -> Iterator[str]:
        """The keys in the range, in order."""
        if keys.empty:
            return
        (first, start), (last, stop) = self._place(keys.low), self._end(keys)
        indexes = range(first, min(last, len(self._blocks) - 1) + 1)
        for index in reversed(indexes) if reverse else indexes:
            block = self._blocks[index]
            begin = start if index == first else 0
            end = stop if index == last else len(block)
            yield from reversed(block[begin:end]) if reverse else block[begin:end]

    def count(self, keys: KeyRange) -> int:
        """How many keys are in the range."""
        if keys.empty:
            return 0
        (first, start), (last, stop) = self._place(keys.low), self._end(keys)
        return sum(len(block) for block in self._blocks[first:last]) - start + stop

    def _end(self, keys: KeyRange) -> tuple[int, int]:
        return (len(self._blocks), 0) if keys.high is None else self._place(keys.high)

    def _place(self, key: str) -> tuple[int, int]:
        """Block and position of the first key that is not below ``key``."""
        index = bisect_left(self._lasts, key)
        if index == len(self._blocks):
            return index, 0
        return index, bisect_left(self._blocks[index], key)
