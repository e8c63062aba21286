"""The delta feeds of users and of watched groups: what changed since the watermark."""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.discovery.facts import Facts
from provisioning.discovery.reading import USERS_FEED, Reading
from provisioning.discovery.relations import Relations
from provisioning.discovery.restored import Restored
from provisioning.errors import WatermarkExpired
from provisioning.job import Job, Watermark
from provisioning.mirror import group_key
from provisioning.model import DeltaRow, EntraId, Key, Member, ObjectType, Presence
from provisioning.ports import Source


class Feeds:
    """Follows the feeds of one job. Rows are set-state: they may repeat, and come in any order."""

    def __init__(
        self,
        job: Job,
        source: Source,
        facts: Facts,
        reading: Reading,
        restored: Restored,
        wanted: frozenset[Key] = frozenset(),
    ) -> None:
        self._job = job
        self._source = source
        self._facts = facts
        self._relations = Relations(job, facts)
        self._reading = reading
        self._restored = restored
        self.shown: set[Key] = set()
        """Of the keys ``wanted``, those that the feeds had news of."""
        self._wanted = wanted

    async def follow(self, name: str, mark: Watermark) -> bool:
        """Takes in a feed's changes since its watermark. False if it must be read in full."""
        began = self._job.clock.time()
        type = ObjectType.USER if name == USERS_FEED else ObjectType.GROUP
        link = mark.link
        try:
            async for page in self._source.delta(type, mark.link):
                await self._take_page(type, page.rows, began)
                self.shown.update(row.key for row in page.rows if row.key in self._wanted)
                link = page.delta_link or link
        except WatermarkExpired:
            return False
        self._reading.watermarks[name] = Watermark(
            link=link,
            taken_at=began,
            full_at=mark.full_at,
            ids=mark.ids,
            repeat_at=mark.repeat_at,
        )
        return True

    async def _take_page(self, type: ObjectType, rows: Sequence[DeltaRow], began: float) -> None:
        if type is ObjectType.USER:
            await self._restored.note(rows)
            await self._facts.user_delta(rows, began)
            return
        for row in rows:
            await self._take_group(row, began)

    async def _take_group(self, row: DeltaRow, began: float) -> None:
        id = row.key.id
        if row.removed is not None:
            gone = Presence.SOFT_DELETED if row.removed == "changed" else Presence.GONE
            await self._facts.group_absent(id, gone)
            return
        before = await self._job.mirror.group(id)
        if before is None and not self._job.rules.scope.everyone:
            return
        if before is not None and before.presence is not Presence.PRESENT:
            await self._facts.group_is_back(id)
        await self._facts.group_changed(id, row.attributes, began)
        if row.members_added:
            await self._hydrate(id, row.members_added, began)
        if row.members_removed:
            await self._relations.members_removed(id, row.members_removed, said=True)

    async def _hydrate(self, group: EntraId, keys: Sequence[Key], began: float) -> None:
        """New members: people whom the mirror does not know are read, nested groups watched."""
        users = [key.id for key in keys if key.type is ObjectType.USER]
        known = await self._job.mirror.users.get_many(users)
        await self._reading.read_users([id for id in users if id not in known])
        if self._job.rules.scope.transitive:
            nested = {key.id for key in keys if key.type is ObjectType.GROUP}
            await self._reading.watch_whole(nested)
        members = [Member(key, None) for key in keys]
        await self._relations.members_added(group, members, began, certain=True)
        there = await self._job.mirror.users.get_many(users)
        if any(id not in there for id in users):
            # The feed names somebody whom no replica shows yet: the group is read again later.
            await self._job.store.write([self._facts.removed.reread_row(group_key(group))])
