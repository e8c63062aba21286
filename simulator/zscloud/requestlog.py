"""What the simulator saw: requests, and the rules that they broke."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request below the SCIM base path or beside it.

    ``time``: arrival, seconds since the epoch. ``path``: decoded, below the SCIM base path.
    ``query``: as it was sent. ``status``: 0 while the answer is pending; of a dropped connection
    the status that the caller never saw. ``size``: bytes of the body. ``body``: the parsed JSON,
    if bodies are kept.
    """

    time: float
    method: str
    path: str
    query: str
    size: int
    status: int = 0
    dropped: bool = False
    body: Any = None


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a request broke in strict mode. A ``wasteful`` request was served all the same.

    ``time``: arrival of the request, seconds since the epoch.
    """

    time: float
    method: str
    path: str
    rule: str
    detail: str
    kind: Literal["refused", "wasteful"] = "refused"


class RequestLog:
    """Requests in the order of arrival."""

    def __init__(self) -> None:
        self._requests: list[LoggedRequest] = []

    def __len__(self) -> int:
        return len(self._requests)

    def __iter__(self) -> Iterator[LoggedRequest]:
        return iter(tuple(self._requests))

    def __getitem__(self, index: int) -> LoggedRequest:
        return self._requests[index]

    def arrive(self, request: LoggedRequest) -> int:
        """Add a request without an answer; the number is for ``answer``."""
        self._requests.append(request)
        return len(self._requests) - 1

    def answer(self, number: int, status: int, *, dropped: bool) -> None:
        """Note how a request was answered."""
        self._requests[number] = replace(self._requests[number], status=status, dropped=dropped)

    def since(self, time: float) -> list[LoggedRequest]:
        """The requests that arrived at or after the time."""
        return [request for request in self._requests if request.time >= time]

    def times(self) -> list[float]:
        """The arrivals, for ``max_in_any_second``."""
        return [request.time for request in self._requests]
