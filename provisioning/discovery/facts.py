"""Taking what Graph shows into the mirror, by the rules of evidence.

Every row carries the time its read began; an older read never overwrites a newer row. A fact that
was just removed comes back at once only by a delta row, or by an operator's own call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from provisioning.discovery.removed import RemovedFacts
from provisioning.job import Job
from provisioning.mirror import group_key, user_key
from provisioning.model import (
    Assignment,
    Attributes,
    DeltaRow,
    EntraId,
    Key,
    Member,
    MirrorGroup,
    MirrorUser,
    ObjectType,
    Presence,
    SourceGroup,
    SourceUser,
)
from provisioning.ports import Row
from provisioning.rows.order import in_steps


class Facts:
    """Writes the mirror of one look, and remembers which keys it touched.

    What is touched is stored in the same write, until it is filed: a look that ends half-way
    has changed the mirror, and the next one would see no difference any more.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self.affected: set[Key] = set()
        self._unstored: set[Key] = set()
        self._anew = False
        self._touched = job.touched
        self.removed = RemovedFacts(job)

    def touch(self, *keys: Key) -> None:
        """Something happened to these keys: they are to be evaluated."""
        self._unstored.update(key for key in keys if key not in self.affected)
        self.affected.update(keys)

    async def _write(self, *steps: Sequence[Row]) -> None:
        """Stores rows step by step: what tells that there is something to do goes last."""
        keys = () if self._anew else sorted(self._unstored)
        touched = [self._touched.put(str(key), "") for key in keys]
        self._unstored.clear()
        first = [row for rows in steps for row in rows if self.removed.remembers(row)]
        rest = [[row for row in rows if not self.removed.remembers(row)] for rows in steps]
        near = self._job.near_scope
        news = await near.has_news([row for rows in rest for row in rows])
        rest.append([near.renewed(self._job.ids.new())] if news else [])
        await self._job.store.write(in_steps([*touched, *first], *rest))

    async def remember(self) -> None:
        """Stores what was touched so far, until it is filed."""
        await self._write([])

    def begin_anew(self) -> None:
        """Everybody is read and evaluated: what is touched need not be stored."""
        self._anew = True

    async def take_up(self) -> None:
        """Takes up what earlier looks touched and did not come to file."""
        async for key, _ in self._touched.all():
            self.affected.add(Key.parse(key))

    def filed_rows(self) -> list[Row]:
        """Rows that end the memory of what was touched: it is filed now."""
        return [self._touched.drop(str(key)) for key in self.affected]

    # --- users ---------------------------------------------------------------------------------

    async def users_seen(
        self, users: Iterable[SourceUser], read_at: float, *, certain: bool = False
    ) -> None:
        """Users as a plain read shows them. ``certain`` believes also what was just removed."""
        seen = {user.id: user for user in users}
        rows = await self._job.mirror.users.get_many(seen)
        settled = await self.removed.settled(
            fact for id in rows for fact in (f"enabled/{id}", f"exists/{id}")
        )
        writes: list[Row] = []
        for id, user in seen.items():
            before = rows.get(id)
            if before is not None and before.read_at > read_at:
                continue
            exists = certain or settled.get(f"exists/{id}", True)
            enabled = certain or settled.get(f"enabled/{id}", True)
            doubtful = before is not None and (
                (before.presence is not Presence.PRESENT and not exists)
                or (not before.enabled and user.enabled and not enabled)
            )
            if doubtful:
                writes.append(self.removed.reread_row(user_key(id)))
                continue
            writes += self._user_rows(before, user, read_at)
            self.touch(user_key(id))
        await self._write(writes)

    def _user_rows(self, before: MirrorUser | None, user: SourceUser, read_at: float) -> list[Row]:
        row = MirrorUser(
            id=user.id,
            attributes=user.attributes,
            enabled=user.enabled,
            read_at=read_at,
            roles=before.roles if before else {},
            groups=before.groups if before else (),
        )
        rows = [self._job.mirror.users.put(user.id, row)]
        if before is not None and before.enabled and not user.enabled:
            rows += self.removed.removal_rows([f"enabled/{user.id}"])
        return rows

    async def users_absent(self, ids: Iterable[EntraId], presence: Presence) -> None:
        """Users that are proven to be deleted. Hard-deleted ones leave their groups."""
        rows = await self._job.mirror.users.get_many(ids)
        writes: list[Row] = []
        leaving: dict[EntraId, list[Key]] = {}
        for id, before in rows.items():
            row = msgspec.structs.replace(
                before,
                presence=presence,
                read_at=self._job.clock.time(),
                groups=() if presence is Presence.GONE else before.groups,
            )
            writes.append(self._job.mirror.users.put(id, row))
            writes += self.removed.removal_rows([f"exists/{id}"])
            self.touch(user_key(EntraId(id)))
            if presence is Presence.GONE:
                for group in before.groups:
                    self.touch(group_key(group))
                    leaving.setdefault(group, []).append(user_key(EntraId(id)))
        lists: list[Row] = []
        for group, members in leaving.items():
            lists += await self._job.mirror.members_rows(group, (), members)
        # The user's own row says which lists the user is to leave.
        await self._write(lists, writes)

    async def user_delta(self, rows: Sequence[DeltaRow], read_at: float) -> None:
        """Rows of the users feed. People whom the mirror does not know are strangers."""
        # A round may repeat a user; the last row counts.
        latest = {row.key.id: row for row in rows}
        known = await self._job.mirror.users.get_many(latest)
        writes: list[Row] = []
        for id, row in latest.items():
            before = known.get(id)
            if before is None and not self._job.rules.scope.everyone:
                continue
            if row.removed is not None:
                presence = Presence.SOFT_DELETED if row.removed == "changed" else Presence.GONE
                await self.users_absent([id], presence)
                continue
            writes += self._changed_user_rows(before, row, read_at)
            self.touch(row.key)
        await self._write(writes)

    def _changed_user_rows(
        self, before: MirrorUser | None, row: DeltaRow, read_at: float
    ) -> list[Row]:
        id = row.key.id
        attributes = {**self._so_far(before, ObjectType.USER), **row.attributes}
        was_enabled = before.enabled if before else True
        enabled = was_enabled if row.enabled is None else row.enabled
        changed = MirrorUser(
            id=id,
            attributes=attributes,
            enabled=enabled,
            read_at=read_at,
            roles=before.roles if before else {},
            groups=before.groups if before else (),
        )
        rows = [self._job.mirror.users.put(id, changed)]
        rows += self.removed.believed_rows([f"exists/{id}"])
        if enabled:
            rows += self.removed.believed_rows([f"enabled/{id}"])
        elif was_enabled:
            rows += self.removed.removal_rows([f"enabled/{id}"])
        return rows

    def _so_far(self, before: MirrorUser | MirrorGroup | None, type: ObjectType) -> Attributes:
        """What a delta row adds to. Of who is new it leaves out what has no value (Graph: delta
        query); a property that was never read is missing in the mirror, and not null.
        """
        if before is not None:
            return before.attributes
        return dict.fromkeys(self._job.mapping(type).source_properties)

    # --- groups --------------------------------------------------------------------------------

    async def groups_seen(self, groups: Iterable[SourceGroup], read_at: float) -> None:
        """Groups as a plain read shows them, without their members."""
        seen = {group.id: group for group in groups}
        rows = await self._job.mirror.groups.get_many(seen)
        writes: list[Row] = []
        for id, group in seen.items():
            before = rows.get(id) or MirrorGroup(id=id, attributes={}, read_at=0.0)
            if before.read_at > read_at:
                continue
            row = msgspec.structs.replace(
                before, attributes=group.attributes, presence=Presence.PRESENT, read_at=read_at
            )
            writes.append(self._job.mirror.groups.put(id, row))
            self.touch(group_key(id))
        await self._write(writes)

    async def group_changed(
        self, id: EntraId, attributes: Mapping[str, object], read_at: float
    ) -> None:
        """A row of the groups feed: the group exists, with these attributes changed."""
        known = await self._job.mirror.group(id)
        before = known or MirrorGroup(id=id, attributes={}, read_at=0.0)
        row = msgspec.structs.replace(
            before,
            attributes={**self._so_far(known, ObjectType.GROUP), **attributes},
            presence=Presence.PRESENT,
            read_at=read_at,
        )
        self.touch(group_key(id))
        await self._write([self._job.mirror.groups.put(id, row)])

    async def group_absent(self, id: EntraId, presence: Presence) -> None:
        """A group that is proven to be deleted; whom it brought in is looked at."""
        before = await self._job.mirror.group(id)
        if before is None:
            return
        row = msgspec.structs.replace(before, presence=presence, read_at=self._job.clock.time())
        await self._touch_group(id)
        await self._touch_ancestors(id)
        await self._write([self._job.mirror.groups.put(id, row)])

    async def group_is_back(self, id: EntraId) -> None:
        """A deleted group exists again: whom it brings in is looked at."""
        await self._touch_group(id)
        await self._touch_ancestors(id)
        await self.remember()

    async def _touch_group(self, id: EntraId) -> None:
        """The group and everybody whom it may bring in are to be looked at."""
        seen: set[EntraId] = set()
        queue = [id]
        while queue:
            group = queue.pop()
            if group in seen:
                continue
            seen.add(group)
            self.touch(group_key(group))
            for member in await self._job.mirror.members(group):
                if member.type is ObjectType.USER:
                    self.touch(member)
                elif self._job.rules.scope.transitive:
                    queue.append(member.id)

    async def forget_group(self, id: EntraId) -> None:
        """A group that nothing brings in and that has no object any more is watched no longer."""
        members = list(await self._job.mirror.members(id))
        belonging = await self._belonging_rows(id, members, belongs=False)
        listed = await self._job.mirror.members_rows(id, (), members)
        self.touch(*(member for member in members if member.type is ObjectType.USER))
        await self._write(belonging, listed, [self._job.mirror.groups.drop(id)])

    # --- members -------------------------------------------------------------------------------

    async def members_added(
        self, group: EntraId, members: Sequence[Member], read_at: float, *, certain: bool
    ) -> None:
        """Members of a group. ``certain`` for a delta row, which may bring back a removal."""
        facts = {f"member/{group}/{m.key}": m for m in members}
        settled = await self.removed.settled(facts)
        believed = [m for fact, m in facts.items() if certain or settled[fact]]
        doubtful = not certain and not all(settled.values())
        writes = [self.removed.reread_row(group_key(group))] if doubtful else []
        await self.users_seen((m.user for m in believed if m.user is not None), read_at)
        writes += await self._job.mirror.members_rows(group, (m.key for m in believed), ())
        writes += self.removed.believed_rows(
            fact for fact, m in facts.items() if certain and not settled[fact]
        )
        writes += await self._belonging_rows(group, [m.key for m in believed], belongs=True)
        await self._touch_ancestors(group)
        await self._touch_members(m.key for m in believed)
        await self._write(writes)

    async def members_read(self, group: EntraId) -> None:
        """The members of a group were read to the end: who is not among them is not in it."""
        before = await self._job.mirror.group(group)
        if before is None or before.members_read_at:
            return
        row = msgspec.structs.replace(before, members_read_at=self._job.clock.time())
        await self._write([self._job.mirror.groups.put(group, row)])

    async def members_removed(
        self, group: EntraId, members: Sequence[Key], *, said: bool = False
    ) -> None:
        """Members proven to have left. Soft-deleted users stay until they are gone for good,
        unless the group's own feed has ``said`` that they left.
        """
        rows = await self._job.mirror.users.get_many(m.id for m in members)
        left = [
            m
            for m in members
            if said or m.id not in rows or rows[m.id].presence is not Presence.SOFT_DELETED
        ]
        writes = self.removed.removal_rows(f"member/{group}/{m}" for m in left)
        writes += await self._belonging_rows(group, left, belongs=False)
        listed = await self._job.mirror.members_rows(group, (), left)
        await self._touch_members(left)
        await self._touch_ancestors(group)
        # Who is on the stored list no more is not missed by the next whole read.
        await self._write(writes, listed)

    async def _touch_members(self, members: Iterable[Key]) -> None:
        for member in members:
            if member.type is ObjectType.USER:
                self.touch(member)
            elif self._job.rules.scope.transitive:
                await self._touch_group(member.id)

    async def _touch_ancestors(self, group: EntraId) -> None:
        """The group, and (with nesting) those that it is within."""
        self.touch(group_key(group))
        if not self._job.rules.scope.transitive:
            return
        seen: set[EntraId] = set()
        queue = [group]
        while queue:
            id = queue.pop()
            row = None if id in seen else await self._job.mirror.group(id)
            seen.add(id)
            if row is not None:
                self.touch(group_key(id))
                queue.extend(row.parents)

    async def _belonging_rows(
        self, group: EntraId, members: Sequence[Key], *, belongs: bool
    ) -> list[Row]:
        """Rows that note in each member what brings it in."""
        users = await self._job.mirror.users.get_many(
            m.id for m in members if m.type is ObjectType.USER
        )
        groups = await self._job.mirror.groups.get_many(
            m.id for m in members if m.type is ObjectType.GROUP
        )
        rows: list[Row] = []
        for id, user in users.items():
            now = _with(user.groups, group, belongs=belongs)
            if now != user.groups:
                row = msgspec.structs.replace(user, groups=now)
                rows.append(self._job.mirror.users.put(id, row))
        for member in members:
            if member.type is not ObjectType.GROUP or not self._job.rules.scope.transitive:
                continue
            # A group within that was not read yet begins as a row that only knows its parents.
            nested = groups.get(member.id) or MirrorGroup(id=member.id, attributes={}, read_at=0.0)
            now = _with(nested.parents, group, belongs=belongs)
            if now != nested.parents:
                changed = msgspec.structs.replace(nested, parents=now)
                rows.append(self._job.mirror.groups.put(member.id, changed))
        return rows

    # --- assignments ---------------------------------------------------------------------------

    async def roles_changed(
        self, added: Sequence[Assignment], removed: Sequence[Assignment]
    ) -> None:
        """Notes in each principal what assigns it."""
        add = _by_principal(added)
        remove = _by_principal(removed)
        keys = {*add, *remove}
        users = await self._job.mirror.users.get_many(
            k.id for k in keys if k.type is ObjectType.USER
        )
        groups = await self._job.mirror.groups.get_many(
            k.id for k in keys if k.type is ObjectType.GROUP
        )
        writes: list[Row] = []
        for id, user in users.items():
            key = user_key(EntraId(id))
            roles = _roles(user.roles, add.get(key, ()), remove.get(key, ()))
            writes.append(
                self._job.mirror.users.put(id, msgspec.structs.replace(user, roles=roles))
            )
        for id, group in groups.items():
            key = group_key(EntraId(id))
            roles = _roles(group.roles, add.get(key, ()), remove.get(key, ()))
            writes.append(
                self._job.mirror.groups.put(id, msgspec.structs.replace(group, roles=roles))
            )
        writes += self.removed.removal_rows(f"assignment/{a.id}" for a in removed)
        self.touch(*keys)
        for key in keys:
            if key.type is ObjectType.GROUP:
                await self._touch_group(key.id)
        await self._write(writes)


def _with(groups: tuple[EntraId, ...], group: EntraId, *, belongs: bool) -> tuple[EntraId, ...]:
    if belongs:
        return groups if group in groups else (*groups, group)
    return tuple(g for g in groups if g != group)


def _by_principal(assignments: Sequence[Assignment]) -> dict[Key, list[Assignment]]:
    by_principal: dict[Key, list[Assignment]] = {}
    for assignment in assignments:
        by_principal.setdefault(assignment.principal, []).append(assignment)
    return by_principal


def _roles(
    before: Mapping[str, str], add: Sequence[Assignment], remove: Sequence[Assignment]
) -> dict[str, str]:
    gone = {a.id for a in remove}
    kept = {id: role for id, role in before.items() if id not in gone}
    return {**kept, **{a.id: a.role_id for a in add}}
