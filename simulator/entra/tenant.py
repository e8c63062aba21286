"""One Entra tenant: its objects, the changes an administrator makes, and the journal of them.

What is added before the tenant opens was always there and is dated a day back. From then on every
change is one journal entry with its time, from which delta queries, notifications and lagging
replicas are answered.
"""

from __future__ import annotations

import base64
import random
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from simulator.clock import Clock, SystemClock

from . import effective
from .editing import Principal, present, updated
from .history import Journal, Versioned
from .model import (
    BEFORE_OPENING,
    DEFAULT_ACCESS,
    AppRole,
    Assignment,
    Change,
    ChangeKind,
    Group,
    ObjectKind,
    ServicePrincipal,
    User,
)
from .properties import timestamp

DAY = 86_400.0


class Tenant:
    """The tenant and everything that can be done to it.

    Property names are Graph's (``displayName``); ``manager`` is the id of a user. Methods raise
    ``LookupError`` for an object that is not there and ``ValueError`` for a change that Entra
    would refuse.
    """

    def __init__(self, seed: int = 0, domain: str = "example.com") -> None:
        self.random = random.Random(f"tenant {seed}")
        self.domain = domain
        self.id = self.new_id()
        self.journal = Journal()
        self.users: Versioned[User] = Versioned()
        self.groups: Versioned[Group] = Versioned()
        self.service_principals: Versioned[ServicePrincipal] = Versioned()
        self.assignments: Versioned[Assignment] = Versioned()
        self.members: dict[str, Versioned[bool]] = {}
        self.listeners: list[Callable[[Change], None]] = []
        self.named: dict[str, set[str]] = {}
        self._groups_of: dict[str, set[str]] = {}
        self._roles_of: dict[str, set[str]] = {}
        self._clock: Clock = SystemClock()
        self._opened: float | None = None
        self.service_principal_id = self._add_service_principal()

    @classmethod
    def empty(cls, seed: int = 0, domain: str = "example.com") -> Tenant:
        """A tenant with the enterprise application and nothing else."""
        return cls(seed, domain)

    # Opening and time

    def open(self, clock: Clock | None = None) -> None:
        """From here on changes are dated by the clock and journalled. A second call does nothing.

        Raises ``ValueError`` when the second call brings another clock.
        """
        if self._opened is None:
            self._clock = clock or self._clock
            self._opened = self._clock.time()
        elif clock is not None and clock is not self._clock:
            raise ValueError("the tenant is open on another clock")

    @property
    def clock(self) -> Clock:
        return self._clock

    def instant(self, seconds: float) -> str:
        """A stored time as Graph writes it."""
        if seconds == BEFORE_OPENING:
            opened = self._clock.time() if self._opened is None else self._opened
            return timestamp(opened - DAY)
        return timestamp(seconds)

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def _now(self) -> float:
        return BEFORE_OPENING if self._opened is None else self._clock.time()

    def _record(
        self,
        kind: ChangeKind,
        object_kind: ObjectKind,
        object_id: str,
        properties: Iterable[str] = (),
        member_id: str | None = None,
    ) -> int:
        """Journal a change and answer its position; 0 before the tenant opened."""
        if self._opened is None:
            return 0
        change = self.journal.append(
            self._clock.time(), kind, object_kind, object_id, frozenset(properties), member_id
        )
        return change.sequence

    def _announce(self, sequence: int) -> None:
        if sequence:
            for listener in self.listeners:
                listener(self.journal.changes[sequence - 1])

    # Enterprise application

    def _add_service_principal(self) -> str:
        roles = (
            AppRole(self.new_id(), None, "msiam_access"),
            AppRole(self.new_id(), "User", "User"),
        )
        item = ServicePrincipal(self.new_id(), self.new_id(), "Zscaler ZSCloud", roles)
        self.service_principals.put(item.id, item, 0)
        return item.id

    @property
    def service_principal(self) -> ServicePrincipal:
        """The enterprise application as it is now."""
        return present(self.service_principals, self.service_principal_id, "service principal")

    def update_service_principal(self, **properties: Any) -> None:
        before = self.service_principal
        after, changed = updated(before, properties)
        if changed:
            self._put("updated", "servicePrincipal", self.service_principals, after, changed)

    def role_id(self, role: str) -> str:
        """The id of an app role, given its id, value or display name."""
        if role == DEFAULT_ACCESS:
            return role
        for known in self.service_principal.app_roles:
            if role in (known.id, known.value, known.display_name):
                return known.id
        raise LookupError(f"no app role {role}")

    # Assignments

    def assign(self, principal_id: str, role: str = "User") -> str:
        """Assign a user or group; the role by id, value or display name. Answers the new id."""
        role_id = self.role_id(role)
        is_user = principal_id in self.users
        self._living(principal_id)
        for known in self._roles_of.get(principal_id, ()):
            if self.assignments.current()[known].app_role_id == role_id:
                raise ValueError("Permission being assigned already exists on the object")
        row = Assignment(
            base64.urlsafe_b64encode(self.random.randbytes(32)).decode().rstrip("="),
            role_id,
            principal_id,
            "User" if is_user else "Group",
            self.service_principal_id,
            self._now(),
        )
        sequence = self._record("created", "assignment", row.id)
        self.assignments.put(row.id, row, sequence)
        self._roles_of.setdefault(principal_id, set()).add(row.id)
        self._announce(sequence)
        return row.id

    def unassign(self, which: str, role: str | None = None) -> None:
        """Take away one assignment by its id, or those of a principal (of one role, if given)."""
        if which in self.assignments:
            rows = [which]
        else:
            wanted = None if role is None else self.role_id(role)
            rows = [
                row
                for row in sorted(self._roles_of.get(which, ()))
                if wanted in (None, self.assignments.current()[row].app_role_id)
            ]
        if not rows:
            raise LookupError(f"no assignment of {which}")
        for row_id in rows:
            self._drop_assignment(row_id)

    def _drop_assignment(self, row_id: str) -> None:
        row = self.assignments.current()[row_id]
        sequence = self._record("purged", "assignment", row_id)
        self.assignments.put(row_id, None, sequence)
        self._roles_of[row.principal_id].discard(row_id)
        self._announce(sequence)

    # Users and groups

    def add_user(self, user_principal_name: str, **properties: Any) -> str:
        """A new user with these Graph properties. Answers the id."""
        for known in self.ids_named(user_principal_name, "user"):
            if self.users.current()[known].deleted is None:
                raise ValueError("Another object with the same value for userPrincipalName exists")
        blank = User(
            properties.pop("id", None) or self.new_id(), user_principal_name, created=self._now()
        )
        user, _ = updated(blank, properties)
        self._put("created", "user", self.users, user)
        return user.id

    def add_group(self, display_name: str, members: Iterable[str] = (), **properties: Any) -> str:
        """A new security group with these members and Graph properties. Answers the id."""
        blank = Group(
            properties.pop("id", None) or self.new_id(), display_name, created=self._now()
        )
        group, _ = updated(blank, properties)
        self.members[group.id] = Versioned()
        self._put("created", "group", self.groups, group)
        for member in members:
            self.add_member(group.id, member)
        return group.id

    def update_user(self, user_id: str, **properties: Any) -> None:
        """Set Graph properties; None clears one. What is equal already is no change."""
        before = present(self.users, user_id, "user")
        after, changed = updated(before, properties)
        if changed:
            self._put("updated", "user", self.users, after, changed)

    def update_group(self, group_id: str, **properties: Any) -> None:
        before = present(self.groups, group_id, "group")
        after, changed = updated(before, properties)
        if changed:
            self._put("updated", "group", self.groups, after, changed)

    def disable(self, user_id: str) -> None:
        self.update_user(user_id, accountEnabled=False)

    def enable(self, user_id: str) -> None:
        self.update_user(user_id, accountEnabled=True)

    def move(self, user_id: str, department: str) -> None:
        self.update_user(user_id, department=department)

    def add_member(self, group_id: str, member_id: str) -> None:
        """Add a user or group as a direct member; ``ValueError`` when it is one already."""
        present(self.groups, group_id, "group")
        if member_id not in self.users and member_id not in self.groups:
            raise LookupError(f"no user or group {member_id}")
        if member_id in self.members[group_id]:
            raise ValueError("One or more added object references already exist")
        self._set_member(group_id, member_id, "member_added")

    def remove_member(self, group_id: str, member_id: str) -> None:
        present(self.groups, group_id, "group")
        if member_id not in self.members[group_id]:
            raise LookupError(f"{member_id} is not a member of {group_id}")
        self._set_member(group_id, member_id, "member_removed")

    def _set_member(self, group_id: str, member_id: str, kind: ChangeKind) -> None:
        sequence = self._record(kind, "group", group_id, member_id=member_id)
        added = kind == "member_added"
        self.members[group_id].put(member_id, True if added else None, sequence)
        containing = self._groups_of.setdefault(member_id, set())
        (containing.add if added else containing.discard)(group_id)
        self._announce(sequence)

    # Deletion

    def delete(self, object_id: str) -> None:
        """Put a user or group into the deleted items, from where it can be restored."""
        item = self._living(object_id)
        self._store("deleted", replace(item, deleted=self._now()))

    def restore(self, object_id: str) -> None:
        item = self._any(object_id)
        if item.deleted is None:
            raise ValueError(f"{object_id} is not deleted")
        self._store("restored", replace(item, deleted=None))

    def purge(self, object_id: str) -> None:
        """Delete a user or group for good, with its assignments and memberships."""
        item = self._any(object_id)
        for row_id in sorted(self._roles_of.get(object_id, ())):
            self._drop_assignment(row_id)
        for group_id in sorted(self._groups_of.get(object_id, ())):
            self._set_member(group_id, object_id, "member_purged")
        if isinstance(item, Group):
            for member_id in self.members[object_id].current():
                self._groups_of[member_id].discard(object_id)
        if isinstance(item, User):
            people = self.users.current().values()
            for report in [one.id for one in people if one.manager_id == object_id]:
                self.update_user(report, manager=None)
        kind: ObjectKind = "user" if isinstance(item, User) else "group"
        sequence = self._record("purged", kind, object_id)
        if isinstance(item, User):
            self.users.put(object_id, None, sequence)
        else:
            self.groups.put(object_id, None, sequence)
        self._announce(sequence)

    def delete_group(self, group_id: str, *, soft: bool = False) -> None:
        """Delete a group. Security groups go for good; ``soft`` is for a Microsoft 365 group."""
        present(self.groups, group_id, "group")
        if soft:
            self.delete(group_id)
        else:
            self.purge(group_id)

    def _any(self, object_id: str) -> User | Group:
        item = self.users.get(object_id) or self.groups.get(object_id)
        if item is None:
            raise LookupError(f"no user or group {object_id}")
        return item

    def _living(self, object_id: str) -> User | Group:
        item = self._any(object_id)
        if item.deleted is not None:
            raise LookupError(f"{object_id} is deleted")
        return item

    def _store(self, kind: ChangeKind, item: User | Group) -> None:
        if isinstance(item, User):
            self._put(kind, "user", self.users, item)
        else:
            self._put(kind, "group", self.groups, item)

    def _put(
        self,
        kind: ChangeKind,
        object_kind: ObjectKind,
        collection: Versioned[Principal],
        item: Principal,
        changed: Iterable[str] = (),
    ) -> None:
        sequence = self._record(kind, object_kind, item.id, changed)
        collection.put(item.id, item, sequence)
        name = item.user_principal_name if isinstance(item, User) else item.display_name
        self.named.setdefault(f"{object_kind} {name.lower()}", set()).add(item.id)
        self._announce(sequence)

    def ids_named(self, name: str, kind: ObjectKind) -> list[str]:
        """Users with this principal name or groups with this display name, deleted ones too."""
        known = sorted(self.named.get(f"{kind} {name.lower()}", ()))
        if kind == "user":
            users = [(one, self.users.get(one)) for one in known]
            return [
                one
                for one, user in users
                if user and user.user_principal_name.lower() == name.lower()
            ]
        groups = [(one, self.groups.get(one)) for one in known]
        return [
            one for one, group in groups if group and group.display_name.lower() == name.lower()
        ]

    # What a test may compare with

    def effective_users(self, *, nested: bool = False, default_access: bool = False) -> set[str]:
        """Ids of the users that the assignments entitle; see ``effective.users``."""
        return effective.users(self, nested=nested, default_access=default_access)

    def effective_groups(self, *, default_access: bool = False) -> set[str]:
        """Ids of the assigned groups that are not deleted."""
        return effective.groups(self, default_access=default_access)

    def member_users(self, group_id: str, *, nested: bool = False) -> set[str]:
        """Ids of the users in a group that are not deleted."""
        return effective.member_users(self, group_id, nested=nested)
