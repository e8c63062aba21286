"""What a call costs, and the quota it is paid from (Graph, throttling limits, identity)."""

from __future__ import annotations

import re
from collections import deque

from .call import Call

WINDOW = 10.0
"""Seconds over which resource units are counted."""

_SMALL_PAGE = 20
_BASE = (
    (re.compile(r"/users"), 2),
    (re.compile(r"/groups/[^/]+/members(/.*)?"), 3),
    (re.compile(r"/groups/[^/]+/transitiveMembers(/.*)?"), 5),
)


def cost_of(call: Call) -> int:
    """Resource units of the call: a base by path, less with ``$select`` or a small ``$top``."""
    units = next((base for pattern, base in _BASE if pattern.fullmatch(call.path)), 1)
    units -= "$select" in call.query
    units += "$expand" in call.query
    top = call.query.get("$top", "")
    units -= top.isdecimal() and int(top) < _SMALL_PAGE
    return max(1, units)


class ResourceUnits:
    """The units spent in the last ten seconds. Refused calls count too (Graph, throttling)."""

    def __init__(self) -> None:
        self._spent: deque[tuple[float, int]] = deque()
        self._total = 0

    def spend(self, now: float, units: int, quota: int) -> float:
        """Count the units and answer the share of the quota in use; 0 without a quota."""
        if quota <= 0:
            return 0.0
        while self._spent and self._spent[0][0] <= now - WINDOW:
            self._total -= self._spent.popleft()[1]
        self._spent.append((now, units))
        self._total += units
        return self._total / quota
