"""Requests that somebody died over: whether they were executed nobody has recorded.

What was sent is sent again as long as it is wanted, which does no harm. If Entra has gone back
meanwhile, nothing would differ from the record, and what was sent would stay in ZSCloud. So
whoever follows a holder that has not let go notes the work that waits, and what is to be done of
it now otherwise than then is looked at in ZSCloud first. Creates have their intents for that.
"""

from __future__ import annotations

from collections.abc import Collection

from provisioning.lanes import Lane, WorkItem, WorkSet
from provisioning.links import Links
from provisioning.model import Key
from provisioning.ports import Row, Store
from provisioning.rows.order import in_steps
from provisioning.rows.table import Table

MOST_AT_ONCE = 800
"""Items that are worked on at once, at most: they are held in memory."""


class Unsure:
    """The keys of one job about whom a request may have been executed without a record, each with
    the generations of the items that were waiting then. Only the holder of the lease uses it.
    """

    def __init__(self, store: Store, job: str) -> None:
        self._rows = Table(store, job, "unsure", tuple[str, ...])
        self._known: dict[str, tuple[str, ...]] | None = None

    async def noted(self, work: WorkSet, links: Links) -> list[Row]:
        """Rows that note what waits. Who is noted already stays as noted: what was in flight then
        may not have been looked at yet.
        """
        found: dict[Key, tuple[str, ...]] = {}
        for lane in Lane:
            for item in await work.page(lane, limit=MOST_AT_ONCE):
                # What took the place of another is not what was in flight, maybe.
                waited = () if item.over else (item.generation,)
                found[item.key] = (*found.get(item.key, ()), *waited)
        known = await self._all()
        new = {str(key): found[key] for key in await links.get_many(found)}
        new = {key: generations for key, generations in new.items() if key not in known}
        known |= new
        return list(in_steps([self._rows.put(key, each) for key, each in new.items()]))

    async def keys(self) -> list[Key]:
        """All of them."""
        return [Key.parse(key) for key in await self._all()]

    async def left_open(self, key: Key) -> list[Row]:
        """Rows that note a key whose request got no answer, and whose object could not be read."""
        known = await self._all()
        known[str(key)] = ()
        return [self._rows.put(str(key), ())]

    async def holds(self, key: Key) -> bool:
        """Whether it is one of them."""
        return str(key) in await self._all()

    async def doubts(self, item: WorkItem, *, repeats: bool) -> bool:
        """Whether the object has to be looked at: nothing is to be done now that may be what was to
        be done then (``repeats``), or the item was filed anew.
        """
        known = await self._all()
        waited = known.get(str(item.key)) if known else None
        return waited is not None and not (repeats and item.generation in waited)

    async def looked_at(self, key: Key) -> list[Row]:
        """Rows that say that the record of a key is right again."""
        gone = (await self._all()).pop(str(key), None)
        return [] if gone is None else [self._rows.drop(str(key))]

    async def done(self, item: WorkItem) -> list[Row]:
        """Rows that say that an item was done with as it was waiting."""
        known = await self._all()
        if not known:
            return []  # As nearly always: nobody has died.
        key = str(item.key)
        left: Collection[str] = known.get(key, ())
        if item.generation not in left:
            return []
        rest = tuple(each for each in left if each != item.generation)
        if not rest:
            return await self.looked_at(item.key)
        known[key] = rest
        return [self._rows.put(key, rest)]

    async def _all(self) -> dict[str, tuple[str, ...]]:
        if self._known is None:
            self._known = {key: each async for key, each in self._rows.all()}
        return self._known
