"""Hints: what may be out of date, stored until the holder of the lease has looked.

A hint names a key, or a list that is read as a whole; never a fact. The process that receives one
stores it; only the holder of the lease reads Entra into the mirror, and takes the hint off then.
One that comes again for the same thing is stored over the first, and one that came while the
holder looked stays.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from provisioning.model import Key
from provisioning.origins import Origins, marked, merged, origins_in
from provisioning.ports import Row, Store
from provisioning.rows.table import Table

FEEDS = "feeds"
"""The delta feeds alone: notifications may have been lost."""

ASSIGNMENTS = "assignments"
"""The list of assignments, which has neither notifications nor delta."""

PAUSE = 0.6
"""Seconds from the beginning of one look at hints to that of the next, if many follow."""

MANY = 8
"""Hints of one look that make it one of a flood: the next one comes later, and takes more."""

LONG_PAUSE = 3.0
"""Seconds from a look of a flood to the next: each costs a read of the feeds at least."""

AT_ONCE = 2
"""Looks more that need not wait for that: a few changes wait for nothing."""


class Hint(msgspec.Struct, frozen=True, kw_only=True):
    """``about`` is a key as text, ``FEEDS`` or ``ASSIGNMENTS``. Times are epoch seconds.

    ``due``: not to be looked at before, 0 for at once. ``told_at``: when it came; ``changed_at``:
    when the change was made, if Graph said so. ``mark`` differs each time a hint is stored, and
    holds who told of it.
    ``looked_at``: when the first look was, of a hint that waits for the second one, which catches
    what a lagging replica did not show at the first.
    """

    about: str
    mark: str
    told_at: float
    changed_at: float | None = None
    due: float = 0.0
    looked_at: float | None = None

    @property
    def origins(self) -> Origins:
        """Who told of it, for the traces."""
        return origins_in(self.mark)

    @property
    def key(self) -> Key | None:
        """The user or group that the hint names."""
        return None if self.about in (FEEDS, ASSIGNMENTS) else Key.parse(self.about)

    @property
    def again(self) -> bool:
        """Whether the first look has been."""
        return self.looked_at is not None

    @property
    def position(self) -> str:
        """Place among the hints: by the time it is due, then by what it is about."""
        return f"{self.due:017.3f}/{self.about}"


class Hints:
    """The stored hints of one job."""

    def __init__(self, store: Store, job: str) -> None:
        self._hints = Table(store, job, "hint", Hint)
        self._looked = Table(store, job, "hint_looked", float)

    def rows(self, hints: Iterable[Hint]) -> list[Row]:
        """Rows that store hints."""
        return [self._hints.put(hint.position, hint) for hint in hints]

    def taken(self, hint: Hint) -> Row:
        """The row that takes a hint off, unless it has come again meanwhile."""
        return self._hints.drop_if(hint.position, hint)

    def postponed(self, hints: Iterable[Hint], until: float) -> list[Row]:
        """Rows that have hints looked at later."""
        hints = list(hints)
        later = [msgspec.structs.replace(hint, due=until) for hint in hints]
        return [*self.rows(later), *(self.taken(hint) for hint in hints)]

    async def due(self, now: float, limit: int = 1000) -> list[Hint]:
        """Hints to look at now."""
        return [hint for _, hint in await self._hints.page(limit=limit) if hint.due <= now]

    async def merged(self, hints: Iterable[Hint]) -> list[Hint]:
        """The hints, each with the earlier times, and the origins, of the one that waits already
        for the same.
        """
        new = list(hints)
        waiting = await self._hints.get_many([hint.position for hint in new])
        return [_joined(hint, waiting.get(hint.position)) for hint in new]

    async def wait(self, now: float) -> float | None:
        """Seconds until there is a hint to look at: 0 for now, ``None`` when there is none.

        Between looks of which many follow each other is a pause: what comes meanwhile is looked
        at together.
        """
        rows = await self._hints.page(limit=1)
        if not rows:
            return None
        until = max(0.0, rows[0][1].due - now)
        if until > PAUSE:
            return until
        free = await self._free_at(now)
        return max(until, free - AT_ONCE * PAUSE - now)

    async def looked(self, now: float, hints: int = 1) -> Row:
        """The row that says that a look begins, at so many hints that are new."""
        if hints >= MANY:
            # Beyond what may follow at once: that is for a few changes.
            return self._looked.put("free", now + LONG_PAUSE + AT_ONCE * PAUSE)
        return self._looked.put("free", max(now, await self._free_at(now)) + PAUSE)

    async def _free_at(self, now: float) -> float:
        """When all looks so far have had their pause. A clock that ran ahead does not count."""
        free = await self._looked.get("free")
        return now if free is None else min(free, now + LONG_PAUSE + AT_ONCE * PAUSE)


def _joined(hint: Hint, before: Hint | None) -> Hint:
    if before is None:
        return hint
    changes = [at for at in (hint.changed_at, before.changed_at) if at is not None]
    return msgspec.structs.replace(
        hint,
        told_at=min(hint.told_at, before.told_at),
        changed_at=min(changes, default=None),
        mark=marked(hint.mark.partition(" ")[0], merged(before.origins, hint.origins)),
    )
