"""Bugs that are planted by hand, to show that they are found. None of them is in the program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from provisioning.apply.execution import Execution
from provisioning.discovery.look import Look
from provisioning.errors import AnswerLost
from provisioning.lease import HeldLease
from provisioning.model import CreateObject


def _watermark_moved_early() -> Any:
    """The watermarks are stored before the keys that they cover are filed."""
    file = Look.file

    async def early(self: Any, *args: Any, **options: Any) -> None:
        marks = self._job.watermarks
        rows = [
            marks.drop(name) if mark is None else marks.put(name, mark)
            for name, mark in self._reading.watermarks.items()
        ]
        await self._job.store.write(rows)
        await file(self, *args, **options)

    return patch.object(Look, "file", early)


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


@contextmanager
def planted(name: str) -> Iterator[None]:
    """The program with a bug."""
    with _PATCHES[name]():
        yield
