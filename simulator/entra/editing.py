"""Objects looked up and changed by their Graph property names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from .history import Versioned
from .model import Group, ServicePrincipal, User
from .properties import fields_of, known_names

Principal = TypeVar("Principal", User, Group, ServicePrincipal)
_NOT_SET = ("id", "created", "deleted")


def present(collection: Versioned[Principal], object_id: str, word: str) -> Principal:
    """The object as it is now. Raises ``LookupError`` with the word for its kind."""
    item = collection.get(object_id)
    if item is None:
        raise LookupError(f"no {word} {object_id}")
    return item


def updated(item: Principal, properties: Mapping[str, Any]) -> tuple[Principal, set[str]]:
    """The object with the properties set, and the names of those that changed.

    Raises ``ValueError`` for a property that the object does not have or that nobody sets.
    """
    fields = fields_of(item)
    typed: dict[str, Any] = {}
    other: dict[str, Any] = {}
    changed: set[str] = set()
    for name, value in properties.items():
        field = "manager_id" if name == "manager" and isinstance(item, User) else fields.get(name)
        if field in _NOT_SET or (field is None and name not in known_names(type(item))):
            raise ValueError(f"property {name} cannot be set")
        before = item.other.get(name) if field is None else getattr(item, field)
        if before != value:
            changed.add(name)
            (other if field is None else typed)[field or name] = value
    if other:
        typed["other"] = {**item.other, **other}
    return (replace(item, **typed) if typed else item), changed
