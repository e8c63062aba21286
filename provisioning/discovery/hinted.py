"""A look at what hints tell of: the feeds that they touch, and the named keys themselves.

It costs by what was told, not by what there is: a feed is read from its watermark, a key only if
no feed has news of it. A notification may come before the replica that answers has the change, so
that every first look is followed by a second one.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from provisioning.discovery.assignments import Assignments
from provisioning.discovery.feeds import Feeds
from provisioning.discovery.filing import Since
from provisioning.discovery.look import Look, is_usable
from provisioning.discovery.reading import USERS_FEED
from provisioning.errors import RemoteError, SourceImplausible
from provisioning.hints import ASSIGNMENTS, FEEDS, Hint
from provisioning.job import Watermark
from provisioning.lanes import Lane
from provisioning.model import Key, ObjectType
from provisioning.ports import Row

_AGAIN_AFTER = 90.0
"""Seconds to the second look: replicas lag by less (Graph: delta query, change notifications)."""

_GRID = 15.0
"""Second looks that are due within so many seconds are one."""

_RETRY_AFTER = 15.0
"""Seconds until hints are taken up again after Graph could not be read."""


class HintedLook(Look):
    """Takes up stored hints: reads, files what differs, and only then takes them off."""

    async def take_up(self, hints: Sequence[Hint]) -> None:
        """Raises what Graph could not be read for; the hints wait for another try then."""
        await self._job.store.write([await self._job.hints.looked(self._job.clock.time())])
        try:
            keys = await self._read_hinted(hints)
            since = _since(hints, self._assignments)
            await self.file(keys, Lane.LIVE, frozenset(), told=True, since=since)
        except (RemoteError, SourceImplausible):
            await self._job.store.write(self._postponed(hints))
            raise
        await self._job.store.write([*self._second_look(hints), *self._taken(hints)])

    async def _read_hinted(self, hints: Sequence[Hint]) -> set[Key]:
        marks = {name: mark async for name, mark in self._job.watermarks.all()}
        if USERS_FEED not in marks:
            return set()  # Nothing was ever read in full: the initial cycle reads everything.
        await self._facts.take_up()
        named = frozenset(hint.key for hint in hints if hint.key is not None)
        shown = await self._follow(marks, hints, named)
        if any(hint.about == ASSIGNMENTS for hint in hints):
            await self._assignments.compare_live()
        await self._read_unseen(sorted(named - shown), hints)
        return set(self._facts.affected)

    async def _follow(
        self, marks: dict[str, Watermark], hints: Sequence[Hint], named: frozenset[Key]
    ) -> set[Key]:
        """Reads the feeds that may have news of what was told. Those of the named keys that they
        showed. A feed whose watermark is too old is left to the next cycle, which reads in full.
        """
        feeds = Feeds(self._job, self._source, self._facts, self._reading, named)
        everything = any(hint.about == FEEDS for hint in hints)
        now = self._job.clock.time()
        for name, mark in sorted(marks.items(), reverse=True):
            if is_usable(mark, now) and (everything or _concerns(name, mark, named)):
                await feeds.follow(name, mark)
        return feeds.shown

    async def _read_unseen(self, keys: Sequence[Key], hints: Sequence[Hint]) -> None:
        """Reads named keys that no feed had news of; groups with their members only at the second
        look, since their feeds seldom lag so long, and a member list may be long.
        """
        users = [key.id for key in keys if key.type is ObjectType.USER]
        if users:
            await self._reading.read_users(users)
        again = {hint.key for hint in hints if hint.again}
        groups = [key.id for key in keys if key.type is ObjectType.GROUP and key in again]
        if groups:
            await self._reading.read_groups(groups)

    def _second_look(self, hints: Sequence[Hint]) -> list[Row]:
        """Rows that have the same looked at once more, for hints that came for the first time."""
        now = self._job.clock.time()
        due = (now + _AGAIN_AFTER) // _GRID * _GRID + _GRID
        return self._job.hints.rows(
            msgspec.structs.replace(hint, due=due, again=True, mark=self._job.ids.new())
            for hint in hints
            if not hint.again and hint.about != ASSIGNMENTS
        )

    def _postponed(self, hints: Sequence[Hint]) -> list[Row]:
        due = self._job.clock.time() + _RETRY_AFTER
        later = [msgspec.structs.replace(hint, due=due) for hint in hints]
        return [*self._job.hints.rows(later), *self._taken(hints)]

    def _taken(self, hints: Sequence[Hint]) -> list[Row]:
        return [self._job.hints.taken(hint) for hint in hints]


def _concerns(name: str, mark: Watermark, named: frozenset[Key]) -> bool:
    """Whether a feed may have news of one of the named keys."""
    if name == USERS_FEED:
        return any(key.type is ObjectType.USER for key in named)
    groups = {key.id for key in named if key.type is ObjectType.GROUP}
    return bool(groups) if not mark.ids else not groups.isdisjoint(mark.ids)


def _since(hints: Sequence[Hint], assignments: Assignments) -> Since:
    """When what is filed was changed: as Graph says, else when we were first told."""
    first = [hint for hint in hints if not hint.again]
    by_key = {h.key: h.changed_at for h in first if h.key is not None and h.changed_at is not None}
    for assignment in assignments.added.values():
        by_key.setdefault(assignment.principal, assignment.created or hints[0].told_at)
    return Since(min(hint.told_at for hint in first or hints), by_key)
