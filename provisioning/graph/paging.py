"""Walking a paged answer of Graph to its end, and noticing when it has none.

Pure. A list that is not read to its end is no list: whatever is wrong with a page ends the read.
"""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.errors import ProtocolError
from provisioning.graph.urls import Endpoint
from provisioning.graph.wire import GRAPH, Request

EMPTY_PAGES = 1000
"""Empty pages in a row after which no end is expected. Some are normal (Graph: paging)."""


class Walk:
    """The pages of one list or delta round so far."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._followed: set[str] = set()
        self._last: Sequence[object] = ()
        self._empty = 0

    def follow(self, link: str, request: Request) -> None:
        """Raises ``ProtocolError`` for a link that leads elsewhere or was followed before."""
        self.check_origin(link, request)
        if link in self._followed:
            raise ProtocolError(GRAPH, request.operation, "the next link repeats")
        self._followed.add(link)

    def check_origin(self, link: str, request: Request) -> None:
        """Raises ``ProtocolError`` for a link that leads to another host."""
        if not self._endpoint.admits(self._endpoint.absolute(link)):
            raise ProtocolError(GRAPH, request.operation, "a link leads to another host")

    def take(self, rows: Sequence[object], request: Request, *, may_repeat: bool = False) -> None:
        """Notes the rows of a page. Raises ``ProtocolError`` for the page before once more, in
        whose place another one is missing, and when there is nothing but empty pages.

        ``may_repeat`` is for delta rounds, which may bring an object twice.
        """
        if rows and rows == self._last and not may_repeat:
            raise ProtocolError(GRAPH, request.operation, "a page repeats: the list is not whole")
        self._empty = 0 if rows else self._empty + 1
        if self._empty > EMPTY_PAGES:
            raise ProtocolError(GRAPH, request.operation, "empty pages without end")
        self._last = rows
