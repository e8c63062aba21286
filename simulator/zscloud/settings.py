"""Changes to a frozen dataclass of settings by names and values from outside, all checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


def updated(settings: T, changes: Mapping[str, object]) -> T:
    """A copy of the settings with the changes. Raises ``ValueError`` for a wrong name or value."""
    hints = get_type_hints(type(settings))
    values: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in hints:
            raise ValueError(f"There is no setting {name!r}")
        values[name] = _checked(name, hints[name], value)
    return dataclasses.replace(settings, **values)  # type: ignore[type-var]


def as_document(settings: object) -> dict[str, Any]:
    """The settings as a JSON object."""
    return dataclasses.asdict(settings)  # type: ignore[call-overload, no-any-return]


def _checked(name: str, hint: Any, value: object) -> object:
    if get_origin(hint) is Literal:
        if value in get_args(hint):
            return value
        raise ValueError(f"{name} is one of {', '.join(map(repr, get_args(hint)))}")
    if get_origin(hint) is tuple:
        if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise ValueError(f"{name} is a list of strings")
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not hint:
        raise ValueError(f"{name} is a {hint.__name__}")
    return value
