"""What Graph last said of each principal in or near scope, and what brings it in.

Bulk reads and deltas write the mirror; scope and plan are decided from it. It must never take an
older read over a newer row, and never believe an absence by itself: ``evidence`` decides that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from provisioning.errors import StateDamaged
from provisioning.model import Assignment, EntraId, Key, MirrorGroup, MirrorUser, ObjectType
from provisioning.ports import Row, Store
from provisioning.rows import chunks
from provisioning.rows.table import Table

ALL = "all"
BEGUN = "begun"
"""Assignments that are being taken in: rows may say so already, and the list of all does not. One
that goes before it was ever listed would not be missed otherwise.
"""


class Mirror:
    """The stored mirror of one job."""

    def __init__(self, store: Store, job: str) -> None:
        self._store = store
        self.users = Table(store, job, "mirror_user", MirrorUser)
        self.groups = Table(store, job, "mirror_group", MirrorGroup)
        self._members = f"{job}:mirror_members"
        self._assignments = f"{job}:mirror_assignments"

    async def user(self, id: EntraId) -> MirrorUser | None:
        """The user's row."""
        return await self.users.get(id)

    async def group(self, id: EntraId) -> MirrorGroup | None:
        """The group's row, without its members."""
        return await self.groups.get(id)

    async def members(self, group: EntraId) -> frozenset[Key]:
        """The direct members of a watched group."""
        members: set[Key] = set()
        async for page in chunks.pages(self._store, self._members, group):
            members.update(Key.parse(element) for element in page)
        return frozenset(members)

    async def members_rows(
        self, group: EntraId, add: Iterable[Key], remove: Iterable[Key]
    ) -> list[Row]:
        """Rows that bring the stored members of a group up to date."""
        return await chunks.update(
            self._store,
            self._members,
            group,
            {str(key): "" for key in add},
            [str(key) for key in remove],
        )

    async def assignments(self, of: str = ALL) -> dict[str, Assignment]:
        """The assignments of the last good read, by id; or those ``BEGUN`` since."""
        found: dict[str, Assignment] = {}
        async for page in chunks.pages(self._store, self._assignments, of):
            found.update((id, _assignment(id, text)) for id, text in page.items())
        return found

    async def assignments_rows(
        self, add: Sequence[Assignment], remove: Iterable[str], of: str = ALL
    ) -> list[Row]:
        """Rows that bring the stored assignments up to date."""
        added = {a.id: f"{a.principal} {a.role_id} {a.created}" for a in add}
        return await chunks.update(self._store, self._assignments, of, added, list(remove))


def _assignment(id: str, text: str) -> Assignment:
    try:
        principal, role_id, created = text.split(" ")
        return Assignment(id, Key.parse(principal), role_id, float(created))
    except ValueError as error:
        raise StateDamaged("an assignment", error) from None


def user_key(id: EntraId) -> Key:
    """The key of a user."""
    return Key(ObjectType.USER, id)


def group_key(id: EntraId) -> Key:
    """The key of a group."""
    return Key(ObjectType.GROUP, id)
