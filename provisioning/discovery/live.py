"""Reading ZSCloud whole, and comparing it with what is recorded: drift, and who is nobody's.

Costs the pages of the two lists, and one GET for each group whose members no list shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import msgspec

from provisioning.apply.finding.listing import PAGE, check_pager
from provisioning.apply.recording.ledger import Ledger
from provisioning.apply.sending.sender import Sender
from provisioning.discovery.by_hand import HandEdits
from provisioning.drift import Orphan
from provisioning.drift_report import OpenReport
from provisioning.errors import NotFound
from provisioning.guard import Tally
from provisioning.job import Job
from provisioning.model import NAME_PATH, Key, Link, ObjectType, ScimId, TargetObject
from provisioning.ports import TargetReader
from provisioning.record import CycleRecord
from provisioning.resolve import load_graph
from provisioning.rows.order import in_steps

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
        self._ledger = Ledger(job)
        self._report: OpenReport
        self._edits: HandEdits
        self.differing: set[Key] = set()

    async def compare(self) -> set[Key]:
        """Keys whose ZSCloud object is not as recorded. What DRIFT repairs the record takes as it
        is, so that the next plan puts it right. What was found becomes the report of the job.
        """
        job = self._job
        self._report = await job.drift.begin(self._cycle.cycle_id)
        self._edits = HandEdits(job, await load_graph(job), self._cycle, self._report)
        for type in (ObjectType.USER, ObjectType.GROUP):
            await self._compare_type(type)
        await self._recount()
        self._cycle.drift = await self._report.close(job.clock.time())
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
            links = await self._links(page.objects)
            for found in page.objects:
                await self._compare_object(found, links.get(found.id), read_at)
            await self._note_orphans(found for found in page.objects if found.id not in links)
            start, total = start + len(page.objects), page.total
        await self._missing(type, seen, began)

    async def _links(self, objects: Sequence[TargetObject]) -> dict[ScimId, Link]:
        """The links of a page, read together: one by one, a large tenant would take all night."""
        owners = await self._job.links.owners(found.id for found in objects)
        links = await self._job.links.get_many(owners.values())
        return {id: links[owner] for id, owner in owners.items() if owner in links}

    async def _compare_object(self, found: TargetObject, link: Link | None, read_at: float) -> None:
        if found.type is ObjectType.USER:
            self._note_groups(found)
        if link is None or link.written_at > read_at:
            return
        if found.type is ObjectType.GROUP:
            found = await self._with_members(found)
        if await self._edits.compare(link, found):
            self.differing.add(link.key)

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

    async def _missing(self, type: ObjectType, seen: set[ScimId], began: float) -> None:
        """Linked objects that the list does not show: gone only if a GET says so."""
        async for _, link in self._job.links.rows.all(f"{type.value}/"):
            if link.scim_id in seen or link.written_at > began:
                continue
            try:
                await self._sender.send(partial(self._reader.get, type, link.scim_id), _PRIORITY)
            except NotFound:
                self.differing.add(link.key)
                await self._edits.gone(link)

    async def _recount(self) -> None:
        """Counts what is provisioned: hand edits have made the running number wrong."""
        users = groups = memberships = 0
        async for _, link in self._job.links.rows.all("user/"):
            users += link.active
        async for _, link in self._job.links.rows.all("group/"):
            if link.missing:
                continue
            groups += 1
            members = await self._job.links.members(link.key.id)
            owners = await self._job.links.owners(members)
            strangers = [id for id, ours in members.items() if not ours and id not in owners]
            memberships += len(members) - len(strangers)
            if strangers:
                await self._edits.unmanaged(link, strangers)
        self._job.recount_provisioned(Tally(users, groups, memberships))
        await self._job.store.flush()

    async def _note_orphans(self, objects: Iterable[TargetObject]) -> None:
        """Objects without a link: listed, and never touched."""
        rows = [
            row
            for found in objects
            for row in self._report.orphan(
                Orphan(
                    type=found.type,
                    target_id=found.id,
                    name=str(found.attributes.get(NAME_PATH[found.type]) or found.id),
                    external_id=found.attributes.get("externalId"),
                    active=found.attributes.get("active"),
                    protected=self._is_protected(found),
                    seen_at=self._job.clock.time(),
                )
            )
        ]
        if rows:
            await self._job.store.write(in_steps(rows))

    def _is_protected(self, found: TargetObject) -> bool:
        name = str(found.attributes.get(NAME_PATH[found.type]) or "")
        return self._ledger.is_administrators(found) or self._job.rules.protects(name)
