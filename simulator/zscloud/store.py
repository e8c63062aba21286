"""The resources of the tenant with their indexes. Rules are kept elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.zscloud.schema import ENTERPRISE

# Ids seen in the field: a fixed prefix in the shape of a UUID and eight digits.
USER_ID_PREFIX = "7a736361-6c65-7200-7363-696d"
GROUP_ID_PREFIX = "7a736361-6c65-7200-7363-6969"

Ids = dict[str, None]  # a set in the order of insertion


@dataclass(frozen=True, slots=True)
class Membership:
    """A member as the client wrote it. ``copies`` is above one where re-adding duplicates."""

    display: str = ""
    type: str = ""
    copies: int = 1


PLAIN = Membership()


@dataclass(frozen=True, slots=True)
class User:
    """A user. ``document`` has the assigned attributes; times are seconds since the epoch."""

    id: str
    document: Mapping[str, Any]
    created: float
    modified: float
    admin: bool = False

    @property
    def user_name(self) -> str:
        return str(self.document["userName"])

    @property
    def display_name(self) -> str:
        return str(self.document["displayName"])

    @property
    def external_id(self) -> str:
        return str(self.document.get("externalId", ""))

    @property
    def active(self) -> bool:
        """A user is enabled unless a client said otherwise."""
        return bool(self.document.get("active", True))

    @property
    def department(self) -> str:
        return str(self.document.get(ENTERPRISE, {}).get("department", ""))


@dataclass(frozen=True, slots=True)
class Group:
    """A group. ``members`` is by user id. ``built_in``: the portal made it."""

    id: str
    document: Mapping[str, Any]
    created: float
    modified: float
    members: Mapping[str, Membership] = field(default_factory=dict)
    built_in: bool = False

    @property
    def display_name(self) -> str:
        return str(self.document["displayName"])

    @property
    def external_id(self) -> str:
        return str(self.document.get("externalId", ""))


class Index:
    """Ids by the value of an attribute; several resources may share a value."""

    def __init__(self) -> None:
        self._ids: dict[str, Ids] = {}

    def get(self, value: str) -> tuple[str, ...]:
        return tuple(self._ids.get(value, ()))

    def put(self, value: str, id: str) -> None:
        if value:
            self._ids.setdefault(value, {})[id] = None

    def drop(self, value: str, id: str) -> None:
        ids = self._ids.get(value)
        if ids is not None:
            ids.pop(id, None)
            if not ids:
                del self._ids[value]

    def shared(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The values that more than one resource has."""
        for value, ids in self._ids.items():
            if len(ids) > 1:
                yield value, tuple(ids)


class Store:
    """Users and groups by id, in the order of creation."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.users_by_name = Index()
        self.users_by_external_id = Index()
        self.groups_by_name = Index()
        self.groups_by_external_id = Index()
        self._groups_of: dict[str, Ids] = {}
        self._user_number = 0
        self._group_number = 0
        self._user_rows: list[User] | None = None
        self._group_rows: list[Group] | None = None

    def new_user_id(self) -> str:
        self._user_number += 1
        return f"{USER_ID_PREFIX}{self._user_number:08x}"

    def new_group_id(self) -> str:
        self._group_number += 1
        return f"{GROUP_ID_PREFIX}{self._group_number:08x}"

    def user_rows(self) -> list[User]:
        """All users in the order of creation. The list is shared: do not change it."""
        if self._user_rows is None:
            self._user_rows = list(self.users.values())
        return self._user_rows

    def group_rows(self) -> list[Group]:
        """All groups in the order of creation. The list is shared: do not change it."""
        if self._group_rows is None:
            self._group_rows = list(self.groups.values())
        return self._group_rows

    def groups_of(self, user_id: str) -> list[Group]:
        """The groups that a user is a member of."""
        return [self.groups[id] for id in self._groups_of.get(user_id, ())]

    def save_user(self, user: User) -> None:
        """Create the user or replace the one with its id."""
        self._unindex_user(self.users.get(user.id))
        self.users[user.id] = user
        self._user_rows = None
        self.users_by_name.put(user.user_name.lower(), user.id)
        self.users_by_external_id.put(user.external_id, user.id)

    def save_group(self, group: Group) -> None:
        """Create the group or replace the one with its id, members included."""
        before = self.groups.get(group.id)
        self._unindex_group(before)
        self.groups[group.id] = group
        self._group_rows = None
        self.groups_by_name.put(group.display_name.lower(), group.id)
        self.groups_by_external_id.put(group.external_id, group.id)
        if before is None or before.members is not group.members:
            self._index_members(group.id, before.members if before else {}, group.members)

    def delete_user(self, user: User) -> None:
        """Delete a user with its memberships."""
        for group in self.groups_of(user.id):
            members = {id: member for id, member in group.members.items() if id != user.id}
            self.save_group(_with_members(group, members))
        self._unindex_user(user)
        self._groups_of.pop(user.id, None)
        del self.users[user.id]
        self._user_rows = None

    def delete_group(self, group: Group) -> None:
        """Delete a group; its members stay."""
        self._index_members(group.id, group.members, {})
        self._unindex_group(group)
        del self.groups[group.id]
        self._group_rows = None

    def _index_members(
        self, group_id: str, before: Mapping[str, Membership], after: Mapping[str, Membership]
    ) -> None:
        for user_id in before.keys() - after.keys():
            self._groups_of[user_id].pop(group_id, None)
        for user_id in after.keys() - before.keys():
            self._groups_of.setdefault(user_id, {})[group_id] = None

    def _unindex_user(self, user: User | None) -> None:
        if user is not None:
            self.users_by_name.drop(user.user_name.lower(), user.id)
            self.users_by_external_id.drop(user.external_id, user.id)

    def _unindex_group(self, group: Group | None) -> None:
        if group is not None:
            self.groups_by_name.drop(group.display_name.lower(), group.id)
            self.groups_by_external_id.drop(group.external_id, group.id)


def _with_members(group: Group, members: Mapping[str, Membership]) -> Group:
    return Group(group.id, group.document, group.created, group.modified, members, group.built_in)
