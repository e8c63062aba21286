"""Reading ZSCloud whole, and comparing it with what is recorded: drift.

Costs the pages of the two lists, and one GET for each group whose members no list shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from provisioning.errors import NotFound
from provisioning.job import Job
from provisioning.links import Link
from provisioning.matching import PAGE, check_pager
from provisioning.model import Key, ModifiedProperty, ObjectType, ScimId, TargetObject
from provisioning.ports import Row, TargetReader
from provisioning.provisioning_log import LogEntry, LogStatus
from provisioning.record import CycleRecord
from provisioning.sender import Sender

_PRIORITY = (4, 0)


class LiveRead:
    """One complete read of ZSCloud's users and groups against the links."""

    def __init__(self, job: Job, sender: Sender, reader: TargetReader, cycle: CycleRecord) -> None:
        self._job = job
        self._sender = sender
        self._reader = reader
        self._cycle = cycle
        self._memberships: dict[ScimId, set[ScimId]] = {}
        self._users_show_groups = True
        self.differing: set[Key] = set()

    async def compare(self) -> set[Key]:
        """Keys whose ZSCloud object is not as recorded. With ``DRIFT=repair`` the record takes
        the live values, so that the next plan puts them right.
        """
        for type in (ObjectType.USER, ObjectType.GROUP):
            await self._compare_type(type)
        return self.differing

    async def _compare_type(self, type: ObjectType) -> None:
        seen: set[ScimId] = set()
        start, total = 1, 1
        began = self._job.clock.time()
        while start <= total:
            self._cycle.phase = f"reading ZSCloud's {type.value}s, {start - 1} of {total}"
            read_at = self._job.clock.time()
            position = start
            page = await self._sender.send(
                partial(self._reader.page, type, position, PAGE), _PRIORITY
            )
            if not page.objects:
                break
            check_pager(type, page.objects, seen)
            for found in page.objects:
                await self._compare_object(found, read_at)
            start, total = start + len(page.objects), page.total
        await self._missing(type, seen, began)

    async def _compare_object(self, found: TargetObject, read_at: float) -> None:
        if found.type is ObjectType.USER:
            self._note_groups(found)
        owner = await self._job.links.owner(found.id)
        link = None if owner is None else await self._job.links.get(owner)
        if link is None or link.written_at > read_at:
            return
        if found.type is ObjectType.GROUP:
            found = await self._with_members(found)
        await self._drift(link, found)

    def _note_groups(self, found: TargetObject) -> None:
        if found.groups is None:
            self._users_show_groups = False
            return
        for group in found.groups:
            self._memberships.setdefault(group.id, set()).add(found.id)

    async def _with_members(self, found: TargetObject) -> TargetObject:
        """The group with its members: as the list shows them, from the users' rows, or by a GET.

        The group's own row comes first: it shows also the members that no user row explains.
        """
        if found.members is not None:
            return found
        if self._users_show_groups and self._memberships:
            members = tuple(sorted(self._memberships.get(found.id, ())))
            return msgspec.structs.replace(found, members=members)
        id = found.id
        return await self._sender.send(lambda: self._reader.get(ObjectType.GROUP, id), _PRIORITY)

    async def _drift(self, link: Link, found: TargetObject) -> None:
        changed = [
            ModifiedProperty(path, found.attributes.get(path), link.attributes.get(path))
            for path in sorted({*found.attributes, *link.attributes})
            if found.attributes.get(path) != link.attributes.get(path)
        ]
        recorded = (
            set(await self._job.links.members(link.key.id))
            if link.key.type is ObjectType.GROUP
            else set()
        )
        live = set(found.members or ()) if link.key.type is ObjectType.GROUP else set()
        if not changed and recorded == live:
            return
        self.differing.add(link.key)
        await self._take(link, found, changed, live, recorded)

    async def _take(
        self,
        link: Link,
        found: TargetObject,
        changed: Sequence[ModifiedProperty],
        live: set[ScimId],
        recorded: set[ScimId],
    ) -> None:
        repair = self._job.rules.drift == "repair"
        rows = [] if self._job.rules.drift == "leave" else self._entry_rows(link, changed)
        if repair:
            now = msgspec.structs.replace(link, attributes=found.attributes)
            rows += self._job.links.put(now, link)
            rows += await self._job.links.members_rows(
                link.key.id, dict.fromkeys(live - recorded, False), recorded - live
            )
        await self._job.store.write(rows)

    async def _missing(self, type: ObjectType, seen: set[ScimId], began: float) -> None:
        """Linked objects that the list does not show: gone only if a GET says so."""
        async for _, link in self._job.links.rows.all(f"{type.value}/"):
            if link.scim_id in seen or link.written_at > began:
                continue
            try:
                await self._sender.send(partial(self._reader.get, type, link.scim_id), _PRIORITY)
            except NotFound:
                self.differing.add(link.key)
                await self._gone(link)

    async def _gone(self, link: Link) -> None:
        rows = [] if self._job.rules.drift == "leave" else self._entry_rows(link, ())
        if self._job.rules.drift == "repair":
            rows += self._job.links.drop(link)
            members = await self._job.links.members(link.key.id)
            rows += await self._job.links.members_rows(link.key.id, {}, list(members))
        await self._job.store.write(rows)

    def _entry_rows(self, link: Link, changed: Sequence[ModifiedProperty]) -> list[Row]:
        what = "is not as it was written" if changed else "was changed or deleted by hand"
        doing = (
            "It is put right."
            if self._job.rules.drift == "repair"
            else f"DRIFT={self._job.rules.drift} leaves it."
        )
        entry = LogEntry(
            id=self._job.ids.new(),
            time=self._job.clock.time(),
            cycle_id=self._cycle.cycle_id,
            cause="reconcile",
            status=LogStatus.SKIPPED,
            action=None,
            object_type=link.key.type,
            source_id=link.key.id,
            target_id=link.scim_id,
            name=str(link.attributes.get("userName") or link.attributes.get("displayName") or ""),
            reason_code="Drift",
            reason=f"The object in ZSCloud {what}. {doing}",
            modified_properties=tuple(changed),
        )
        return self._job.log.rows([entry])
