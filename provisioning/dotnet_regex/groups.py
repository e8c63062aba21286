"""Groups of a pattern, and what refers back to them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from provisioning.dotnet_regex.classes import Spelling
from provisioning.dotnet_regex.errors import InvalidPattern

Groups = dict[str, tuple[int, ...]]
"""Numbers of the engines' groups by .NET's name or number; several where a name comes again."""


class Reference(msgspec.Struct, frozen=True):
    """A reference back to a group. ``prefix`` opens a group with the options that hold there."""

    name: str
    prefix: str
    position: int


def numbered(captures: Sequence[str | None]) -> Groups:
    """The engines' groups by .NET's names and numbers: it numbers those without a name first, then
    those with one that is no number. ``captures`` are the names in order.
    """
    numbers: dict[str, tuple[int, ...]] = {"0": (0,)}
    taken = {name for name in captures if name is not None and name.isdigit()}
    following = 1
    by_name: dict[str, list[int]] = {}
    for index, name in enumerate(captures, 1):
        if name is not None:
            by_name.setdefault(name, []).append(index)
            continue
        while str(following) in taken:
            following += 1
        numbers[str(following)] = (index,)
        following += 1
    for name, indices in by_name.items():
        numbers[name] = tuple(indices)
        if name.isdigit():
            continue
        while str(following) in numbers or str(following) in taken:
            following += 1
        numbers[str(following)] = tuple(indices)
    return numbers


def referred(piece: Reference, groups: Groups) -> Spelling:
    """The spelling of a reference. Raises ``InvalidPattern`` if it refers to no one group."""
    indices = groups.get(piece.name, ())
    if len(indices) != 1:
        message = f"there is no group {piece.name!r} to refer back to"
        if indices:
            message = f"the group {piece.name!r} to refer back to is there several times"
        raise InvalidPattern(message, piece.position)
    return Spelling(None, f"{piece.prefix}\\g<{indices[0]}>)")
