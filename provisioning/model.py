"""The values that the program speaks in. Frozen; no behaviour beyond their own reading.

Words are Entra's where there is one: assignment, principal, app role, link, provisioning log.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Any, NewType
from urllib.parse import urlsplit

import msgspec

from provisioning.errors import StateDamaged, cut

EntraId = NewType("EntraId", str)
"""Object id in Entra, of a user or a group."""

ScimId = NewType("ScimId", str)
"""Id that ZSCloud gave to a user or a group. Opaque."""

Value = str | bool | int | float | None
"""Value of a single-valued target attribute."""

Attributes = dict[str, Any]
"""Attribute values by name (source) or by SCIM path (target)."""


class ObjectType(StrEnum):
    """What a principal is on both sides."""

    USER = "user"
    GROUP = "group"


_KINDS = frozenset(ObjectType)


class Key(msgspec.Struct, frozen=True, order=True):
    """Names one principal. Hints, work items and links carry keys, never facts."""

    type: ObjectType
    id: EntraId

    def __str__(self) -> str:
        return f"{self.type.value}/{self.id}"

    @staticmethod
    def parse(text: str) -> Key:
        """The inverse of ``str``. Raises ``StateDamaged``: such texts are in the store only."""
        kind, _, identifier = text.partition("/")
        if kind not in _KINDS or not identifier:
            raise StateDamaged("the key of a principal", f"{cut(text, 60)!r} names none")
        return Key(ObjectType(kind), EntraId(identifier))


# --- source -------------------------------------------------------------------------------


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


# --- target -------------------------------------------------------------------------------


class GroupRef(msgspec.Struct, frozen=True):
    """A group that a listed user says it is in."""

    id: ScimId
    display: str


class TargetObject(msgspec.Struct, frozen=True):
    """A user or group as ZSCloud shows it.

    ``attributes`` by SCIM path (``name.givenName``, ``urn:…:User:department``), absent when unset.
    ``members`` (groups) and ``groups`` (users) are ``None`` when the answer did not hold them.
    """

    type: ObjectType
    id: ScimId
    attributes: Attributes
    members: tuple[ScimId, ...] | None = None
    groups: tuple[GroupRef, ...] | None = None


class TargetPage(msgspec.Struct, frozen=True):
    """A page of a list: ``total`` as the server states it."""

    objects: tuple[TargetObject, ...]
    total: int


class Capabilities(msgspec.Struct, frozen=True):
    """What the server's discovery offers (RFC 7643 section 5)."""

    patch: bool = True
    bulk_operations: int = 0
    bulk_payload: int = 0
    max_results: int = 1000


class MemberRemoval(StrEnum):
    """How a member is taken out of a group."""

    FILTER = "filter"
    """PATCH remove with path ``members[value eq "id"]`` (RFC 7644 section 3.5.2.2)."""
    VALUE = "value"
    """PATCH remove with path ``members`` and a value array (Entra's form)."""
    PUT = "put"
    """PUT of the whole group."""


# --- writes: one of these is one SCIM request ------------------------------------------------


class CreateObject(msgspec.Struct, frozen=True, tag_field="write", tag="create"):
    """POST of a user, or of a group with its first members."""

    type: ObjectType
    attributes: Attributes
    members: tuple[ScimId, ...] = ()


class UpdateObject(msgspec.Struct, frozen=True, tag_field="write", tag="update"):
    """PATCH of attributes: ``values`` by SCIM path; ``None`` removes the attribute.

    ``several`` are the paths of selected elements of which there is more than one, before or
    after, with those that are there before.
    """

    type: ObjectType
    id: ScimId
    values: Attributes
    several: dict[str, bool] = {}


class DeleteObject(msgspec.Struct, frozen=True, tag_field="write", tag="delete"):
    """DELETE of a user or group."""

    type: ObjectType
    id: ScimId


class AddMembers(msgspec.Struct, frozen=True, tag_field="write", tag="add_members"):
    """PATCH that adds members to a group."""

    id: ScimId
    members: tuple[ScimId, ...]


class RemoveMembers(msgspec.Struct, frozen=True, tag_field="write", tag="remove_members"):
    """PATCH that takes members out of a group, in the form given."""

    id: ScimId
    members: tuple[ScimId, ...]
    form: MemberRemoval


class ReplaceObject(msgspec.Struct, frozen=True, tag_field="write", tag="replace"):
    """PUT of the whole object: all attributes that we own, and for a group all its members."""

    type: ObjectType
    id: ScimId
    attributes: Attributes
    members: tuple[ScimId, ...] | None = None


