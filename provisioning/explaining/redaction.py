"""What may not be shown is replaced, wherever it appears."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec

from provisioning.expressions import HIDDEN
from provisioning.model import (
    Attributes,
    Change,
    CreateObject,
    ModifiedProperty,
    ReplaceObject,
    UpdateObject,
    Write,
)


def hidden(value: Any, *, redacted: bool) -> Any:
    """The value, or what stands for it; that there is none may be seen."""
    return HIDDEN if redacted and value is not None else value


def hidden_values(attributes: Attributes, redacted: Collection[str]) -> Attributes:
    """Attribute values by path, without those that may not be shown."""
    return {p: hidden(v, redacted=p in redacted) for p, v in attributes.items()}


def hidden_write(write: Write, redacted: Collection[str]) -> Write:
    """The write as it may be shown."""
    if not redacted:
        return write
    if isinstance(write, UpdateObject):
        return msgspec.structs.replace(write, values=hidden_values(write.values, redacted))
    if isinstance(write, CreateObject | ReplaceObject):
        attributes = hidden_values(write.attributes, redacted)
        return msgspec.structs.replace(write, attributes=attributes)
    return write


def hidden_change(change: Change, redacted: Collection[str]) -> Change:
    """The change as it may be shown."""
    shown = tuple(
        ModifiedProperty(
            p.name,
            hidden(p.old, redacted=p.name in redacted),
            hidden(p.new, redacted=p.name in redacted),
        )
        for p in change.modified_properties
    )
    return msgspec.structs.replace(change, modified_properties=shown)
