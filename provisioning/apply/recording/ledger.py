"""What ZSCloud confirmed goes into the links: created, updated, found, changed, gone.

``about`` is the item whose outcome it is: it is stored before the item leaves the work set.
"""

from __future__ import annotations

import msgspec

from provisioning.apply.recording.tally import (
    linked_as,
    minus,
    provisioned_by,
    removed_by,
    taken_with,
)
from provisioning.case import Case
from provisioning.deprovisioning import is_active_user
from provisioning.drift import DriftPolicy, remembered, remembered_members
from provisioning.guard import Tally
from provisioning.held import Mark
from provisioning.job import Job
from provisioning.mirror import group_key
from provisioning.model import (
    NAME_PATH,
    AddMembers,
    Attributes,
    CreateObject,
    DeleteObject,
    Key,
    Link,
    MirrorUser,
    ObjectType,
    Origin,
    RemoveMembers,
    TargetObject,
    UpdateObject,
    is_placeholder,
)
from provisioning.plan import Planned
from provisioning.ports import Row
from provisioning.scope import GroupGraph

_NOTHING = Tally()


class Ledger:
    """Keeps the links of one job as ZSCloud last confirmed them."""

    def __init__(self, job: Job) -> None:
        self._job = job

    async def executed(
        self,
        graph: GroupGraph,
        case: Case,
        plan: Planned,
        answer: TargetObject | None,
        about: str,
    ) -> list[Row]:
        """Rows of a plan that was executed."""
        rows = await self._written(graph, case, plan, answer, about)
        removed = removed_by(case, plan)
        if removed != _NOTHING:
            approved, ended = await self._approved(case, plan, removed, about)
            rows += ended
            removed = removed.plus(minus(approved))
        # The tallies last, without waiting: they are shared by outcomes recorded side by side.
        rows += self._job.removed_rows(removed)
        self._job.count_provisioned(provisioned_by(case, plan))
        return rows

    async def _approved(
        self, case: Case, plan: Planned, removed: Tally, about: str
    ) -> tuple[Tally, list[Row]]:
        """What of a plan somebody has approved, which does not count for the brake; and the rows
        that end the approval.
        """
        if isinstance(plan.write, RemoveMembers):
            marked = {id for id, w in case.withheld.items() if w.mark is Mark.APPROVED}
            done = marked.intersection(plan.write.members)
            await self._job.held.mark(case.key.id, {}, sorted(done), about)
            return Tally(memberships=len(done)), []
        approved = await self._job.held.approved.get(str(case.key))
        if approved is None:
            return Tally(), []
        return removed, [self._job.held.approved.drop(str(case.key))]

    async def _written(
        self,
        graph: GroupGraph,
        case: Case,
        plan: Planned,
        answer: TargetObject | None,
        about: str,
    ) -> list[Row]:
        write, link, links = plan.write, case.link, self._job.links
        if isinstance(write, CreateObject):
            assert answer is not None
            return await self._created(case, write, answer, about)
        assert link is not None
        match write:
            case AddMembers():
                added = dict.fromkeys(write.members, True)
                await links.change_members(case.key.id, added, (), about)
                return []
            case RemoveMembers():
                added = dict.fromkeys(write.added, True)
                await links.change_members(case.key.id, added, write.members, about)
                return []
            case DeleteObject():
                return await self._deleted(graph, case, link, about)
            case UpdateObject():
                changed = msgspec.structs.replace(
                    link,
                    attributes=merged(link.attributes, write.values),
                    written_at=self._job.clock.time(),
                    # Somebody's hand may have switched it on meanwhile: it is disabled only now.
                    leaving_since=None if is_active_user(link) else link.leaving_since,
                )
                since = self._leaving_since(case, changed)
                changed = msgspec.structs.replace(changed, leaving_since=since)
                renamed = NAME_PATH[write.type] in write.values
                return [
                    *(self._job.unlisted_rows(link) if renamed else ()),
                    *links.put(changed, link),
                ]
        raise AssertionError(write)

    async def _created(
        self, case: Case, write: CreateObject, answer: TargetObject, about: str
    ) -> list[Row]:
        link = self._link(case.key, answer, Origin.CREATED, dict(write.attributes))
        if case.key.type is ObjectType.GROUP:
            added = dict.fromkeys(write.members, True)
            await self._job.links.change_members(case.key.id, added, (), about)
        return self._job.links.put(link, None)

    async def _deleted(self, graph: GroupGraph, case: Case, link: Link, about: str) -> list[Row]:
        rows = [*self._job.links.drop(link), *self._job.unlisted_rows(link)]
        if case.key.type is ObjectType.GROUP:
            await self._job.links.forget_members(case.key.id, about)
            return rows
        await self._leave_groups(graph, case, link, about)
        return [*rows, *self.forgotten(msgspec.structs.replace(case, link=None))]

    def forgotten(self, case: Case) -> list[Row]:
        """Rows that drop the mirror row of a user who is neither near scope nor linked: the one
        that the case was made of. Who has come back since then has another.
        """
        if not case.forgettable or not isinstance(case.row, MirrorUser):
            return []
        return [self._job.mirror.users.drop_if(case.key.id, case.row)]

    async def matched(self, case: Case, found: TargetObject, about: str) -> list[Row]:
        """Rows that link a principal to an object that exists already."""
        link = self._link(case.key, found, Origin.MATCHED, found.attributes)
        members = 0
        if found.members is not None:
            owners = await self._job.links.owners(found.members)
            members = len(owners)
            # A placeholder is nobody's but ours: it is to be taken out again.
            add = {id: is_placeholder(id) for id in found.members}
            await self._job.links.change_members(case.key.id, add, (), about)
        tally = linked_as(case, active=link.active, memberships=members)
        self._job.count_provisioned(tally)
        return self._job.links.put(link, None)

    async def noted(self, case: Case) -> list[Row]:
        """Rows that note since when the object waits to be deleted, or that it waits no more."""
        link = await self._job.links.get(case.key)
        if case.link is None or link is None or link.scim_id != case.link.scim_id:
            return []  # It has gone to another principal, or is gone.
        protected = link.protected or case.link.protected
        judged = msgspec.structs.replace(link, protected=protected)
        since = self._leaving_since(case, judged)
        if since == link.leaving_since:
            return []
        return self._job.links.put(msgspec.structs.replace(link, leaving_since=since), link)

    def _leaving_since(self, case: Case, link: Link) -> float | None:
        policy, now = self._job.rules.deprovisioning, self._job.clock.time()
        return policy.leaving_since(case.verdict, link, now, emptied=not case.ours)

    async def refreshed(
        self,
        case: Case,
        found: TargetObject,
        about: str,
        policy: DriftPolicy,
        *,
        unrecorded: bool = False,
    ) -> tuple[bool, list[Row]]:
        """Whether the record was wrong, and the rows that take the live object for it, but for
        edits by hand that ``policy`` lets stand. ``unrecorded``: what is gone was taken away by a
        request that nobody came to record, as far as one can tell, and counts for the brake.
        """
        assert case.link is not None
        stored = await self._job.links.get(case.key) or case.link
        link = msgspec.structs.replace(
            stored,
            attributes=remembered(stored.attributes, found.attributes, policy),
            written_at=self._job.clock.time(),
            # What PROTECTED names is told by the setting as it is then, and not remembered.
            protected=stored.protected or self.is_administrators(found),
            missing=False,
        )
        live_link = msgspec.structs.replace(link, attributes=found.attributes)
        if link.leaving_since is not None and is_active_user(live_link) and not link.active:
            # DRIFT leaves it on: it has not been disabled for the whole time, and waits anew.
            link = msgspec.structs.replace(link, leaving_since=link.written_at)
        changed = link.attributes != case.link.attributes
        taken = Tally(users=int(stored.active and not link.active))
        if case.key.type is ObjectType.GROUP and found.members is not None:
            live = set(found.members)
            recorded = await self._job.links.members(case.key.id)
            linked = await self._job.links.owners(live - set(recorded))
            add, gone = remembered_members(recorded, live, case.wanted, linked, policy)
            changed = changed or bool(add or gone)
            added = {id: is_placeholder(id) for id in add}
            await self._job.links.change_members(case.key.id, added, gone, about)
            approved = {id for id, w in case.withheld.items() if w.mark is Mark.APPROVED}
            taken = Tally(memberships=len(gone - approved))
        rows = self._job.links.put(link, stored)
        if unrecorded:
            rows += await self._found_taken(case, taken)
        before, now = stored.active, link.active
        if case.key.type is ObjectType.USER and before != now:
            self._job.count_provisioned(Tally(users=1 if now else -1))
        return changed, rows

    async def vanished(
        self, graph: GroupGraph, case: Case, about: str, *, unrecorded: bool = False
    ) -> list[Row]:
        """Rows that end a link whose object is gone from ZSCloud. ``unrecorded`` as above."""
        assert case.link is not None
        taken = await self._found_taken(case, taken_with(case)) if unrecorded else []
        await self._leave_groups(graph, case, case.link, about)
        return [*self._job.unlisted_rows(case.link), *await self.moved(case, about), *taken]

    async def _found_taken(self, case: Case, taken: Tally) -> list[Row]:
        if await self._job.held.approved.get(str(case.key)) is not None:
            return []  # What somebody has approved does not count.
        return self._job.removed_rows(taken)

    async def moved(self, case: Case, about: str) -> list[Row]:
        """Rows that end a link whose object goes to another principal."""
        assert case.link is not None
        if case.key.type is ObjectType.GROUP:
            await self._job.links.forget_members(case.key.id, about)
        tally = linked_as(case, active=case.link.active, memberships=len(case.ours))
        self._job.count_provisioned(minus(tally))
        return self._job.links.drop(case.link)

    async def _leave_groups(self, graph: GroupGraph, case: Case, link: Link, about: str) -> None:
        """The account is gone from its groups with itself: no request has to take it out."""
        if isinstance(case.row, MirrorUser):
            for group in graph.assigned_ancestors(case.row.groups):
                await self._job.links.change_members(group, {}, [link.scim_id], about)

    async def groups_to_join(self, graph: GroupGraph, case: Case) -> list[Key]:
        """Groups that exist in ZSCloud and that a newly linked user belongs to."""
        if not isinstance(case.row, MirrorUser):
            return []
        groups = graph.assigned_ancestors(case.row.groups)
        return sorted(await self._job.links.get_many(group_key(id) for id in groups))

    def is_administrators(self, found: TargetObject) -> bool:
        """Whether the object is an administrator's, or the group of the administrators."""
        name = str(found.attributes.get(NAME_PATH[found.type]) or "")
        admin = self._job.rules.admin_group.casefold()
        if found.type is ObjectType.GROUP:
            return name.casefold() == admin
        return any(group.display.casefold() == admin for group in found.groups or ())

    def _link(self, key: Key, found: TargetObject, origin: Origin, attributes: Attributes) -> Link:
        now = self._job.clock.time()
        return Link(
            key=key,
            scim_id=found.id,
            attributes=attributes,
            origin=origin,
            linked_at=now,
            written_at=now,
            protected=origin is Origin.MATCHED and self.is_administrators(found),
        )


def merged(attributes: Attributes, values: Attributes) -> Attributes:
    """Attributes after an update; ``None`` removes one."""
    after = {**attributes, **values}
    return {path: value for path, value in after.items() if value is not None}
