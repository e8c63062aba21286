"""ZSCloud's lists of users and groups, read in full once for a cycle, and remembered until the next
time: for many unlinked keys a list costs less than one filter for each.
"""

from __future__ import annotations

import asyncio

import msgspec

from provisioning.apply.sending.pacer import Priority
from provisioning.apply.sending.sender import Sender
from provisioning.errors import ProtocolError
from provisioning.job import Job
from provisioning.model import NAME_PATH, ObjectType, ScimId, TargetObject, name_key
from provisioning.ports import Row, TargetReader
from provisioning.rows.order import in_steps
from provisioning.rows.table import Table

SETTLED = 25.0
"""A list begun this long after an intent shows what became of it: requests end after 20 s."""

SEVERAL = ""
"""Stands for the place of an object where there are two."""

PAGE = 1000


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A complete read of ZSCloud's users or groups, kept for one cycle."""

    cycle_id: str
    began: float
    total: int


class Page(msgspec.Struct, frozen=True):
    """Some objects, and how many there are."""

    objects: tuple[TargetObject, ...]
    total: int


class Lists:
    """The stored lists of one job. Raises what ``Sender`` raises."""

    def __init__(self, job: Job, sender: Sender, reader: TargetReader) -> None:
        self._job = job
        self._sender = sender
        self._reader = reader
        self._read = Table(job.store, job.name, "listing", Listing)
        self._by_name = job.listing_name
        self._by_external_id = job.listing_external_id
        self._reading = asyncio.Lock()

    async def of_cycle(self, type: ObjectType, cycle_id: str) -> Listing | None:
        """The list read for this cycle."""
        listing = await self._read.get(type.value)
        return listing if listing is not None and listing.cycle_id == cycle_id else None

    async def any(self, type: ObjectType) -> bool:
        """Whether there is one at all, of whatever cycle."""
        return await self._read.get(type.value) is not None

    async def is_void(self, listing: Listing, type: ObjectType) -> bool:
        """Whether a process died with more creates under way than the list has pages: which of
        them were made is told by a list that is read anew.
        """
        now = self._job.clock.time()
        pages = -(-listing.total // PAGE)
        rows = await self._job.links.intents.page(f"{type.value}/", limit=PAGE)
        settled = [one.at + SETTLED for _, one in rows]
        return sum(listing.began <= at < now for at in settled) > max(1, pages)

    async def page(self, type: ObjectType, start: int, priority: Priority = (4, 0)) -> Page:
        """A page as it is now, from the 1-based ``start`` on."""
        page = await self._sender.send(lambda: self._reader.page(type, start, PAGE), priority)
        return Page(page.objects, page.total)

    async def by_name(self, place: str) -> TargetObject | None:
        """The listed object at a place."""
        return await self._by_name.get(place)

    async def place_of(self, type: ObjectType, external_id: str) -> str | None:
        """The place of the listed object with an externalId; ``SEVERAL`` for two of them."""
        return await self._by_external_id.get(f"{type.value}/{external_id}")

    async def read_if_none(self, type: ObjectType, cycle_id: str, priority: Priority) -> None:
        """Reads the list for this cycle, unless there is one of any cycle."""
        async with self._reading:
            if not await self.any(type):
                began = self._job.clock.time()
                await self.store(type, await self.page(type, 1, priority), began, cycle_id)

    async def store(self, type: ObjectType, page: Page, began: float, cycle_id: str) -> None:
        """Stores the list of which this is the first page, and reads the others for that."""
        read = 0
        seen: set[ScimId] = set()
        noted: set[int] = set()
        await self._forget(type)
        while page.objects:
            check_pager(type, page.objects, seen)
            read += len(page.objects)
            rows = [row for each in page.objects for row in self._rows(each, noted)]
            await self._job.store.write(in_steps(rows))
            if read >= page.total:
                break
            page = await self.page(type, read + 1)
        listing = Listing(cycle_id=cycle_id, began=began, total=read)
        await self._job.store.write([self._read.put(type.value, listing)])

    def _rows(self, object: TargetObject, noted: set[int]) -> list[Row]:
        """Where the object is found. ``noted`` are the values of those before it, by their hash: of
        two that have one value, neither is found by it without asking.
        """
        name = object.attributes.get(NAME_PATH[object.type])
        if not name:
            return []
        key = name_key(object.type, str(name))
        rows = [self._by_name.put(key, object)]
        external = object.attributes.get("externalId")
        places = [(self._job.listing_value, place) for place in self._job.values_of(object)]
        if external:
            places.append((self._by_external_id, f"{object.type.value}/{external}"))
        for table, place in places:
            mark = hash((table.name, place))
            rows.append(table.put(place, SEVERAL if mark in noted else key))
            noted.add(mark)
        return rows

    async def _forget(self, type: ObjectType) -> None:
        await self._job.store.write([self._read.drop(type.value)])
        prefix = f"{type.value}/"
        for table in (self._by_name, self._by_external_id, self._job.listing_value):
            while rows := await table.page(prefix):
                await self._job.store.write(in_steps([table.drop(key) for key, _ in rows]))


def check_pager(type: ObjectType, objects: tuple[TargetObject, ...], seen: set[ScimId]) -> None:
    """Stops a pager that repeats itself: it would never end.

    A single repeated row is a list that moved under the reader, and does no harm.
    """
    ids = {object.id for object in objects}
    if ids and ids <= seen:
        raise ProtocolError(
            "ZSCloud",
            f"GET /{type.value.capitalize()}s",
            "the list repeats a page that was read already",
            remedy="The server ignores startIndex; report it to its maker.",
        )
    seen |= ids
