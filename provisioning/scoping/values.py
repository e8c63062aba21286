"""What a clause looks at: the values of an attribute, and what is known beside the attributes."""

from __future__ import annotations

from typing import Any

import msgspec

Scalar = str | bool | int | float
"""One value of an attribute."""


class Context(msgspec.Struct, frozen=True):
    """What a filter may know beside the attributes.

    ``now`` is in epoch seconds. ``groups`` are the object ids and display names of the groups that
    the principal is in, in folded case; ``unknown`` those of the groups named by the filter whose
    members are not known, so that nobody can be said to be in them or not.
    """

    now: float
    groups: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()


class Undecided(Exception):
    """A clause that is neither true nor false; its text says why, without a full stop."""


def values_of(value: Any) -> tuple[Scalar, ...]:
    """The values of an attribute; none for null, for empty text and for an empty list.

    Entra: scoping filters, a null or empty attribute. An object has no value that could be
    compared.
    """
    if isinstance(value, list | tuple):
        return tuple(one for item in value if not isinstance(item, list) for one in values_of(item))
    if value is None or value == "" or not isinstance(value, str | bool | int | float):
        return ()
    return (value,)


def text_of(value: Scalar) -> str:
    """The value as clauses compare it: true and false are ``True`` and ``False``."""
    return value if isinstance(value, str) else str(value)
