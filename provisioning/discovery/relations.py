"""Who belongs to whom, as Graph shows it: members of groups, and what the application assigns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from provisioning.discovery.facts import Facts
from provisioning.job import Job
from provisioning.mirror import group_key, user_key
from provisioning.model import (
    Assignment,
    EntraId,
    Key,
    Member,
    MirrorGroup,
    ObjectType,
    Presence,
)
from provisioning.ports import Row
from provisioning.rows.turns import in_parts


class Relations:
    """Writes memberships and assignments into the mirror, beside the facts of one look."""

    def __init__(self, job: Job, facts: Facts) -> None:
        self._job = job
        self._facts = facts

    async def members_added(
        self, group: EntraId, members: Sequence[Member], read_at: float, *, certain: bool
    ) -> None:
        """Members of a group. ``certain`` for a delta row, which may bring back a removal."""
        await self.pages_added(group, [members], read_at, certain=certain)

    async def pages_added(
        self,
        group: EntraId,
        pages: Sequence[Sequence[Member]],
        read_at: float,
        *,
        certain: bool,
    ) -> None:
        """The same for pages of members. The stored list is written once for all of them, and
        before anything else says that they are in: who is not on it would never be missed.
        """
        taken = [await self._believed(group, members, certain=certain) for members in pages]
        listed = await self._job.mirror.members_rows(
            group, (m.key for believed, _ in taken for m in believed), ()
        )
        await self._facts.touch_ancestors(group)
        for believed, rows in taken:
            await self._facts.users_seen((m.user for m in believed if m.user is not None), read_at)
            keys = [m.key for m in believed]
            belonging = await self._belonging_rows(group, keys, belongs=True)
            await self._touch_members(keys)
            await self._facts.write(listed, [*rows, *belonging])
            listed = []

    async def _believed(
        self, group: EntraId, members: Sequence[Member], *, certain: bool
    ) -> tuple[list[Member], list[Row]]:
        """Those who are believed to be members, and the rows that say so, or that they were not."""
        facts = {f"member/{group}/{m.key}": m for m in members}
        settled = await self._facts.removed.settled(facts)
        believed = [m for fact, m in facts.items() if certain or settled[fact]]
        doubtful = not certain and not all(settled.values())
        rows = [self._facts.removed.reread_row(group_key(group))] if doubtful else []
        back = [fact for fact in facts if certain and not settled[fact]]
        return believed, [*rows, *self._facts.removed.believed_rows(back)]

    async def members_read(self, group: EntraId) -> None:
        """The members of a group were read to the end: who is not among them is not in it."""
        before = await self._job.mirror.group(group)
        if before is None or before.members_read_at:
            return
        row = msgspec.structs.replace(before, members_read_at=self._job.clock.time())
        await self._facts.write([self._job.mirror.groups.put(group, row)])

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
        writes = self._facts.removed.removal_rows(f"member/{group}/{m}" for m in left)
        writes += await self._belonging_rows(group, left, belongs=False)
        listed = await self._job.mirror.members_rows(group, (), left)
        await self._touch_members(left)
        await self._facts.touch_ancestors(group)
        # Who is on the stored list no more is not missed by the next whole read.
        await self._facts.write(writes, listed)

    async def _touch_members(self, members: Iterable[Key]) -> None:
        for member in members:
            if member.type is ObjectType.USER:
                self._facts.touch(member)
            elif self._job.rules.scope.transitive:
                await self._facts.touch_group(member.id)

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

    async def forget_group(self, id: EntraId) -> None:
        """A group that nothing brings in and that has no object any more is watched no longer."""
        members = list(await self._job.mirror.members(id))
        belonging = await self._belonging_rows(id, members, belongs=False)
        listed = await self._job.mirror.members_rows(id, (), members)
        self._facts.touch(*(member for member in members if member.type is ObjectType.USER))
        await self._facts.write(belonging, listed, [self._job.mirror.groups.drop(id)])

    async def roles_changed(
        self, added: Sequence[Assignment], removed: Sequence[Assignment]
    ) -> None:
        """Notes in each principal what assigns it: everybody may be assigned one by one."""
        add, remove = _by_principal(added), _by_principal(removed)
        async for keys in in_parts({**add, **remove}):
            await self._note_roles(keys, add, remove)

    async def _note_roles(
        self,
        keys: Sequence[Key],
        add: Mapping[Key, Sequence[Assignment]],
        remove: Mapping[Key, Sequence[Assignment]],
    ) -> None:
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
        writes += self._facts.removed.removal_rows(
            f"assignment/{a.id}" for key in keys for a in remove.get(key, ())
        )
        self._facts.touch(*keys)
        for key in keys:
            if key.type is ObjectType.GROUP:
                await self._facts.touch_group(key.id)
        await self._facts.write(writes)


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
