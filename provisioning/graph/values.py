"""Values of properties as Graph shows them, so that they can be stored. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from provisioning.model import Attributes

_LEAST, _MOST = -(2**63), 2**64 - 1
"""Whole numbers that can be stored as such. JSON has others, and no type of Graph has."""

_DEEPEST = 20
"""Objects and lists within one another. No property of Graph has more than a few."""


def attributes_of(row: Mapping[str, Any], names: Sequence[str]) -> Attributes:
    """The values of those names. Nearly all are texts or none, and need no call."""
    return {
        name: value
        if (value := row.get(name)).__class__ is str or value is None
        else _storable(value, 0)
        for name in names
    }


def _storable(value: Any, depth: int) -> Any:
    """The value with numbers beyond 64 bits as texts, which expressions make of all of them.

    What lies deeper than in any property of Graph is no value.
    """
    if isinstance(value, dict | list) and depth >= _DEEPEST:
        return None
    if isinstance(value, dict):
        return {name: _storable(each, depth + 1) for name, each in value.items()}
    if isinstance(value, list):
        return [_storable(each, depth + 1) for each in value]
    if isinstance(value, int) and not _LEAST <= value <= _MOST:
        return str(value)
    return value
