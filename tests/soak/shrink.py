"""A failing script made small, by leaving out what it does not need (delta debugging: Zeller and
Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

E = TypeVar("E")


def shrink(events: Sequence[E], fails: Callable[[Sequence[E]], bool], tries: int) -> list[E]:
    """A part of the events that still fails, and from which no single one can be left out; unless
    the ``tries`` ran out before.
    """
    left, parts = list(events), 2
    while len(left) >= 2 and tries > 0:
        size = -(-len(left) // parts)
        for begin in range(0, len(left), size):
            rest = left[:begin] + left[begin + size :]
            tries -= 1
            if rest and fails(rest):
                left, parts = rest, max(parts - 1, 2)
                break
            if tries <= 0:
                break
        else:
            if size == 1:
                break
            parts = min(parts * 2, len(left))
    return left
