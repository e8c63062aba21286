"""What one look touches, and how it is written: remembered until it is filed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from provisioning.discovery.removed import RemovedFacts
from provisioning.job import Job
from provisioning.model import Key
from provisioning.ports import Row
from provisioning.rows.order import in_steps

_MOST_KNOWN = 50_000
"""Keys known to be stored already, at most: of the others the row is written once more."""

ROWS_TOGETHER = 1000
"""Rows that are written together."""

_BY_A_LOOK = "look"
"""What a look stores with a key. Others leave it empty, and may do so while a look files."""


class Touched:
    """The keys that something happened to.

    They are stored in the write that says what happened, until they are filed: a look that ends
    half-way has changed the mirror, and the next one would see no difference any more. The store
    has them, and not this process: they may be everybody.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self.found = 0
        """Principals that this look has come upon so far."""
        self._known: set[Key] = set()
        self._unstored: set[Key] = set()
        self._of_others: set[str] = set()
        self._anew_since: float | None = None
        self._touched = job.touched
        self.removed = RemovedFacts(job)

    def touch(self, *keys: Key) -> None:
        """Something happened to these keys: they are to be evaluated."""
        if self._anew_since is not None:
            return
        new = [key for key in keys if key not in self._known]
        self.found += len(new)
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        self._known.update(new)
        self._unstored.update(new)

    async def write(self, *steps: Sequence[Row]) -> None:
        """Stores rows step by step: what tells that there is something to do goes last."""
        touched = [self._touched.put(str(key), _BY_A_LOOK) for key in sorted(self._unstored)]
        self._unstored.clear()
        first = [row for rows in steps for row in rows if self.removed.remembers(row)]
        rest = [[row for row in rows if not self.removed.remembers(row)] for rows in steps]
        near = self._job.near_scope
        news = await near.has_news([row for rows in rest for row in rows])
        rest.append([near.renewed(self._job.ids.new())] if news else [])
        await self._job.store.write(in_steps([*touched, *first], *rest))

    async def remember(self) -> None:
        """Stores what was touched so far, until it is filed."""
        if self._unstored:
            await self.write([])

    async def remember_many(self) -> None:
        """Stores what was touched so far, if that is much."""
        if len(self._unstored) >= ROWS_TOGETHER:
            await self.remember()

    def begin_anew(self) -> None:
        """Everybody is read and evaluated: what is touched need not be stored."""
        self._anew_since = self._job.clock.time()

    def came_upon(self, read_before: float | None) -> None:
        """Counts a user, where all are read: those that this look has not read before."""
        if self._anew_since is not None and (read_before or 0.0) < self._anew_since:
            self.found += 1

    async def take_up(self) -> None:
        """Reads what earlier looks touched and did not come to file: mostly nothing, which is
        known from then on without asking again.
        """
        await self._touched.page(limit=ROWS_TOGETHER)

    async def begin_filing(self) -> None:
        """From now on all that is stored is filed. What others than looks have stored until now is
        noted: what they store from now on is for the next look.
        """
        self._of_others = {key async for key, value in self._touched.all() if not value}

    async def filed(self) -> AsyncIterator[list[Row]]:
        """Rows that end the memory of what was touched, some at a time: it is filed now."""
        after = ""
        while page := await self._touched.page(after=after, limit=ROWS_TOGETHER):
            after = page[-1][0]
            yield [self._touched.drop(key) for key, v in page if v or key in self._of_others]
