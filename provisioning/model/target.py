"""What ZSCloud shows: its users and groups, and what its discovery offers."""

from __future__ import annotations

import msgspec

from provisioning.model.keys import Attributes, ObjectType, ScimId


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
