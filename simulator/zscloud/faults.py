"""Faults that can be set while the simulator runs."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any, Literal

from simulator.http import Request, Response
from simulator.zscloud.errors import ScimError

WRITES = ("POST", "PUT", "PATCH", "DELETE")
_PROXY_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>Bad gateway</body></html>"


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong. Counts run down, shares (0 to 1) are drawn from a seeded generator.

    ``methods`` and ``path_contains`` narrow which requests are hit; empty means all. They do not
    narrow latency, ``repeat_pages`` and ``list_order``.
    ``latency``: seconds before every answer, plus up to ``latency_spread`` drawn evenly.
    ``slow_next``, ``slow_share``: the work is done, the answer comes ``slow_seconds`` later.
    ``fail_next``, ``fail_share``: ``fail_status`` is answered before anything is done;
    ``fail_retry_after`` is its Retry-After header, none if empty.
    ``fail_every_write``: every Nth write is answered 500 before anything is done. With
    ``fail_again`` the same write fails as often as it is sent again, until the faults are set anew,
    as one does whose data a server stumbles over.
    ``html_next``, ``html_share``: likewise, a proxy's error page with status 502.
    ``lose_next``, ``lose_share``: the write is done, but the caller gets a broken connection or
    a 500. ``truncate_next``, ``truncate_share``: the JSON of an answer ends halfway.
    ``break_next``: so many bulk requests are done by half, then answered 500.
    ``repeat_pages``: so many listings from startIndex 2 on get the rows of the page before.
    ``list_order``: every listing has another order.
    """

    seed: int = 0
    methods: tuple[str, ...] = ()
    path_contains: str = ""
    latency: float = 0.0
    latency_spread: float = 0.0
    slow_next: int = 0
    slow_share: float = 0.0
    slow_seconds: float = 30.0
    fail_next: int = 0
    fail_share: float = 0.0
    fail_status: int = 500
    fail_retry_after: str = ""
    fail_every_write: int = 0
    fail_again: bool = False
    html_next: int = 0
    html_share: float = 0.0
    lose_next: int = 0
    lose_share: float = 0.0
    lose_by: Literal["drop", "500"] = "drop"
    truncate_next: int = 0
    truncate_share: float = 0.0
    break_next: int = 0
    repeat_pages: int = 0
    list_order: Literal["stable", "shuffled"] = "stable"


class FaultInjector:
    """Applies the faults that are set. ``faults`` shows them with the counts that are left."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._random = random.Random(faults.seed)
        self._writes = 0
        self._failed: set[tuple[str, str, bytes]] = set()

    def set(self, faults: Faults) -> None:
        """Replace the faults; the generator starts anew from their seed."""
        self.faults = faults
        self._random = random.Random(faults.seed)
        self._writes = 0
        self._failed = set()

    def latency(self) -> float:
        """Seconds to wait before this answer."""
        spread = self.faults.latency_spread
        return self.faults.latency + (self._random.uniform(0, spread) if spread else 0.0)

    def before(self, request: Request) -> Response | None:
        """The answer that is given instead of doing anything, if any."""
        if not self._hits(request):
            return None
        if self._strikes("html_next", self.faults.html_share):
            return Response(502, {"content-type": "text/html"}, _PROXY_PAGE)
        if self._strikes("fail_next", self.faults.fail_share):
            return self._failure(self.faults.fail_status)
        if request.method in WRITES and self.faults.fail_every_write:
            return self._nth_write(request)
        return None

    def _nth_write(self, request: Request) -> Response | None:
        write = (request.method, request.path, request.body)
        if write in self._failed:
            return self._failure(500)
        self._writes += 1
        if self._writes % self.faults.fail_every_write:
            return None
        if self.faults.fail_again:
            self._failed.add(write)
        return self._failure(500)

    def after(self, request: Request, answer: Response) -> tuple[Response, float]:
        """What becomes of an answer, and the seconds by which it is late."""
        if not self._hits(request):
            return answer, 0.0
        late = self._strikes("slow_next", self.faults.slow_share)
        delay = self.faults.slow_seconds if late else 0.0
        done = request.method in WRITES and answer.status < 300
        if done and self._strikes("lose_next", self.faults.lose_share):
            if self.faults.lose_by == "drop":
                return replace(answer, drop=True), delay
            return ScimError(500, "The answer was lost").response(), delay
        if answer.body and self._strikes("truncate_next", self.faults.truncate_share):
            return replace(answer, body=answer.body[: len(answer.body) // 2]), delay
        return answer, delay

    def breaks(self) -> bool:
        """Whether the server gives up in the middle of this bulk request."""
        return self._strikes("break_next", 0.0)

    def page_start(self, start: int, size: int) -> int:
        """The zero-based row where a listing really begins."""
        if start > 0 and self.faults.repeat_pages > 0:
            self._count_down("repeat_pages")
            return max(0, start - size)
        return start

    def ordered(self, rows: list[Any]) -> list[Any]:
        """The rows of a listing in the order in which it shows them."""
        if self.faults.list_order == "stable":
            return rows
        return self._random.sample(rows, len(rows))

    def _hits(self, request: Request) -> bool:
        methods = self.faults.methods
        return (not methods or request.method in methods) and (
            self.faults.path_contains in request.path
        )

    def _strikes(self, count: str, share: float) -> bool:
        if getattr(self.faults, count) > 0:
            self._count_down(count)
            return True
        return share > 0 and self._random.random() < share

    def _count_down(self, count: str) -> None:
        changes: dict[str, Any] = {count: getattr(self.faults, count) - 1}
        self.faults = replace(self.faults, **changes)

    def _failure(self, status: int) -> Response:
        after = self.faults.fail_retry_after
        headers = {"retry-after": after} if after else {}
        return ScimError(status, "The service failed", headers=headers).response()
