"""Reading ZSCloud whole, and comparing it with what is recorded: drift.

Costs the pages of the two lists, and one GET for each group whose members no list shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from provisioning.apply.last_look import is_same_object
from provisioning.apply.ledger import Ledger
from provisioning.apply.matching import PAGE, check_pager
from provisioning.apply.outcome import TAKEN
from provisioning.apply.sender import Sender
from provisioning.differences import same
from provisioning.errors import NotFound
from provisioning.guard import Tally
from provisioning.job import Job
from provisioning.model import (
    NAME_PATH,
    Key,
    Link,
    ModifiedProperty,
    ObjectType,
    ScimId,
    TargetObject,
)
from provisioning.ports import Row, TargetReader
from provisioning.provisioning_log import LogEntry, LogStatus
from provisioning.record import CycleRecord
from provisioning.redaction import hidden_properties

_PRIORITY = (4, 0)
_NAMED = 100
"""Members that one log entry names."""


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
        self.differing: set[Key] = set()

    async def compare(self) -> set[Key]:
        """Keys whose ZSCloud object is not as recorded. With ``DRIFT=repair`` the record takes
        the live values, so that the next plan puts them right.
        """
        for type in (ObjectType.USER, ObjectType.GROUP):
            await self._compare_type(type)
        await self._recount()
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
        protected = link.protected or self._ledger.is_administrators(found)
        if protected and not link.protected:
            # Somebody became an administrator: from now on the account is not ours to write.
            link, before = msgspec.structs.replace(link, protected=True), link
            await self._job.store.write(self._job.links.put(link, before))
        changed = [
            ModifiedProperty(path, found.attributes.get(path), link.attributes.get(path))
            for path in sorted({*found.attributes, *link.attributes})
            if not same(found.attributes.get(path), link.attributes.get(path))
        ]
        group = link.key.type is ObjectType.GROUP
        recorded = set(await self._job.links.members(link.key.id)) if group else set()
        live = set(found.members or ()) if group else set()
        if recorded != live:
            more, less = await self._names(live - recorded), await self._names(recorded - live)
            changed.append(ModifiedProperty("members", more, less))
        if changed:
            self.differing.add(link.key)
            redacted = self._job.mapping(link.key.type).rules.redacted
            shown = hidden_properties(changed, redacted)
            await self._take(link, found, shown, live, recorded)

    async def _names(self, ids: set[ScimId]) -> list[str]:
        """What people know members by; ids where nobody of ours is behind."""
        owners = await self._job.links.owners(sorted(ids)[:_NAMED])
        links = await self._job.links.get_many(owners.values())
        names = {link.scim_id: str(link.attributes.get("userName")) for link in links.values()}
        return [names.get(id, id) for id in sorted(ids)[:_NAMED]]

    async def _take(
        self,
        link: Link,
        found: TargetObject,
        changed: Sequence[ModifiedProperty],
        live: set[ScimId],
        recorded: set[ScimId],
    ) -> None:
        if link.leaving_since is not None and not is_same_object(link, found):
            # Taken for the record, it would be deleted as the one that was linked.
            await self._let_go(link, changed)
            return
        rows = self._entry_rows(link, "is not as it was written", changed)
        if self._job.rules.drift == "repair":
            now = msgspec.structs.replace(link, attributes=found.attributes)
            rows += self._job.links.put(now, link)
            added = dict.fromkeys(live - recorded, False)
            await self._job.links.change_members(link.key.id, added, recorded - live)
        await self._job.store.write(rows)

    async def _let_go(self, link: Link, changed: Sequence[ModifiedProperty]) -> None:
        """An object that waits to be deleted has become somebody else's by hand."""
        self._cycle.counts.skipped += 1
        entry = msgspec.structs.replace(
            self._entry(link, TAKEN.code, TAKEN.sentence, changed), remedy=TAKEN.remedy
        )
        await self._job.links.forget_members(link.key.id)
        await self._job.store.write([*self._job.log.rows([entry]), *self._job.links.drop(link)])

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
        rows = self._entry_rows(link, "was deleted by hand", ())
        if self._job.rules.drift == "repair":
            rows += self._job.links.drop(link)
            await self._job.links.forget_members(link.key.id)
        await self._job.store.write(rows)

    async def _recount(self) -> None:
        """Counts what is provisioned: hand edits have made the running number wrong."""
        users = groups = memberships = 0
        async for _, link in self._job.links.rows.all("user/"):
            users += link.active
        async for _, link in self._job.links.rows.all("group/"):
            groups += 1
            members = await self._job.links.members(link.key.id)
            owners = await self._job.links.owners(members)
            memberships += sum(ours or id in owners for id, ours in members.items())
        rows = self._job.recounted_rows(Tally(users, groups, memberships))
        await self._job.store.write(rows)

    def _entry_rows(self, link: Link, what: str, changed: Sequence[ModifiedProperty]) -> list[Row]:
        drift = self._job.rules.drift
        if drift == "leave":
            return []
        if drift == "report":
            self._cycle.counts.skipped += 1
        doing = "It is put right." if drift == "repair" else "DRIFT=report leaves it as it is."
        reason = f"The object in ZSCloud {what}. {doing}"
        return self._job.log.rows([self._entry(link, "Drift", reason, changed)])

    def _entry(
        self, link: Link, code: str, reason: str, changed: Sequence[ModifiedProperty]
    ) -> LogEntry:
        return LogEntry(
            id=self._job.ids.new(),
            time=self._job.clock.time(),
            cycle_id=self._cycle.cycle_id,
            cause="reconcile",
            status=LogStatus.SKIPPED,
            action=None,
            object_type=link.key.type,
            source_id=link.key.id,
            target_id=link.scim_id,
            name=str(link.attributes.get(NAME_PATH[link.key.type]) or link.scim_id),
            reason_code=code,
            reason=reason,
            modified_properties=tuple(changed),
        )
