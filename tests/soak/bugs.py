"""Bugs that are planted by hand, to show that they are found. None of them is in the program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import patch

import msgspec

from provisioning.apply.execution import Execution
from provisioning.discovery.feeds import Feeds
from provisioning.discovery.reading import USERS_FEED
from provisioning.errors import AnswerLost, WatermarkExpired
from provisioning.lease import HeldLease
from provisioning.model import CreateObject, ObjectType


def _watermark_moved_early() -> Any:
    """The watermark of a feed is stored before what the feed tells is taken in."""
    follow = Feeds.follow

    async def early(self: Any, name: str, mark: Any) -> bool:
        kind = ObjectType.USER if name == USERS_FEED else ObjectType.GROUP
        link = mark.link
        with suppress(WatermarkExpired):
            async for page in self._source.delta(kind, mark.link):
                link = page.delta_link or link
        moved = msgspec.structs.replace(mark, link=link)
        await self._job.store.write([self._job.watermarks.put(name, moved)])
        return await follow(self, name, mark)

    return patch.object(Feeds, "follow", early)


def _lease_not_fenced() -> Any:
    """Whoever has had the lease once believes to have it."""
    return patch.object(HeldLease, "may_send", lambda self: True)


def _lost_answer_repeated() -> Any:
    """A create whose answer got lost is sent again, without a look at what became of it."""
    write = Execution._write

    async def again(self: Any, writer: Any, case: Any, what: Any, item: Any, turn: Any) -> Any:
        try:
            return await write(self, writer, case, what, item, turn)
        except AnswerLost:
            if not isinstance(what, CreateObject):
                raise
            return await write(self, writer, case, what, item, None)

    return patch.object(Execution, "_write", again)


_PATCHES = {
    "watermark-early": _watermark_moved_early,
    "lease-not-fenced": _lease_not_fenced,
    "lost-answer-repeated": _lost_answer_repeated,
}

BUGS = tuple(_PATCHES)


_planted: list[Any] = []


@contextmanager
def planted(name: str) -> Iterator[None]:
    """The program with a bug."""
    patch = _PATCHES[name]()
    with patch:
        _planted.append(patch)
        try:
            yield
        finally:
            _planted.remove(patch)


@contextmanager
def none() -> Iterator[None]:
    """The program as it is, for a while, within ``planted``."""
    removed = list(_planted)
    for each in removed:
        each.__exit__(None, None, None)
    try:
        yield
    finally:
        for each in removed:
            each.__enter__()
