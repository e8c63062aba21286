"""The tenant as one replica shows it: everything as of one position of the journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .model import Assignment, Group, ServicePrincipal, User
from .tenant import Tenant


@dataclass(frozen=True, slots=True)
class View:
    """Reads as of ``at``. ``living`` reads leave out what lies in the deleted items."""

    tenant: Tenant
    at: int

    def user(self, user_id: str) -> User | None:
        return self.tenant.users.get(user_id, self.at)

    def group(self, group_id: str) -> Group | None:
        return self.tenant.groups.get(group_id, self.at)

    def service_principal(self, object_id: str) -> ServicePrincipal | None:
        return self.tenant.service_principals.get(object_id, self.at)

    def assignment(self, row_id: str) -> Assignment | None:
        return self.tenant.assignments.get(row_id, self.at)

    def principal(self, object_id: str) -> User | Group | None:
        return self.user(object_id) or self.group(object_id)

    def living_user(self, key: str) -> User | None:
        """A user that is not deleted, by id or principal name (without regard to case)."""
        user = self.user(key.lower())
        if user is None and "@" in key:
            for known in self.tenant.named.get(f"user {key.lower()}", ()):
                named = self.user(known)
                if named is not None and named.deleted is None and _same_name(named, key):
                    user = named
        return user if user is not None and user.deleted is None else None

    def living_group(self, group_id: str) -> Group | None:
        group = self.group(group_id.lower())
        return group if group is not None and group.deleted is None else None

    def has_member(self, group_id: str, member_id: str) -> bool:
        return self.tenant.members[group_id].get(member_id, self.at) is True

    def member_ids(self, group_id: str) -> Sequence[str]:
        """Ids of the direct members, sorted."""
        return self.tenant.members[group_id].keys(self.at)

    def groups_of(self, member_id: str) -> list[str]:
        """Ids of the living groups that the member is in, directly or by another one, sorted."""
        groups = [id for id in self.tenant.groups.keys(self.at) if self.living_group(id)]
        found: set[str] = set()
        waiting = [member_id]
        while waiting:
            inner = waiting.pop()
            around = {id for id in groups if id not in found and self.has_member(id, inner)}
            found |= around
            waiting += around
        return sorted(found)

    def transitive_ids(self, group_id: str) -> list[str]:
        """Ids of direct members and of members of groups inside, sorted, each once.

        Groups that contain each other are walked once; a group is not its own member unless the
        walk leads back to it.
        """
        found: set[str] = set()
        waiting = [group_id]
        while waiting:
            for member_id in self.member_ids(waiting.pop()):
                if member_id in found:
                    continue
                found.add(member_id)
                if self.living_group(member_id) is not None:
                    waiting.append(member_id)
        return sorted(found)


def _same_name(user: User, name: str) -> bool:
    return user.user_principal_name.lower() == name.lower()
