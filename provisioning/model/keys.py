"""Names of principals and objects, and the values of their attributes."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NewType

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
        return self.type + "/" + self.id  # Asked for often: an enum's ``value`` takes longer.

    @staticmethod
    def parse(text: str) -> Key:
        """The inverse of ``str``. Raises ``StateDamaged``: such texts are in the store only."""
        kind, _, identifier = text.partition("/")
        if kind not in _KINDS or not identifier:
            raise StateDamaged("the key of a principal", f"{cut(text, 60)!r} names none")
        return Key(ObjectType(kind), EntraId(identifier))
