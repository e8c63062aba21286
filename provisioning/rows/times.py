"""Keys of rows that begin with a time, so that the rows lie in its order."""

from __future__ import annotations

import math

from provisioning.errors import StateDamaged, cut


def timed(at: float, rest: object) -> str:
    """The key of a row about something at a time, in epoch seconds."""
    return f"{at:017.3f}/{rest}"


def time_of(table: str, key: str) -> float:
    """The time in such a key. Raises ``StateDamaged``, naming the row, for a key without one."""
    try:
        at = float(key.partition("/")[0])
    except ValueError:
        at = math.nan
    if not math.isfinite(at):
        raise StateDamaged(f"the row {cut(key, 100)!r} of {table!r}", "its key begins with no time")
    return at
