"""Taking what Graph shows into the mirror, by the rules of evidence.

Every row carries the time its read began; an older read never overwrites a newer row. A fact that
was just removed comes back at once only by a delta row, or by an operator's own call. Any other
change that a plain read shows is believed; if what it overturns is young, it is read once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from provisioning.discovery.touched import Touched
from provisioning.discovery.vanished import Vanished
from provisioning.evidence import is_overturned
from provisioning.job import Job
from provisioning.mirror import group_key, user_key
from provisioning.model import (
    Attributes,
    DeltaRow,
    EntraId,
    Key,
    MirrorGroup,
    MirrorUser,
    ObjectType,
    Presence,
    SourceGroup,
    SourceUser,
)
from provisioning.ports import Row

_ENABLED, _PRESENCE = "/enabled", "/presence"
"""Facts beside the attributes; no property of Graph is called so."""


class Facts(Touched):
    """Writes users and groups into the mirror of one look. Who belongs to whom is apart
    (``Relations``).
    """

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.vanished = Vanished(job)
        self._began = job.clock.time()

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
            if before is not None and self._overturns_user(before, user, read_at):
                writes.append(self.removed.reread_row(user_key(id)))
            writes += self._user_rows(before, user, read_at)
            self.came_upon(None if before is None else before.read_at)
            self.touch(user_key(id))
        await self.write(writes)

    def _overturns_user(self, before: MirrorUser, user: SourceUser, read_at: float) -> bool:
        """Whether a feed, or another read, has told otherwise of a user just before."""
        known = {
            **self.vanished.last_shown(before),
            _ENABLED: before.enabled,
            _PRESENCE: before.presence,
        }
        shown = {**user.attributes, _ENABLED: user.enabled, _PRESENCE: Presence.PRESENT}
        return is_overturned(known, before.read_at, shown, read_at)

    def _user_rows(self, before: MirrorUser | None, user: SourceUser, read_at: float) -> list[Row]:
        row = MirrorUser(
            id=user.id,
            attributes=self.vanished.keep_back(user.id, before, user.attributes),
            enabled=user.enabled,
            read_at=read_at,
            roles=before.roles if before else {},
            groups=before.groups if before else (),
        )
        if self._is_known(before, row):
            return []
        rows = [self._job.mirror.users.put(user.id, row)]
        if before is not None and before.enabled and not user.enabled:
            rows += self.removed.removal_rows([f"enabled/{user.id}"])
        return rows

    def _is_known(self, before: MirrorUser | None, row: MirrorUser) -> bool:
        """Whether this look has read the very same already: who is in many groups is shown by each
        of them.
        """
        if before is None or before.read_at < self._began:
            return False
        return row == msgspec.structs.replace(before, read_at=row.read_at)

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
        await self.write(lists, writes)

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
        await self.write(writes)

    def _changed_user_rows(
        self, before: MirrorUser | None, row: DeltaRow, read_at: float
    ) -> list[Row]:
        id = row.key.id
        attributes = {**self._so_far(before, ObjectType.USER), **row.attributes}
        was_enabled = before.enabled if before else True
        enabled = was_enabled if row.enabled is None else row.enabled
        changed = MirrorUser(
            id=id,
            attributes=self.vanished.keep_back(id, before, attributes),
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
            if _overturns_group(before, group, read_at):
                writes.append(self.removed.reread_row(group_key(id)))
            row = msgspec.structs.replace(
                before, attributes=group.attributes, presence=Presence.PRESENT, read_at=read_at
            )
            writes.append(self._job.mirror.groups.put(id, row))
            self.touch(group_key(id))
        await self.write(writes)

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
        await self.write([self._job.mirror.groups.put(id, row)])

    async def group_absent(self, id: EntraId, presence: Presence) -> None:
        """A group that is proven to be deleted; whom it brought in is looked at."""
        before = await self._job.mirror.group(id)
        if before is None:
            return
        row = msgspec.structs.replace(before, presence=presence, read_at=self._job.clock.time())
        await self.touch_group(id)
        await self.touch_ancestors(id)
        await self.write([self._job.mirror.groups.put(id, row)])

    async def group_is_back(self, id: EntraId) -> None:
        """A deleted group exists again: whom it brings in is looked at."""
        await self.touch_group(id)
        await self.touch_ancestors(id)
        await self.remember()

    async def touch_group(self, id: EntraId) -> None:
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
                await self.remember_many()

    async def touch_ancestors(self, group: EntraId) -> None:
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


def _overturns_group(before: MirrorGroup, group: SourceGroup, read_at: float) -> bool:
    """Whether a feed, or another read, has told otherwise of a group just before."""
    known = {**before.attributes, _PRESENCE: before.presence}
    shown = {**group.attributes, _PRESENCE: Presence.PRESENT}
    return is_overturned(known, before.read_at, shown, read_at)
