"""Writes to ZSCloud: one of these is one SCIM request."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import msgspec

from provisioning.model.keys import Attributes, EntraId, ObjectType, ScimId

PLACEHOLDER = "bulkId:"
"""Begins what stands for an id within a batch (RFC 7644 section 3.7.2)."""


class MemberRemoval(StrEnum):
    """How a member is taken out of a group."""

    FILTER = "filter"
    """PATCH remove with path ``members[value eq "id"]`` (RFC 7644 section 3.5.2.2)."""
    VALUE = "value"
    """PATCH remove with path ``members`` and a value array (Entra's form)."""
    PUT = "put"
    """PUT of the whole group."""


class CreateObject(msgspec.Struct, frozen=True, tag_field="write", tag="create"):
    """POST of a user, or of a group with its first members.

    ``newcomers`` are further members, whose accounts are created by other writes of the same
    batch. Those say by ``made_for`` whose account they create.
    """

    type: ObjectType
    attributes: Attributes
    members: tuple[ScimId, ...] = ()
    newcomers: tuple[EntraId, ...] = ()
    made_for: EntraId | None = None


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
    """PATCH that adds members to a group; ``newcomers`` as in ``CreateObject``."""

    id: ScimId
    members: tuple[ScimId, ...]
    newcomers: tuple[EntraId, ...] = ()


class RemoveMembers(msgspec.Struct, frozen=True, tag_field="write", tag="remove_members"):
    """PATCH that takes members out of a group, in the form given, and adds others after that."""

    id: ScimId
    members: tuple[ScimId, ...]
    form: MemberRemoval
    added: tuple[ScimId, ...] = ()


class ReplaceObject(msgspec.Struct, frozen=True, tag_field="write", tag="replace"):
    """PUT of the whole object: all attributes that we own, and for a group all its members."""

    type: ObjectType
    id: ScimId
    attributes: Attributes
    members: tuple[ScimId, ...] | None = None


Write = CreateObject | UpdateObject | DeleteObject | AddMembers | RemoveMembers | ReplaceObject


def newcomers_of(write: Write) -> tuple[EntraId, ...]:
    """The members that a write names by what other writes of its batch create."""
    return write.newcomers if isinstance(write, CreateObject | AddMembers) else ()


def with_arrived(write: Write, arrived: Iterable[ScimId]) -> Write:
    """The same write with the ids of those newcomers who have arrived."""
    if not isinstance(write, CreateObject | AddMembers):
        return write
    members = (*write.members, *arrived)
    return msgspec.structs.replace(write, members=members, newcomers=())


def is_placeholder(id: ScimId) -> bool:
    """Whether a member is none, but what a server has made of a reference that it does not know."""
    return id.startswith(PLACEHOLDER)


class WireRequest(msgspec.Struct, frozen=True):
    """A write as the HTTP request that carries it, to be shown. ``path`` is relative to the base
    URL; ``body`` is decoded JSON, ``None`` for a request without one.
    """

    method: str
    path: str
    body: Any
