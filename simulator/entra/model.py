"""The objects of an Entra tenant as values, and one change of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
"""The appRoleId of an assignment without a role (Graph, appRoleAssignment resource)."""

BEFORE_OPENING = -1.0
"""Stands for a day before the tenant opened, as the time of an object that was there already."""

ObjectKind = Literal["user", "group", "servicePrincipal", "assignment"]
ChangeKind = Literal[
    "created",
    "updated",
    "deleted",
    "restored",
    "purged",
    "member_added",
    "member_removed",
    "member_purged",
]

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class User:
    """One user. ``other`` holds further Graph properties by their Graph names.

    ``created`` and ``deleted`` are seconds since the epoch; ``deleted`` is set while the user lies
    in the deleted items.
    """

    id: str
    user_principal_name: str
    display_name: str | None = None
    given_name: str | None = None
    surname: str | None = None
    mail: str | None = None
    mail_nickname: str | None = None
    department: str | None = None
    job_title: str | None = None
    employee_id: str | None = None
    account_enabled: bool = True
    user_type: str = "Member"
    manager_id: str | None = None
    created: float = BEFORE_OPENING
    deleted: float | None = None
    other: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True, slots=True)
class Group:
    """One group; its members are kept by the tenant."""

    id: str
    display_name: str
    description: str | None = None
    mail: str | None = None
    mail_nickname: str | None = None
    mail_enabled: bool = False
    security_enabled: bool = True
    created: float = BEFORE_OPENING
    deleted: float | None = None
    other: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True, slots=True)
class AppRole:
    """One role that the enterprise application declares."""

    id: str
    value: str | None
    display_name: str
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class ServicePrincipal:
    """The enterprise application in this tenant."""

    id: str
    app_id: str
    display_name: str
    app_roles: tuple[AppRole, ...]
    account_enabled: bool = True
    app_role_assignment_required: bool = True
    created: float = BEFORE_OPENING
    deleted: float | None = None
    other: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True, slots=True)
class Assignment:
    """One appRoleAssignment: a principal holds a role on the enterprise application."""

    id: str
    app_role_id: str
    principal_id: str
    principal_type: Literal["User", "Group"]
    resource_id: str
    created: float = BEFORE_OPENING


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the journal. ``properties`` are Graph names, for updates only."""

    sequence: int
    time: float
    kind: ChangeKind
    object_kind: ObjectKind
    object_id: str
    properties: frozenset[str] = frozenset()
    member_id: str | None = None
