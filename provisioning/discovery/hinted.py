"""A look at what hints tell of: the feeds that they touch, and the named keys themselves.

It costs by what was told, not by what there is: a feed is read from its watermark, a key only if
no feed has news of it. A notification may come before the replica that answers has the change, so
that every first look is followed by a second one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from provisioning.discovery.assignments import Assignments
from provisioning.discovery.feeds import Feeds
from provisioning.discovery.look import Look, is_usable
from provisioning.discovery.reading import USERS_FEED
from provisioning.discovery.since import Since
from provisioning.errors import LeaseUnavailable, StoreUnavailable
from provisioning.hints import ASSIGNMENTS, FEEDS, Hint
from provisioning.job import Watermark
from provisioning.lanes import Lane
from provisioning.model import Key, ObjectType
from provisioning.origins import marked, merged
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
        """Raises what kept the look from its end; the hints wait for another try then."""
        # Not waited for: it only spaces the looks.
        now = self._job.clock.time()
        new = sum(not hint.again for hint in hints)
        self._job.store.defer([await self._job.hints.looked(now, new)])
        try:
            shown = await self._read_hinted(hints)
            since = _since(hints, self._assignments)
            await self.file(Lane.LIVE, frozenset(), told=True, since=since)
        except (LeaseUnavailable, StoreUnavailable):
            raise  # Nothing can be stored now; the hints are where they were.
        except Exception:
            later = self._job.clock.time() + _RETRY_AFTER
            await self._job.store.write(self._job.hints.postponed(hints, later))
            raise
        taken = [self._job.hints.taken(hint) for hint in hints]
        await self._job.store.write([*self._second_look(hints, shown), *taken])

    async def _read_hinted(self, hints: Sequence[Hint]) -> set[Key]:
        """Reads what the hints tell of. Those of the named keys that a feed had news of."""
        # Side by side: a leaver waits for every answer of the store.
        marks, _, _ = await asyncio.gather(
            self._job.watermarks.page(),
            self._facts.take_up(),
            self._application.check_if_due(),
        )
        if all(name != USERS_FEED for name, _ in marks) or await self.asks_for_more():
            return set()  # Nothing of it was ever read in full: the next cycle reads everything.
        named = frozenset(hint.key for hint in hints if hint.key is not None)
        shown = await self._follow(dict(marks), hints, named)
        listed = any(hint.about == ASSIGNMENTS for hint in hints)
        if listed and not self._job.rules.scope.everyone:
            await self._assignments.compare_live()
            await self._restored.seen(self._assignments.new_users)
        await self._read_unseen([hint for hint in hints if hint.key not in shown])
        if self._restored.anybody:
            await self._restored.take_up()
        return shown

    async def _follow(
        self, marks: dict[str, Watermark], hints: Sequence[Hint], named: frozenset[Key]
    ) -> set[Key]:
        """Reads the feeds that may have news of what was told. Those of the named keys that they
        showed. A feed whose watermark is too old is left to the next cycle, which reads in full.
        """
        feeds = Feeds(self._job, self._source, self._facts, self._reading, self._restored, named)
        everything = any(hint.about == FEEDS for hint in hints)
        now = self._job.clock.time()
        for name, mark in sorted(marks.items(), reverse=True):
            if is_usable(mark, now) and (everything or _concerns(name, mark, named)):
                await feeds.follow(name, mark)
        return feeds.shown

    async def _read_unseen(self, hints: Sequence[Hint]) -> None:
        """Reads named users that no feed had news of, unless something newer than the first look is
        known: a replica may lag, and a plain read would turn that back. Groups are left to their
        feeds: a list of members that a lagging replica shows twice would be believed.
        """
        users = {
            hint.key.id: hint
            for hint in hints
            if hint.key is not None and hint.key.type is ObjectType.USER
        }
        known = await self._job.mirror.users.get_many(users)
        wanted = [
            id
            for id, hint in users.items()
            if hint.looked_at is None or id not in known or known[id].read_at <= hint.looked_at
        ]
        if wanted:
            await self._reading.read_users(wanted)

    def _second_look(self, hints: Sequence[Hint], shown: set[Key]) -> list[Row]:
        """Rows that have the same looked at once more, for hints that came for the first time.

        Whom a feed had news of is left to the feed then, too.
        """
        now = self._job.clock.time()
        due = (now + _AGAIN_AFTER) // _GRID * _GRID + _GRID
        return self._job.hints.rows(
            msgspec.structs.replace(
                hint,
                due=due,
                looked_at=0.0 if hint.key in shown else now,
                mark=marked(self._job.ids.new(), hint.origins),
            )
            for hint in hints
            if not hint.again and hint.about != ASSIGNMENTS
        )


def _concerns(name: str, mark: Watermark, named: frozenset[Key]) -> bool:
    """Whether a feed may have news of one of the named keys."""
    if name == USERS_FEED:
        return any(key.type is ObjectType.USER for key in named)
    groups = {key.id for key in named if key.type is ObjectType.GROUP}
    return bool(groups) if not mark.ids else not groups.isdisjoint(mark.ids)


def _since(hints: Sequence[Hint], assignments: Assignments) -> Since:
    """When what is filed was changed: as Graph says, else when we were first told; and by whom."""
    first = [hint for hint in hints if not hint.again]
    by_key = {h.key: h.changed_at for h in first if h.key is not None and h.changed_at is not None}
    for hint in hints:
        if hint.again and hint.key is not None:  # found late: it counts from the first time
            by_key.setdefault(hint.key, hint.changed_at or hint.told_at)
    for assignment in assignments.added.values():
        by_key.setdefault(assignment.principal, assignment.created or hints[0].told_at)
    return Since(
        min(hint.told_at for hint in first or hints),
        by_key,
        merged(*(hint.origins for hint in hints)),
        {hint.key: merged(hint.origins) for hint in hints if hint.key is not None},
    )
