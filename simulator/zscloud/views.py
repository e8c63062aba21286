"""What a test asks a tenant for, apart from its SCIM interface."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.zscloud.store import Group, Store, User


class Users:
    """The users of a tenant, in the order of creation. Portal admins are among them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __len__(self) -> int:
        return len(self._store.users)

    def __iter__(self) -> Iterator[User]:
        return iter(tuple(self._store.users.values()))

    def provisioned(self) -> tuple[User, ...]:
        """The users that are no admins."""
        return tuple(user for user in self if not user.admin)

    def by_id(self, id: str) -> User | None:
        return self._store.users.get(id)

    def by_user_name(self, user_name: str) -> User | None:
        """The user of that name, in any case."""
        return next(iter(self._found(self._store.users_by_name.get(user_name.lower()))), None)

    def by_external_id(self, external_id: str) -> tuple[User, ...]:
        return self._found(self._store.users_by_external_id.get(external_id))

    def by_display_name(self, display_name: str) -> tuple[User, ...]:
        return tuple(user for user in self if user.display_name == display_name)

    def duplicates(self) -> dict[str, tuple[User, ...]]:
        """The users that share an externalId, by that id; empty in a sound tenant."""
        shared = self._store.users_by_external_id.shared()
        return {external_id: self._found(ids) for external_id, ids in shared}

    def _found(self, ids: tuple[str, ...]) -> tuple[User, ...]:
        return tuple(self._store.users[id] for id in ids)


class Groups:
    """The groups of a tenant, in the order of creation. The admins' group is among them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __len__(self) -> int:
        return len(self._store.groups)

    def __iter__(self) -> Iterator[Group]:
        return iter(tuple(self._store.groups.values()))

    def provisioned(self) -> tuple[Group, ...]:
        """The groups that are not built in."""
        return tuple(group for group in self if not group.built_in)

    def by_id(self, id: str) -> Group | None:
        return self._store.groups.get(id)

    def by_display_name(self, display_name: str) -> Group | None:
        """The group of that name, in any case."""
        ids = self._store.groups_by_name.get(display_name.lower())
        return next(iter(self._found(ids)), None)

    def by_external_id(self, external_id: str) -> tuple[Group, ...]:
        return self._found(self._store.groups_by_external_id.get(external_id))

    def duplicates(self) -> dict[str, tuple[Group, ...]]:
        """The groups that share an externalId, by that id; empty in a sound tenant."""
        shared = self._store.groups_by_external_id.shared()
        return {external_id: self._found(ids) for external_id, ids in shared}

    def _found(self, ids: tuple[str, ...]) -> tuple[Group, ...]:
        return tuple(self._store.groups[id] for id in ids)


def member_names(store: Store, group: Group) -> tuple[str, ...]:
    """The userNames of a group's members, sorted; a copy of a member is listed again.

    Of what is no user's id, the id itself.
    """
    return tuple(
        sorted(
            store.users[id].user_name if id in store.users else id
            for id, membership in group.members.items()
            for _ in range(membership.copies)
        )
    )
