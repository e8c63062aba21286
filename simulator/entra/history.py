"""State that can be read as of an earlier moment: what a lagging replica would still answer."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from typing import Generic, TypeVar

from .model import Change, ChangeKind, ObjectKind

V = TypeVar("V")


class Versioned(Generic[V]):
    """Values by key, with the value each change replaced.

    A position is a journal sequence number; a read "as of" position n sees the changes 1 to n.
    Values put at position 0 were always there.
    """

    def __init__(self) -> None:
        self._current: dict[str, V] = {}
        self._replaced: dict[str, list[tuple[int, V | None]]] = {}
        self._turns: list[tuple[int, str]] = []
        self._ordered: list[str] | None = None

    def get(self, key: str, at: int | None = None) -> V | None:
        """The value as of the position (now, when it is not given), or None."""
        if at is not None:
            for sequence, before in self._replaced.get(key, ()):
                if sequence > at:
                    return before
        return self._current.get(key)

    def earlier(self, key: str, at: int) -> list[V]:
        """The values that changes up to the position replaced, newest first."""
        replaced = reversed(self._replaced.get(key, ()))
        return [value for sequence, value in replaced if sequence <= at and value is not None]

    def put(self, key: str, value: V | None, sequence: int) -> None:
        """Set the value as of the position; None takes the key away."""
        before = self._current.get(key)
        if sequence:
            self._replaced.setdefault(key, []).append((sequence, before))
        if value is None:
            self._current.pop(key, None)
        else:
            self._current[key] = value
        if (before is None) is not (value is None):
            self._turn(key, sequence, appeared=value is not None)

    def _turn(self, key: str, sequence: int, *, appeared: bool) -> None:
        if sequence:
            self._turns.append((sequence, key))
        if self._ordered is None:
            return
        if appeared:
            insort(self._ordered, key)
        else:
            del self._ordered[bisect_left(self._ordered, key)]

    def keys(self, at: int) -> Sequence[str]:
        """The keys present as of the position, sorted. The caller must not change the answer."""
        if self._ordered is None:
            self._ordered = sorted(self._current)
        first = bisect_right(self._turns, at, key=lambda turn: turn[0])
        later = {key for _, key in self._turns[first:]}
        if not later:
            return self._ordered
        kept = [key for key in self._ordered if key not in later]
        kept.extend(key for key in later if self.get(key, at) is not None)
        kept.sort()
        return kept

    def __contains__(self, key: object) -> bool:
        return key in self._current

    def __len__(self) -> int:
        return len(self._current)

    def current(self) -> dict[str, V]:
        """All values of now, for the tenant itself. Not to be changed."""
        return self._current


class Journal:
    """Every change since the tenant opened, in order. Sequence numbers start at 1."""

    def __init__(self) -> None:
        self.changes: list[Change] = []

    @property
    def position(self) -> int:
        """The sequence of the newest change, 0 before the first."""
        return len(self.changes)

    def append(
        self,
        time: float,
        kind: ChangeKind,
        object_kind: ObjectKind,
        object_id: str,
        properties: frozenset[str] = frozenset(),
        member_id: str | None = None,
    ) -> Change:
        change = Change(
            self.position + 1, time, kind, object_kind, object_id, properties, member_id
        )
        self.changes.append(change)
        return change

    def position_at(self, time: float) -> int:
        """The position that a replica shows which has seen the changes up to this time."""
        return bisect_right(self.changes, time, key=lambda change: change.time)

    def between(self, after: int, until: int) -> Sequence[Change]:
        """The changes with ``after`` < sequence <= ``until``."""
        return self.changes[after:until]
