"""What Graph shows: the enterprise application, its assignments, users, groups, deltas."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from provisioning.model.keys import Attributes, EntraId, Key


class AppRole(msgspec.Struct, frozen=True):
    """An app role of the enterprise application."""

    id: str
    value: str | None
    display_name: str
    enabled: bool


MANAGER = "manager"
"""The source attribute that names a user whom another one reports to, by object id."""

DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
"""``appRoleId`` of an assignment without a role (Graph: appRoleAssignment)."""


class ServicePrincipal(msgspec.Struct, frozen=True):
    """The enterprise application."""

    id: EntraId
    app_id: str
    display_name: str
    enabled: bool
    app_roles: tuple[AppRole, ...]


class Assignment(msgspec.Struct, frozen=True):
    """An appRoleAssignment of a user or group. ``created`` is epoch seconds, 0 when unknown."""

    id: str
    principal: Key
    role_id: str
    created: float


class SourceUser(msgspec.Struct, frozen=True):
    """A user as Graph shows it: ``attributes`` by Graph's property names, the selected only."""

    id: EntraId
    enabled: bool
    attributes: Attributes


class SourceGroup(msgspec.Struct, frozen=True):
    """A group as Graph shows it, without its members."""

    id: EntraId
    attributes: Attributes


class Member(msgspec.Struct, frozen=True):
    """A direct member of a group. ``user`` is given when the member is a user."""

    key: Key
    user: SourceUser | None


class DeltaRow(msgspec.Struct, frozen=True):
    """One row of a delta answer: set-state, not an event; rows may repeat.

    ``attributes`` holds the properties that came, null for a cleared one; ``removed`` is ``None``,
    ``"changed"`` (soft-deleted, restorable) or ``"deleted"`` (gone). Members appear as keys.
    Graph: delta query overview; users and groups delta.
    """

    key: Key
    attributes: Attributes
    enabled: bool | None = None
    removed: str | None = None
    members_added: tuple[Key, ...] = ()
    members_removed: tuple[Key, ...] = ()


class DeltaPage(msgspec.Struct, frozen=True):
    """A page of a delta round. The last page of a round carries ``delta_link``."""

    rows: tuple[DeltaRow, ...]
    next_link: str | None
    delta_link: str | None


CHANGE_TYPES = frozenset({"updated", "deleted"})
"""What is subscribed to. ``updated`` is told of creations, soft deletions and restorations too;
``created`` is refused for users and groups (Graph: subscription, changeType)."""


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription to change notifications as Graph holds it (Graph: subscription).

    ``resource`` is in lower case, without a slash in front. ``expires_at`` is epoch seconds.
    ``application_id`` is the application that made it.
    """

    id: str
    resource: str
    change_types: frozenset[str]
    notification_url: str
    lifecycle_url: str | None
    expires_at: float
    application_id: str | None = None

    @property
    def host(self) -> str:
        """The host that is told; empty where the URL is none."""
        try:
            return urlsplit(self.notification_url).netloc
        except ValueError:
            return ""
