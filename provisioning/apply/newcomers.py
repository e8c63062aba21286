"""Users who are worked on at this moment: some of them are about to get an account."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager

from provisioning.case import Case
from provisioning.lanes import Aspect, Lane, WorkItem
from provisioning.model import Key, ObjectType


class Newcomers:
    """Who is worked on, and which groups expect whom of them."""

    def __init__(self) -> None:
        self._working: dict[Key, tuple[Lane, asyncio.Event]] = {}
        self._watching: list[dict[Key, Lane]] = []
        self._expected: dict[Key, set[Key]] = {}

    def begin(self, item: WorkItem) -> None:
        """The item is worked on, until it is done with."""
        if item.key.type is ObjectType.USER and item.aspect is Aspect.OBJECT:
            self._working[item.key] = (item.lane, asyncio.Event())
            for seen in self._watching:
                seen[item.key] = item.lane

    @contextmanager
    def watched(self) -> Iterator[dict[Key, Lane]]:
        """All who are worked on meanwhile, with their lanes: who gets an account while a case is
        made may be missing in it.
        """
        seen = {key: lane for key, (lane, _) in self._working.items()}
        self._watching.append(seen)
        try:
            yield seen
        finally:
            self._watching = [each for each in self._watching if each is not seen]

    def still(self, keys: Iterable[Key]) -> list[Key]:
        """Those who are worked on yet."""
        return [key for key in keys if key in self._working]

    async def settled(self, keys: Iterable[Key]) -> None:
        """Returns when what becomes of them is recorded."""
        for key in keys:
            if key in self._working:
                await self._working[key][1].wait()

    def expect(self, group: Key, users: Collection[Key]) -> None:
        """The group's own work makes members of them: it stays in the work set as long."""
        self._expected.setdefault(group, set()).update(users)

    def done_with(self, key: Key) -> None:
        """The key's work has ended, or is interrupted."""
        self._expected.pop(key, None)
        worked = self._working.pop(key, None)
        if worked is not None:
            worked[1].set()

    def is_expected(self, group: Key, user: Key) -> bool:
        """Whether the group need not be worked again because the user has an account now."""
        return user in self._expected.get(group, ())


def coming(case: Case, item: WorkItem, seen: Mapping[Key, Lane]) -> tuple[Key, ...]:
    """The members without an account who may be about to get one. No group waits for users who are
    less urgent.
    """
    if case.key.type is not ObjectType.GROUP or not seen:
        return ()
    return tuple(sorted(key for key in case.missing if key in seen and seen[key] <= item.lane))
