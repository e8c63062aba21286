"""When the next request to Graph may go, by what its answers say of the allowance.

Graph counts resource units of an application in a tenant over ten seconds. From 0.8 of the limit on
answers say how near it is, and requests that are refused count as well (Graph: throttling limits).
So what one answer says holds for all requests that are under way.
"""

from __future__ import annotations

from provisioning.graph.wire import Answer

_WINDOW = 10.0
_NEAR = 0.8

LONGEST = 60.0
"""Seconds that one answer keeps others from being sent. What asks for more has failed its read."""

_CLOSE_ENOUGH = 0.001


class Allowance:
    """What is left of it, as far as the answers so far have said."""

    def __init__(self) -> None:
        self._not_before = 0.0

    def observe(self, answer: Answer) -> None:
        """Takes in what an answer says: to wait, or how much of the limit is used."""
        pause = _WINDOW * max(0.0, _used(answer) - _NEAR)
        if answer.status in (429, 503):
            pause = max(pause, answer.retry_after or 0.0)
        if pause:
            self._not_before = max(self._not_before, answer.time + min(pause, LONGEST))

    def wait(self, now: float) -> float:
        """Seconds until the next request may be sent."""
        left = self._not_before - now
        return left if left > _CLOSE_ENOUGH else 0.0


def _used(answer: Answer) -> float:
    """The share of the limit that is used, from 0.8 to 1.8; 0 where it is not said."""
    try:
        share = float(answer.headers.get("x-ms-throttle-limit-percentage", ""))
    except ValueError:
        return 0.0
    return share if 0.0 <= share <= 10.0 else 0.0
