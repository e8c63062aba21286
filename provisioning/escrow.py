"""An object's failure, set aside and retried ever more rarely. It never holds a watermark."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from provisioning.lanes import Aspect, WorkItem, WorkSet
from provisioning.model import Key
from provisioning.ports import Ids, Row, Store
from provisioning.rows.order import in_steps
from provisioning.rows.table import Table

_FIRST = 300.0
_LONGEST = 86_400.0
_DOUBLINGS = 16
_ALL = "all"

RETRY = "escrow"
"""The cause of work that failed before."""


class EscrowEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Why a principal could not be provisioned, and when it is tried again (epoch seconds)."""

    key: Key
    name: str
    error_code: str
    reason: str
    remedy: str
    tries: int
    since: float
    next_try: float
    item: WorkItem
    last_try: float = 0.0


class Escrow:
    """The stored escrow of one job."""

    def __init__(self, store: Store, job: str, work: WorkSet, ids: Ids) -> None:
        self.entries = Table(store, job, "escrow", EscrowEntry)
        self._wanted = Table(store, job, "escrow_wanted", str)
        self._store = store
        self._work = work
        self._ids = ids

    async def get(self, item: WorkItem) -> EscrowEntry | None:
        """The entry of an item's key and aspect.

        What is to be added to a group and what is to be taken away fail apart from each other.
        """
        return await self.entries.get(_place(item))

    async def of(self, key: Key) -> list[EscrowEntry]:
        """All entries of one key: of what is to be added, and of what is to be taken away."""
        found = await self.entries.get_many(f"{key}/{aspect.value}" for aspect in Aspect)
        return list(found.values())

    async def get_many(self, items: Iterable[WorkItem]) -> dict[str, EscrowEntry]:
        """The entries of several items, by their place."""
        return await self.entries.get_many(_place(item) for item in items)

    async def count(self) -> int:
        """How many principals are in escrow."""
        return await self.entries.count()

    def enter(
        self,
        before: EscrowEntry | None,
        item: WorkItem,
        *,
        name: str,
        error_code: str,
        reason: str,
        remedy: str,
        now: float,
    ) -> tuple[EscrowEntry, list[Row]]:
        """Rows that set a principal aside until its next try: exponential, with jitter."""
        tries = before.tries + 1 if before else 1
        wait = min(_LONGEST, _FIRST * 2 ** min(tries - 1, _DOUBLINGS)) * (
            0.75 + self._ids.random() / 2
        )
        entry = EscrowEntry(
            key=item.key,
            name=name,
            error_code=error_code,
            reason=reason,
            remedy=remedy,
            tries=tries,
            since=before.since if before else now,
            next_try=now + wait,
            last_try=now,
            item=msgspec.structs.replace(
                item, cause=RETRY, attempt=tries + 1, generation=self._ids.new()
            ),
        )
        rows = [] if before is None else [self._work.not_later(before.next_try, before.item)]
        rows.append(self.entries.put(_place(item), entry))
        rows.append(self._work.later(entry.next_try, entry.item))
        return entry, rows

    def at_once(self, entry: EscrowEntry, now: float, cause: str) -> list[Row]:
        """Rows that make the next try of an entry due. One that is due already stays as it is."""
        if entry.next_try <= now:
            return []
        item = msgspec.structs.replace(entry.item, cause=cause, generation=self._ids.new())
        soon = msgspec.structs.replace(entry, next_try=now, item=item)
        rows = [
            self._work.later(now, item),
            self.entries.put(_place(item), soon),
            self._work.not_later(entry.next_try, entry.item),
        ]
        return [row._replace(about=f"escrow/{_place(item)}") for row in rows]

    def released(self, entry: EscrowEntry, now: float, cause: str) -> list[Row]:
        """Rows that end an entry and make its work due: it is tried as if for the first time."""
        item = msgspec.structs.replace(
            entry.item, cause=cause, attempt=1, generation=self._ids.new()
        )
        due = self._work.later(now, item)
        rows = [due, self.entries.drop(_place(item))]
        before = self._work.not_later(entry.next_try, entry.item)
        rows += [before] if before.key != due.key else []
        return [row._replace(about=f"escrow/{_place(item)}") for row in rows]

    # --- what operators ask for ----------------------------------------------------------------

    def wanted(self, places: Iterable[str]) -> list[Row]:
        """Rows that ask for a try at once of the entries in these places; none means all."""
        return [self._wanted.put(place, self._ids.new()) for place in list(places) or [_ALL]]

    async def any_wanted(self) -> bool:
        """Whether somebody has asked for a try."""
        return bool(await self._wanted.page(limit=1))

    async def take_up(self, now: float) -> None:
        """Makes due what was asked for. Only the holder of the lease may."""
        for place, mark in await self._wanted.page():
            if place == _ALL:
                entries = [entry async for _, entry in self.entries.all()]
            else:
                entry = await self.entries.get(place)
                entries = [] if entry is None else [entry]
            rows = [row for entry in entries for row in self.at_once(entry, now, RETRY)]
            await self._store.write(in_steps(rows, [self._wanted.drop_if(place, mark)]))

    def clear(self, entry: EscrowEntry) -> list[Row]:
        """Rows that end an entry: any success does."""
        return [
            self.entries.drop(_place(entry.item)),
            self._work.not_later(entry.next_try, entry.item),
        ]


def _place(item: WorkItem) -> str:
    return f"{item.key}/{item.aspect.value}"
