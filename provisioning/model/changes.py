"""Changes: what a write means, for people."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Any

import msgspec

from provisioning.model.keys import EntraId, Key, ObjectType, ScimId


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
