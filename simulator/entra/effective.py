"""Who is entitled by the assignments: the answer that a test compares the target with.

Written without the code that serves requests, so that an error there is not repeated here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from .history import Versioned
from .model import DEFAULT_ACCESS, Assignment, Group, User


class Entitling(Protocol):
    """What of a tenant decides who is entitled."""

    @property
    def users(self) -> Versioned[User]: ...

    @property
    def groups(self) -> Versioned[Group]: ...

    @property
    def assignments(self) -> Versioned[Assignment]: ...

    @property
    def members(self) -> Mapping[str, Versioned[bool]]:
        """Ids of the direct members, by group."""
        ...


def _assigned(tenant: Entitling, *, default_access: bool) -> set[str]:
    return {
        row.principal_id
        for row in tenant.assignments.current().values()
        if default_access or row.app_role_id != DEFAULT_ACCESS
    }


def users(tenant: Entitling, *, nested: bool, default_access: bool) -> set[str]:
    """Ids of users assigned themselves or through an assigned group, and not deleted.

    Direct members count, as in Entra; ``nested`` adds the members of groups inside. Default Access
    assignments count with ``default_access``. A disabled user still counts.
    """
    found: set[str] = set()
    for principal_id in _assigned(tenant, default_access=default_access):
        user = tenant.users.get(principal_id)
        group = tenant.groups.get(principal_id)
        if user is not None and user.deleted is None:
            found.add(principal_id)
        if group is not None and group.deleted is None:
            found |= member_users(tenant, principal_id, nested=nested)
    return found


def groups(tenant: Entitling, *, default_access: bool) -> set[str]:
    """Ids of the assigned groups that are not deleted."""
    found: set[str] = set()
    for principal_id in _assigned(tenant, default_access=default_access):
        group = tenant.groups.get(principal_id)
        if group is not None and group.deleted is None:
            found.add(principal_id)
    return found


def member_users(tenant: Entitling, group_id: str, *, nested: bool) -> set[str]:
    """Ids of the users in a group, not deleted; with ``nested`` through groups inside it too."""
    found: set[str] = set()
    seen = {group_id}
    open_groups = [group_id]
    while open_groups:
        for member_id in tenant.members[open_groups.pop()].current():
            user = tenant.users.get(member_id)
            group = tenant.groups.get(member_id)
            if user is not None and user.deleted is None:
                found.add(member_id)
            elif nested and group is not None and group.deleted is None and member_id not in seen:
                seen.add(member_id)
                open_groups.append(member_id)
    return found