Write = CreateObject | UpdateObject | DeleteObject | AddMembers | RemoveMembers | ReplaceObject


class WireRequest(msgspec.Struct, frozen=True):
    """A write as the HTTP request that carries it, to be shown. ``path`` is relative to the base
    URL; ``body`` is decoded JSON, ``None`` for a request without one.
    """

    method: str
    path: str
    body: Any


# --- changes: what a write means, for people ---------------------------------------------------


class Action(StrEnum):
    """What is done to a target object (Graph: provisioningObjectSummary, extended)."""

    CREATE = "create"
    UPDATE = "update"
    ENABLE = "enable"
    DISABLE = "disable"
    DELETE = "delete"
    ADD_MEMBER = "add_member"
    REMOVE_MEMBER = "remove_member"


class ModifiedProperty(msgspec.Struct, frozen=True):
    """One attribute with its old and new value."""

    name: str
    old: Any
    new: Any


class ChangeMember(msgspec.Struct, frozen=True):
    """The member that an ``add_member`` or ``remove_member`` is about."""

    source_id: EntraId | None
    target_id: ScimId | None
    name: str | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change with its reason. ``change_id`` is a digest of action, object and new values."""

    change_id: str
    action: Action
    object_type: ObjectType
    source_id: EntraId
    target_id: ScimId | None
    name: str
    member: ChangeMember | None = None
    reason_code: str
    reason: str
    modified_properties: tuple[ModifiedProperty, ...] = ()


def change_digest(action: Action, key: Key, new_values: Any) -> str:
    """The stable id of a change: the same for the dry run and for the run."""
    text = msgspec.json.encode([action.value, str(key), new_values], order="deterministic")
    return hashlib.blake2b(text, digest_size=10).hexdigest()


# --- what we keep ---------------------------------------------------------------------------


class Presence(StrEnum):
    """Whether the principal exists in Entra."""

    PRESENT = "present"
    SOFT_DELETED = "soft_deleted"
    GONE = "gone"


class MirrorUser(msgspec.Struct, frozen=True, kw_only=True):
    """A user in or near scope. ``roles`` are its direct assignments, id to app role;
    ``groups`` the watched groups that it is a direct member of.
    """

    id: EntraId
    attributes: Attributes
    enabled: bool
    presence: Presence = Presence.PRESENT
    read_at: float
    roles: dict[str, str] = {}
    groups: tuple[EntraId, ...] = ()


class MirrorGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A watched group: assigned, or (with nesting) inside an assigned one."""

    id: EntraId
    attributes: Attributes
    presence: Presence = Presence.PRESENT
    read_at: float
    members_read_at: float = 0.0
    roles: dict[str, str] = {}
    parents: tuple[EntraId, ...] = ()


class Origin(StrEnum):
    """How a link came to be."""

    CREATED = "created"
    MATCHED = "matched"


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """``attributes`` is the recorded target, by SCIM path; ``written_at`` when it was confirmed.

    ``leaving_since``: since when the account is disabled, or the group emptied, and waits to be
    deleted, in epoch seconds. ``missing``: the object was deleted by hand, which DRIFT leaves so
    for now.
    """

    key: Key
    scim_id: ScimId
    attributes: Attributes
    origin: Origin
    linked_at: float
    written_at: float
    protected: bool = False
    leaving_since: float | None = None
    missing: bool = False

    @property
    def active(self) -> bool:
        """Whether the account was last seen enabled. Servers may leave ``active`` out."""
        return self.attributes.get("active") is not False and not self.missing


def folded(name: str) -> str:
    """What is the same for two names that differ in the case of letters alone.

    Not Unicode's case folding: it makes "straße" and "strasse" one, and two people with them. Who
    can choose a name could choose one that folds to somebody else's.
    """
    return name.lower()


def name_key(type: ObjectType, name: str) -> str:
    """ZSCloud's names are unique without regard to case (RFC 7643 section 4.1.1: userName)."""
    return f"{type.value}/{folded(name)}"


def value_key(type: ObjectType, path: str, value: str) -> str:
    """Where an object with the value of a matching attribute is noted, without regard to case."""
    return f"{type.value}/{path}/{folded(value)}"


NAME_PATH = {ObjectType.USER: "userName", ObjectType.GROUP: "displayName"}
"""The attribute that names an object, and that ZSCloud matches on."""
