"""The rate limit of 5 requests a second, and the measure that tells whether a client kept it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping
from email.utils import formatdate
from typing import Protocol

from simulator.http import Response, json_response
from simulator.zscloud.errors import CONTENT_TYPE, ScimError
from simulator.zscloud.options import Options

EPSILON = 1e-5  # seconds and tokens: epoch seconds as floats are only exact to 2.4e-7


class Limiter(Protocol):
    """``admit`` tells the seconds until a request would be admitted; 0 admits this one."""

    def admit(self, now: float) -> float: ...


class Unlimited:
    """Admits everything."""

    def admit(self, now: float) -> float:  # noqa: ARG002 - the shape of every limiter
        return 0.0


class TokenBucket:
    """Holds ``burst`` tokens, gains ``rate`` a second; a refused request takes none."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._capacity = float(max(1, burst))
        self._tokens = self._capacity
        self._seen: float | None = None

    def admit(self, now: float) -> float:
        gained = 0.0 if self._seen is None else max(0.0, now - self._seen) * self._rate
        self._tokens = min(self._capacity, self._tokens + gained)
        self._seen = now
        if self._tokens >= 1 - EPSILON:
            self._tokens = max(0.0, self._tokens - 1)
            return 0.0
        return (1 - self._tokens) / self._rate


class SlidingSecond:
    """Admits at most ``rate`` requests in any second; a refused request does not count.

    A rate below one is one request in ``1 / rate`` seconds.
    """

    def __init__(self, rate: float) -> None:
        self._allowed = max(1, math.floor(rate))
        self._window = 1.0 if rate >= 1 else 1 / rate
        self._admitted: deque[float] = deque()

    def admit(self, now: float) -> float:
        while self._admitted and now - self._admitted[0] >= self._window - EPSILON:
            self._admitted.popleft()
        if len(self._admitted) < self._allowed:
            self._admitted.append(now)
            return 0.0
        return self._admitted[0] + self._window - now


def limiter_for(options: Options) -> Limiter:
    """A fresh limiter of the kind that the options name."""
    if options.rate <= 0:
        return Unlimited()
    if options.limiter == "sliding":
        return SlidingSecond(options.rate)
    return TokenBucket(options.rate, options.burst)


def throttled(options: Options, now: float, wait: float) -> Response:
    """The 429 answer, in the form that the options name.

    Zscaler publishes none for SCIM; ``zero_seconds`` is the answer of its cloud API.
    """
    if options.retry_after == "zero_seconds":
        body = {
            "message": f"Rate Limit ({options.rate:g}/SECOND) exceeded",
            "Retry-After": "0 seconds",
        }
        return json_response(429, body, "application/json", {"retry-after": "0 seconds"})
    error = ScimError(429, f"Rate limit of {options.rate:g} requests a second exceeded")
    return json_response(429, error.document(), CONTENT_TYPE, _retry_after(options, now, wait))


def _retry_after(options: Options, now: float, wait: float) -> Mapping[str, str]:
    seconds = max(1, math.ceil(wait))
    if options.retry_after == "none":
        return {}
    if options.retry_after == "date":
        # HTTP dates have whole seconds: rounding down would name a moment that is too early.
        return {"retry-after": formatdate(math.ceil(now + wait), usegmt=True)}
    return {"retry-after": str(seconds)}


def max_in_any_second(times: Iterable[float], tolerance: float = 0.010) -> int:
    """The most requests that arrived within one sliding second, short of ``tolerance`` seconds.

    ``times`` are arrivals in seconds, in any order. Requests that are ``1 - tolerance`` or more
    apart do not count together, so that the jitter of a network is not held against a client.
    """
    ordered = sorted(times)
    most = first = 0
    for last, time in enumerate(ordered):
        while time - ordered[first] >= 1 - tolerance - EPSILON:
            first += 1
        most = max(most, last - first + 1)
    return most
