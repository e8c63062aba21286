"""Where stories are killed: at few of their steps with the suite, at all that are meant to be
tried with ``THOROUGH=1``.
"""

from __future__ import annotations

from tests.thoroughness import THOROUGH

_SELDOM = 12


def kills(first: int, total: int, every: int) -> range:
    """Each ``every``th step from ``first`` to before ``total``; without ``THOROUGH=1`` one of
    twelve, others for each ``first``.
    """
    if THOROUGH:
        return range(first, total, every)
    start = first + every * (first * 5 % _SELDOM)
    return range(min(start, total - 1), total, every * _SELDOM)
