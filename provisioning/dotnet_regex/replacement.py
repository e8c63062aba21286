"""What a match is replaced by: ``$1``, ``${name}``, ``$$``, ``$&`` and their like.

.NET: "Substitutions in regular expressions".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

_REFERENCE = re.compile(r"\$(?:\{(\w+)\}|([0-9]+)|([$&`'+_]))")


class Group(msgspec.Struct, frozen=True):
    """The text of a group, or nothing where it took no part."""

    indices: tuple[int, ...]


class Special(msgspec.Struct, frozen=True):
    """What stands before the match (`` ` ``), after it (``'``), or all of the text (``_``)."""

    mark: str


Part = str | Group | Special


def parts_of(text: str, groups: Mapping[str, tuple[int, ...]]) -> tuple[Part, ...]:
    """The replacement in parts. What names no group stands for itself, as in .NET."""
    if "$" not in text:
        return (text,)
    parts: list[Part] = []
    at = 0
    for found in _REFERENCE.finditer(text):
        part, length = _part(found, groups)
        parts += [text[at : found.start()], part]
        at = found.start() + length
    parts.append(text[at:])
    return tuple(part for part in parts if part != "")


def _part(found: re.Match[str], groups: Mapping[str, tuple[int, ...]]) -> tuple[Part, int]:
    """The part that a reference stands for, and how many characters it took."""
    whole, length = found[0], found.end() - found.start()
    if found[3] is not None:
        return _special(found[3], groups), length
    if found[1] is not None:
        indices = groups.get(found[1])
        return (whole if indices is None else Group(indices)), length
    # The longest number that is a group counts; digits after it stand for themselves.
    for size in range(min(len(found[2]), 4), 0, -1):
        indices = groups.get(found[2][:size].lstrip("0") or "0")
        if indices is not None:
            return Group(indices), 1 + size
    return whole, length


def _special(mark: str, groups: Mapping[str, tuple[int, ...]]) -> Part:
    if mark == "$":
        return "$"
    if mark == "&":
        return Group((0,))
    if mark == "+":
        return Group((max(index for indices in groups.values() for index in indices),))
    return Special(mark)
