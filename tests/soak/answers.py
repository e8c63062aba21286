"""What the answers about an account said to whoever asked: so much can the program know of it.

A write whose answer was lost is followed by a look at the object. Where that look gets no answer
either, or nobody comes to it, the next one takes all that the object shows for the record: nobody
can tell what was sent from an edit by hand (design: target; ``DRIFT``). Then the plan writes what
Entra has.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from simulator.http import Response

_AT_ONCE = 60.0
"""Seconds within which the look at the object follows, if it is of the same execution."""

_PATH = re.compile(r"/Users/([^/?]+)$")


class Answers:
    """Follows what was asked about accounts. ``taken`` is told the id of each account of which all
    was taken for the record.
    """

    def __init__(self, time: Callable[[], float], taken: Callable[[str], None]) -> None:
        self._time, self._taken = time, taken
        self._lost: dict[str, float] = {}
        """When the answer to the last write of an account was lost."""
        self._in_batch: dict[str, float] = {}
        """When an account was last written in a batch: what a batch says is not always believed."""
        self._in_doubt: set[str] = set()

    def heard(self, method: str, url: str, body: bytes | None, answer: Response | None) -> None:
        """A request was answered, or got no answer (``None``)."""
        if method != "GET":
            self._written(url, body, answer)
        elif found := _PATH.search(url):
            self._looked(found[1], answer)

    def _written(self, url: str, body: bytes | None, answer: Response | None) -> None:
        said = answer is not None and answer.status < 500 and _is_whole(answer)
        together = url.endswith("/Bulk")
        for id in _in_batch(body) if together else _PATH.findall(url):
            if not said:
                self._lost[id] = self._time()
            elif together:
                self._in_batch[id] = self._time()

    def _looked(self, id: str, answer: Response | None) -> None:
        if answer is not None and answer.status == 429:
            return  # It is asked once more.
        lost, batch = self._lost.get(id), self._in_batch.get(id)
        if answer is None or answer.status not in (200, 404) or not _is_whole(answer):
            if lost is not None or (batch is not None and self._time() - batch < _AT_ONCE):
                self._in_doubt.add(id)
            return
        if id in self._in_doubt or (lost is not None and self._time() - lost > _AT_ONCE):
            self._taken(id)
        self._in_doubt.discard(id)
        self._lost.pop(id, None)
        self._in_batch.pop(id, None)


def _is_whole(answer: Response) -> bool:
    try:
        return not answer.body or bool(msgspec.json.decode(answer.body))
    except msgspec.DecodeError:
        return False


def _in_batch(body: bytes | None) -> list[str]:
    operations: list[Any] = msgspec.json.decode(body or b"{}").get("Operations", [])
    return [id for each in operations for id in _PATH.findall(each.get("path", ""))]
