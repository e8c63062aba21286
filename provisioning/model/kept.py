"""What we keep: principals as Graph last showed them, and their links."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from provisioning.model.keys import Attributes, EntraId, Key, ScimId


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
