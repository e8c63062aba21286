"""Reading Graph into the mirror. Costs in proportion to the scope, not to the tenant.

A delta token is taken first, then the read that it begins: what changes in between comes with the
next round.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import aclosing
from itertools import islice

import msgspec

from provisioning.discovery.application import Application
from provisioning.discovery.by_id import ById
from provisioning.discovery.crowd import Crowd
from provisioning.discovery.facts import Facts
from provisioning.discovery.members_ahead import MembersAhead, Stream
from provisioning.discovery.relations import Relations
from provisioning.errors import NotFound
from provisioning.evidence import SECOND_READ_AFTER, SETTLING, missing_from
from provisioning.job import Job, Watermark
from provisioning.model import (
    MANAGER,
    Assignment,
    EntraId,
    Key,
    Member,
    ObjectType,
    Presence,
)
from provisioning.ports import Source
from provisioning.record import CycleRecord

GROUPS_IN_A_FEED = 50
"""Ids that the filter of one delta feed may hold (Graph: group delta)."""

USERS_FEED = "users"

_PAGES_TOGETHER = 10
"""Pages of a group's members that are taken in together: each changes almost every part of the
stored list of a large group.
"""


class Reading(ById):
    """The reads of one look. Watermarks are handed out, to be stored after the work is filed."""

    def __init__(
        self, job: Job, source: Source, facts: Facts, cycle: CycleRecord, application: Application
    ) -> None:
        super().__init__(job, source, facts, cycle, application)
        self._relations = Relations(job, facts)
        self.watermarks: dict[str, Watermark | None] = {}
        """Feeds to store, and (``None``) feeds that end."""
        self._watched: set[EntraId] = set()
        self.anew = False
        """Everybody assigned is read, also those whom an interrupted read left in the mirror."""

    # --- groups --------------------------------------------------------------------------------

    async def watch(self, ids: Sequence[EntraId]) -> None:
        """Begins to watch groups, and (with nesting) the groups within them."""
        level = list(ids)
        seen: set[EntraId] = set()
        while level:
            seen.update(level)
            nested: set[EntraId] = set()
            for part in _parts(level):
                nested |= await self._watch_part(part)
            level = await self.unwatched(nested - seen) if self._job.rules.scope.transitive else []

    async def watch_whole(self, ids: set[EntraId]) -> None:
        """Watches groups that something brings in, and (with nesting) those within, also where they
        are watched already: as long as nothing brought them in, those within were let go.
        """
        level, seen = set(ids), set[EntraId]()
        while level:
            seen |= level
            fresh = await self.unwatched(level)
            await self.watch(fresh)
            known = level.difference(fresh) if self._job.rules.scope.transitive else ()
            level = await self.read_groups(sorted(known)) - seen if known else set()

    async def unwatched(self, ids: set[EntraId]) -> list[EntraId]:
        """Those that no feed watches. A mirror row is no proof: it may be of a read cut short."""
        if not self.anew and not self._watched:
            async for _, mark in self._job.watermarks.all("groups/"):
                self._watched.update(EntraId(id) for id in mark.ids)
        return sorted(ids - self._watched)

    async def _watch_part(self, ids: Sequence[EntraId]) -> set[EntraId]:
        now = self._job.clock.time()
        link = await self._source.latest_delta(ObjectType.GROUP, ids)
        nested = await self.read_groups(ids)
        there = await self._job.mirror.groups.get_many(ids)
        found = tuple(id for id in ids if id in there)
        if found:
            self._watched.update(found)
            self.watermarks[f"groups/{self._job.ids.new()}"] = Watermark(
                link=link, taken_at=now, full_at=now, ids=found, repeat_at=now + SETTLING
            )
        return nested

    async def unwatch(self, ids: set[EntraId], marks: dict[str, Watermark]) -> None:
        """Ends the watch over groups that nothing brings in any more."""
        for id in sorted(ids):
            await self._relations.forget_group(id)
        for name, mark in list(marks.items()):
            left = tuple(id for id in mark.ids if id not in ids)
            if left == mark.ids:
                continue
            if left:
                marks[name] = msgspec.structs.replace(mark, ids=left)
                await self._job.store.write([self._job.watermarks.put(name, marks[name])])
            else:
                del marks[name]
                await self._job.store.write([self._job.watermarks.drop(name)])

    async def read_groups(self, ids: Sequence[EntraId], *, certain: bool = False) -> set[EntraId]:
        """Reads groups and their members in full. The nested groups found.

        ``certain`` believes also a membership that was just removed.
        """
        began = self._job.clock.time()
        found = await self._source.groups(ids)
        await self._facts.groups_seen((g for g in found.values() if g is not None), began)
        missing = [id for id in ids if found.get(id) is None]
        gone = await self.missing_groups(missing, ids) if missing else set()
        nested: set[EntraId] = set()
        there = [id for id in ids if id not in gone]
        async with self._ahead(there) as ahead:
            for id in there:
                self._cycle.phase = f"reading group {self._facts.found} principals found"
                nested |= await self._read_members(id, ahead.next(), certain=certain)
        return nested

    def _ahead(self, groups: Sequence[EntraId]) -> aclosing[MembersAhead]:
        return aclosing(MembersAhead(self._source, self._job.clock, groups))

    async def _read_members(
        self, group: EntraId, read: Stream, *, certain: bool = False
    ) -> set[EntraId]:
        stored = {str(key) for key in await self._job.mirror.members(group)}
        try:
            first = await self._members(group, read, certain=certain)
            second = None
            if missing_from(stored, first):
                await self._job.clock.sleep(SECOND_READ_AFTER)
                async with self._ahead([group]) as ahead:
                    second = await self._members(group, ahead.next(), certain=certain)
        except NotFound:
            await self.missing_groups([group], [group])
            return set()
        await self._relations.members_read(group)
        present = first | (second or set())
        if stored:
            await self._judge_members(group, stored, first, second)
        return {Key.parse(k).id for k in present if k.startswith("group/")}

    async def _members(self, group: EntraId, read: Stream, *, certain: bool) -> set[str]:
        """One complete read of the members, taken in page by page."""
        began = read.began
        seen: set[str] = set()
        pages: list[Sequence[Member]] = []
        async for page in read.pages():
            pages.append(page)
            seen.update(str(member.key) for member in page)
            if len(pages) >= _PAGES_TOGETHER:
                await self._relations.pages_added(group, pages, began, certain=certain)
                pages = []
        if pages:
            await self._relations.pages_added(group, pages, began, certain=certain)
        return seen

    async def _judge_members(
        self, group: EntraId, stored: set[str], first: set[str], second: set[str] | None
    ) -> None:
        absent = await self._present_users(stored - first - (second or set()))
        if absent:
            # Whoever was deleted is not listed, and is a member still: maybe no feed has told yet.
            await self.soft_deleted(absent)
        removed, rows = await self._absences.believed(
            f"members/{group}",
            f"The list of members of group {group}",
            stored,
            first,
            second,
            proven=await self._deleted_users(stored - first),
        )
        self.final_rows += rows
        await self._relations.members_removed(group, [Key.parse(k) for k in removed])

    async def _deleted_users(self, members: set[str]) -> set[str]:
        known = _users(members)
        present = set(await self._present_users(members))
        rows = await self._job.mirror.users.get_many(known)
        return {f"user/{id}" for id in rows if id not in present}

    async def _present_users(self, members: set[str]) -> list[EntraId]:
        """The users among them who exist as far as the mirror knows."""
        rows = await self._job.mirror.users.get_many(_users(members))
        return [EntraId(id) for id, row in rows.items() if row.presence is Presence.PRESENT]

    # --- whole reads ---------------------------------------------------------------------------

    async def read_assigned(self, stored: dict[str, Assignment]) -> None:
        """Reads those who were assigned before this look in full, watching their groups anew."""
        groups = {a.principal.id for a in stored.values() if a.principal.type is ObjectType.GROUP}
        users = {a.principal.id for a in stored.values() if a.principal.type is ObjectType.USER}
        await self.watch(sorted(groups))
        await self.read_users(sorted(users))

    async def read_certainly(self, keys: Collection[Key]) -> None:
        """Reads what an operator named: it is believed, also where it was just removed."""
        users = [key.id for key in sorted(keys) if key.type is ObjectType.USER]
        if users:
            await self.read_users(users, certain=True)
        groups = [key.id for key in sorted(keys) if key.type is ObjectType.GROUP]
        if groups:
            await self.read_groups(groups, certain=True)

    async def read_known_users(self) -> None:
        """Reads everybody in the mirror in full: through the groups, then who is left."""
        began = self._job.clock.time()
        groups = [EntraId(id) async for id, _ in self._job.mirror.groups.all()]
        await self.read_groups(groups)
        await self.read_left(began)

    async def complete(self, crowd: Crowd) -> None:
        """Reads whom users report to, where the read that showed them could not say: that of the
        members of a group.
        """
        if not self._job.schema.user.references:
            return
        async for keys in crowd.pages(ObjectType.USER):
            rows = await self._job.mirror.users.get_many(key.id for key in keys)
            incomplete = [
                EntraId(id)
                for id, row in rows.items()
                if MANAGER not in row.attributes and row.presence is Presence.PRESENT
            ]
            if incomplete:
                await self.read_users(incomplete)

    async def read_left(self, began: float) -> None:
        """Reads those of the mirror whom nothing has read since ``began``."""
        left: list[EntraId] = []
        total = 0
        async for id, row in self._job.mirror.users.all():
            if row.presence is not Presence.GONE:
                total += 1
                if row.read_at < began:
                    left.append(EntraId(id))
        await self.read_users(left, total=total)

    async def read_tenant(self) -> None:
        """Reads all users and groups of the tenant: ``PROVISIONING_SCOPE=all``."""
        began = self._job.clock.time()
        link = await self._source.latest_delta(ObjectType.GROUP)
        async for users in self._source.all_users():
            await self._facts.users_seen(users, began)
        groups: list[EntraId] = []
        async for page in self._source.all_groups():
            await self._facts.groups_seen(page, began)
            groups += [group.id for group in page]
        async with self._ahead(groups) as ahead:
            for group in groups:
                await self._read_members(group, ahead.next())
        self.watermarks["groups/all"] = Watermark(
            link=link, taken_at=began, full_at=began, repeat_at=began + SETTLING
        )

    async def repeat(self, name: str, mark: Watermark) -> None:
        """Repeats the full read that began a feed, once: a replica may have lagged then."""
        if name == USERS_FEED:
            assigned = await self._job.mirror.assignments()
            users = {a.principal.id for a in assigned.values()}
            await self.read_users(sorted(await self._presences(sorted(users))))
        elif not mark.ids:
            await self.read_groups([EntraId(id) async for id, _ in self._job.mirror.groups.all()])
        else:
            await self.read_groups([EntraId(id) for id in mark.ids])

    async def settle(self) -> None:
        """Takes in the values that people have no more. To be called when all is read. Raises
        ``SourceImplausible``.
        """
        await self._facts.vanished.settle(self._source)

    async def reread(self, keys: Sequence[Key]) -> None:
        """The second look at keys whose removed fact showed again."""
        await self.read_users([key.id for key in keys if key.type is ObjectType.USER])
        await self.read_groups([key.id for key in keys if key.type is ObjectType.GROUP])


def _users(members: Collection[str]) -> list[EntraId]:
    return [Key.parse(member).id for member in sorted(members) if member.startswith("user/")]


def _parts(ids: Sequence[EntraId]) -> list[list[EntraId]]:
    rest = iter(ids)
    parts: list[list[EntraId]] = []
    while part := list(islice(rest, GROUPS_IN_A_FEED)):
        parts.append(part)
    return parts
