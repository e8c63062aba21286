"""The work set: durable, de-duplicated items in four lanes.

An item names a key and what to look at, never a fact. Filing one that is already there renews
it; one that is filed while in flight is done once more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from enum import IntEnum, StrEnum

import msgspec

from provisioning.model import Key, ObjectType
from provisioning.origins import Origins, marked, merged, origins_in
from provisioning.ports import Row, Store
from provisioning.rows.table import Table


class Lane(IntEnum):
    """Urgency. A lower lane never waits for a higher one."""

    LEAVERS = 1
    ON_DEMAND = 2
    LIVE = 3
    BULK = 4


class Aspect(StrEnum):
    """What of the key is to be worked on."""

    OBJECT = "object"
    """A user; or a group's attributes and the members to add."""
    REMOVAL = "removal"
    """Taking away: a user disabled or deleted, a group's members out, a group deleted."""


class Rank(IntEnum):
    """Order within a lane."""

    DISABLES = 0
    MEMBER_REMOVALS = 1
    DELETES = 2
    USERS = 3
    GROUPS = 4
    GROUPS_AGAIN = 5


_OVER = "+"
"""Ends the generation of an item that took the place of another: no field, as with origins."""


class WorkItem(msgspec.Struct, frozen=True, kw_only=True):
    """``generation`` differs each time the item is filed, and holds who told of it. ``cycle_id`` is
    empty where a call on demand has found the key beside those that it names: the work is that of
    the cycle that does it. Times are epoch seconds: ``changed_at`` is when the change was made in
    Entra or, where Graph does not say, when it told of it; ``None`` for work that no single change
    has brought.
    """

    key: Key
    aspect: Aspect
    lane: Lane
    rank: Rank
    cause: str
    cycle_id: str
    generation: str
    filed_at: float
    changed_at: float | None = None
    attempt: int = 1

    @property
    def over(self) -> bool:
        """Whether it took the place of another one, whose request may have been in flight."""
        return self.generation.partition(" ")[0].endswith(_OVER)

    @property
    def origins(self) -> Origins:
        """Who told of it, for the traces."""
        return origins_in(self.generation)

    @property
    def urgency(self) -> tuple[int, int]:
        """What the send slots are given by: smaller goes first."""
        return (self.lane, self.rank)

    @property
    def position(self) -> str:
        """The item's place in the work set: lane, rank, then key."""
        return _position(self.lane, self.rank, self.key, self.aspect)


class Due(msgspec.Struct, frozen=True):
    """An item that becomes work at a time."""

    at: float
    item: WorkItem


def rank_of(type: ObjectType) -> Rank:
    """Users come before groups."""
    return Rank.USERS if type is ObjectType.USER else Rank.GROUPS


class WorkSet:
    """The stored work set of one job."""

    def __init__(self, store: Store, job: str) -> None:
        self._items = Table(store, job, "work", WorkItem)
        self._due = Table(store, job, "work_due", Due)

    def file(self, items: Iterable[WorkItem]) -> list[Row]:
        """Rows that put items into their lanes."""
        return [self._items.put(item.position, item) for item in items]

    async def joined(self, items: Iterable[WorkItem]) -> list[WorkItem]:
        """Items that are to be filed, each marked if it takes the place of another, and with the
        origins of that one.
        """
        new = list(items)
        waiting = await self._items.get_many(item.position for item in new)
        return [
            msgspec.structs.replace(
                item,
                generation=marked(
                    item.generation.partition(" ")[0] + _OVER,
                    merged(waiting[item.position].origins, item.origins),
                ),
            )
            if item.position in waiting
            else item
            for item in new
        ]

    def done(self, item: WorkItem) -> Row:
        """The row that takes an item out, unless it was filed anew meanwhile."""
        return self._items.drop_if(item.position, item)

    def taken_out(self, key: Key, lane: Lane, rank: Rank) -> list[Row]:
        """Rows that take a key's removal out of a lane: it is held."""
        return [self._items.drop(_position(lane, rank, key, Aspect.REMOVAL))]

    async def page(self, lane: Lane, after: str = "", limit: int = 100) -> list[WorkItem]:
        """Items of one lane in order."""
        rows = await self._items.page(f"{lane.value}", after=after, limit=limit)
        return [item for _, item in rows]

    async def pages(self, lane: Lane) -> AsyncIterator[list[WorkItem]]:
        """All items of one lane, page by page."""
        after = ""
        while items := await self.page(lane, after, 1000):
            yield items
            after = items[-1].position

    async def counts(self) -> dict[Lane, int]:
        """How many items each lane holds."""
        return {lane: await self._items.count(f"{lane.value}") for lane in Lane}

    async def of(self, key: Key) -> list[WorkItem]:
        """All items of one key, the most urgent first."""
        positions = [
            _position(lane, rank, key, aspect)
            for lane in Lane
            for rank in Rank
            for aspect in Aspect
        ]
        found = await self._items.get_many(positions)
        return [found[position] for position in positions if position in found]

    async def waiting(self, keys: Iterable[Key]) -> dict[Key, Lane]:
        """Those keys that have an item of their own in a lane, with the most urgent lane."""
        found: dict[Key, Lane] = {}
        wanted = list(keys)
        for lane in (Lane.BULK, Lane.LIVE, Lane.ON_DEMAND):
            positions = {
                _position(lane, rank_of(key.type), key, Aspect.OBJECT): key for key in wanted
            }
            for position in await self._items.get_many(positions):
                found[positions[position]] = lane
        return found

    def later(self, at: float, item: WorkItem) -> Row:
        """The row that files an item when its time comes."""
        return self._due.put(_due_key(at, item), Due(at, item))

    def not_later(self, at: float, item: WorkItem) -> Row:
        """The row that takes a waiting item back."""
        return self._due.drop(_due_key(at, item))

    async def due(self, now: float, limit: int = 200) -> list[Due]:
        """Items whose time has come."""
        rows = await self._due.page(limit=limit)
        return [due for _, due in rows if due.at <= now]

    async def next_due(self, now: float) -> Due | None:
        """The item whose time comes next, of those whose time has not come."""
        rows = await self._due.page(after=_at(now) + _AFTER_ALL, limit=1)
        return rows[0][1] if rows else None

    def promote(self, due: Due) -> list[Row]:
        """Rows that move a due item into its lane."""
        return [*self.file([due.item]), self.not_later(due.at, due.item)]


_AFTER_ALL = "~"
"""Comes after whatever follows the time in a key."""


def _at(time: float) -> str:
    return f"{time:017.3f}"


def _due_key(at: float, item: WorkItem) -> str:
    return f"{_at(at)}/{item.key}/{item.aspect.value}"


def _position(lane: Lane, rank: Rank, key: Key, aspect: Aspect) -> str:
    # By their formats, which are those of a number and a text: ``value`` takes longer.
    return f"{lane:d}{rank:d}/{key.type}/{key.id}/{aspect}"
