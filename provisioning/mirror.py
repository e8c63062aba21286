"""What Graph last said of each principal in or near scope, and what brings it in.

Bulk reads and deltas write the mirror; scope and plan are decided from it. It must never take an
older read over a newer row, and never believe an absence by itself: ``evidence`` decides that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from provisioning.errors import StateDamaged
from provisioning.model import Assignment, EntraId, Key, MirrorGroup, MirrorUser, ObjectType
from provisioning.ports import Row, Store
from provisioning.rows import chunks
from provisioning.rows.table import Table


class Mirror:
    """The stored mirror of one job."""

    def __init__(self, store: Store, job: str) -> None:
        self._store = store
        self.users = Table(store, job, "mirror_user", MirrorUser, keep=True)
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

    async def assignments(self) -> dict[str, Assignment]:
        """The assignments that principals may be marked with, by id."""
        return (await self.listed_assignments()).all

    async def listed_assignments(self) -> ListedAssignments:
        """The same, and which of them are only being taken in."""
        found: dict[str, Assignment] = {}
        coming: set[str] = set()
        async for page in chunks.pages(self._store, self._assignments, "all"):
            for id, text in page.items():
                found[id] = _assignment(id, text.removesuffix(_COMING))
                if text.endswith(_COMING):
                    coming.add(id)
        return ListedAssignments(found, frozenset(coming))

    async def assignments_rows(
        self, add: Sequence[Assignment], remove: Iterable[str], *, coming: bool = False
    ) -> list[Row]:
        """Rows that bring the stored assignments up to date. ``coming``: before their principals
        are marked with them, so that a death in between leaves no mark that nobody would miss.
        """
        mark = _COMING if coming else ""
        added = {a.id: f"{a.principal} {a.role_id} {a.created}{mark}" for a in add}
        return await chunks.update(self._store, self._assignments, "all", added, list(remove))


_COMING = " coming"


class ListedAssignments(NamedTuple):
    """The stored list. Whoever is ``coming`` is new once more to the next look that sees it, and
    gone for one that does not.
    """

    all: dict[str, Assignment]
    coming: frozenset[str]


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
