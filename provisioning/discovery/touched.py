"""What one look touches, and how it is written: remembered until it is filed."""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.discovery.removed import RemovedFacts
from provisioning.job import Job
from provisioning.model import Key
from provisioning.ports import Row
from provisioning.rows.order import in_steps


class Touched:
    """The keys that something happened to.

    They are stored in the write that says what happened, until they are filed: a look that ends
    half-way has changed the mirror, and the next one would see no difference any more.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self.affected: set[Key] = set()
        self._unstored: set[Key] = set()
        self._anew = False
        self._touched = job.touched
        self.removed = RemovedFacts(job)

    def touch(self, *keys: Key) -> None:
        """Something happened to these keys: they are to be evaluated."""
        self._unstored.update(key for key in keys if key not in self.affected)
        self.affected.update(keys)

    async def write(self, *steps: Sequence[Row]) -> None:
        """Stores rows step by step: what tells that there is something to do goes last."""
        keys = () if self._anew else sorted(self._unstored)
        touched = [self._touched.put(str(key), "") for key in keys]
        self._unstored.clear()
        first = [row for rows in steps for row in rows if self.removed.remembers(row)]
        rest = [[row for row in rows if not self.removed.remembers(row)] for rows in steps]
        near = self._job.near_scope
        news = await near.has_news([row for rows in rest for row in rows])
        rest.append([near.renewed(self._job.ids.new())] if news else [])
        await self._job.store.write(in_steps([*touched, *first], *rest))

    async def remember(self) -> None:
        """Stores what was touched so far, until it is filed."""
        await self.write([])

    def begin_anew(self) -> None:
        """Everybody is read and evaluated: what is touched need not be stored."""
        self._anew = True

    async def take_up(self) -> None:
        """Takes up what earlier looks touched and did not come to file."""
        async for key, _ in self._touched.all():
            self.affected.add(Key.parse(key))

    def filed_rows(self) -> list[Row]:
        """Rows that end the memory of what was touched: it is filed now."""
        return [self._touched.drop(str(key)) for key in self.affected]
