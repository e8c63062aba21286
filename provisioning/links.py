"""Our pairing of a principal and a ZSCloud object, with what was last confirmed there.

A ZSCloud object has at most one link. A link lives until its object is gone, also while the
account is disabled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping

import msgspec

from provisioning.model import NAME_PATH, EntraId, Key, Link, ObjectType, ScimId, name_key
from provisioning.ports import Row
from provisioning.rows import chunks
from provisioning.rows.buffer import WriteBehind
from provisioning.rows.table import Table
from provisioning.rows.times import time_of, timed


class Intent(msgspec.Struct, frozen=True):
    """A POST that is about to be sent. Left open by a crash, it means: look before creating."""

    name: str
    external_id: str | None
    at: float


class Links:
    """The stored links of one job, with their indexes by ZSCloud id and by recorded name."""

    def __init__(self, store: WriteBehind, job: str) -> None:
        self._store = store
        self._locks: dict[EntraId, asyncio.Lock] = {}
        self.rows = Table(store, job, "link", Link, keep=True)
        self._by_scim_id = Table(store, job, "link_scim_id", str)
        self._by_name = Table(store, job, "link_name", str)
        self._leaving = Table(store, job, "link_leaving", str)
        self.intents = Table(store, job, "intent", Intent)
        self._members = f"{job}:link_members"

    async def get(self, key: Key) -> Link | None:
        """The link of a principal."""
        return await self.rows.get(str(key))

    async def get_many(self, keys: Iterable[Key]) -> dict[Key, Link]:
        """The links of those principals that have one."""
        found = await self.rows.get_many(str(key) for key in keys)
        return {link.key: link for link in found.values()}

    async def owner(self, id: ScimId) -> Key | None:
        """The principal that a ZSCloud object is linked to."""
        text = await self._by_scim_id.get(id)
        return None if text is None else Key.parse(text)

    async def owners(self, ids: Iterable[ScimId]) -> dict[ScimId, Key]:
        """The principals that ZSCloud objects are linked to."""
        found = await self._by_scim_id.get_many(ids)
        return {ScimId(id): Key.parse(text) for id, text in found.items()}

    async def holder(self, type: ObjectType, name: str) -> Key | None:
        """The principal whose object was last recorded under the name.

        Who died while a rename was recorded may have left the old name behind: the link counts.
        """
        place = name_key(type, name)
        text = await self._by_name.get(place)
        link = None if text is None else await self.get(Key.parse(text))
        recorded = link and link.attributes.get(NAME_PATH[type])
        return link.key if link and recorded and name_key(type, recorded) == place else None

    async def holders(self, type: ObjectType, names: Iterable[str]) -> dict[str, Key]:
        """The same for several names; by name in folded case."""
        found = await self._by_name.get_many(name_key(type, name) for name in names)
        return {key.partition("/")[2]: Key.parse(text) for key, text in found.items()}

    def put(self, link: Link, before: Link | None) -> list[Row]:
        """Rows that store a link and its indexes.

        In an order in which no link is ever without its indexes, and none of them is left behind
        by a link that has gone.
        """
        path = NAME_PATH[link.key.type]
        name, old = link.attributes.get(path), before and before.attributes.get(path)
        first: list[Row] = []
        last: list[Row] = []
        if before is not None and before.scim_id != link.scim_id:
            last.append(self._by_scim_id.drop(before.scim_id))
        if before is None or before.scim_id != link.scim_id:
            first.append(self._by_scim_id.put(link.scim_id, str(link.key)))
        if old and old != name:
            last.append(self._drop_name(link.key, old))
        if name and old != name:
            first.append(self._by_name.put(name_key(link.key.type, name), str(link.key)))
        since, was = link.leaving_since, before.leaving_since if before else None
        if was is not None and was != since:
            last.append(self._leaving.drop(_leaving_key(was, link.key)))
        if since is not None and was != since:
            first.append(self._leaving.put(_leaving_key(since, link.key), str(link.key)))
        return [*first, self.rows.put(str(link.key), link), *last]

    def drop(self, link: Link) -> list[Row]:
        """Rows that forget a link: its object is gone, or it moves. The indexes go first."""
        rows: list[Row] = [self._drop_scim_id(link)]
        if name := link.attributes.get(NAME_PATH[link.key.type]):
            rows.append(self._drop_name(link.key, name))
        if link.leaving_since is not None:
            rows.append(self._leaving.drop(_leaving_key(link.leaving_since, link.key)))
        return [*rows, self.rows.drop(str(link.key))]

    async def leaving(
        self, *, until: float | None = None, after: str = "", limit: int = 1000
    ) -> tuple[list[Link], str | None, list[Row]]:
        """Links whose object waits to be deleted, who has waited longest first.

        ``until``: only those that have waited since then or longer. With them, where the list goes
        on after so many rows, and rows that drop what a death has left in it.
        """
        rows = await self._leaving.page(after=after, limit=limit)
        following = rows[-1][0] if len(rows) == limit else None
        if until is not None:
            waited = [row for row in rows if time_of(self._leaving.name, row[0]) <= until]
            following = following if len(waited) == len(rows) else None
            rows = waited
        links = await self.get_many(Key.parse(key) for _, key in rows)
        found: list[Link] = []
        stale: list[Row] = []
        for at, text in rows:
            link = links.get(Key.parse(text))
            if link is None or _leaving_key_of(link) != at:
                stale.append(self._leaving.drop(at))
            else:
                found.append(link)
        return found, following, stale

    async def count_leaving(self) -> int:
        """How many objects wait to be deleted."""
        return await self._leaving.count()

    def _drop_scim_id(self, link: Link) -> Row:
        # The object may have gone to another link meanwhile: its row stays.
        return self._by_scim_id.drop_if(link.scim_id, str(link.key))

    def _drop_name(self, key: Key, name: str) -> Row:
        # Another link may have taken the name meanwhile: its row stays.
        return self._by_name.drop_if(name_key(key.type, name), str(key))

    async def members(self, group: EntraId) -> dict[ScimId, bool]:
        """The members last confirmed in the group, in the order of their chunks; true for those
        that we added.
        """
        members: dict[ScimId, bool] = {}
        async for page in chunks.pages(self._store, self._members, group):
            members.update((ScimId(id), mark == "+") for id, mark in page.items())
        return members

    async def change_members(
        self,
        group: EntraId,
        add: Mapping[ScimId, bool],
        remove: Collection[ScimId],
        about: str = "",
    ) -> None:
        """Brings the recorded members of a group up to date, with the rows that wait already:
        as a part of the outcome ``about`` something.

        One change at a time: two that were computed from the same state would lose one of them.
        """
        if not add and not remove:
            return
        marks: dict[str, str] = {id: "+" if ours else "" for id, ours in add.items()}
        async with self._locks.setdefault(group, asyncio.Lock()):
            rows = await chunks.update(self._store, self._members, group, marks, list(remove))
            self._store.defer(rows, about)

    async def forget_members(self, group: EntraId, about: str = "") -> None:
        """Forgets the recorded members of a group whose object is gone."""
        await self.change_members(group, {}, list(await self.members(group)), about)


def _leaving_key(since: float, key: Key) -> str:
    return timed(since, key)


def _leaving_key_of(link: Link) -> str | None:
    return None if link.leaving_since is None else _leaving_key(link.leaving_since, link.key)
