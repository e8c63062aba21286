"""What may not be shown is replaced, wherever it appears."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from provisioning.expressions import HIDDEN
from provisioning.model import (
    Attributes,
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


def hidden_properties(
    changed: Iterable[ModifiedProperty], redacted: Collection[str]
) -> tuple[ModifiedProperty, ...]:
    """Changed attributes as logs and plans show them (Entra: Redact)."""
    if not redacted:
        return tuple(changed)
    return tuple(
        ModifiedProperty(
            each.name, hidden(each.old, redacted=True), hidden(each.new, redacted=True)
        )
        if each.name in redacted
        else each
        for each in changed
    )
