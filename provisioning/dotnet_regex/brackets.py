"""Classes of characters in a pattern: in brackets, or as one letter."""

from __future__ import annotations

import re

from provisioning.dotnet_regex.characters import escaped_character, is_half
from provisioning.dotnet_regex.classes import INSIDE, CharacterClass, category, member
from provisioning.dotnet_regex.cursor import Cursor
from provisioning.dotnet_regex.errors import InvalidPattern
from provisioning.dotnet_regex.limits import MAX_DEPTH

SETS = "dwsDWSpP"
"""Letters that stand for a class after a backslash."""

_PROPERTY = re.compile(r"\{([^{}]*)\}")


def add_set(cursor: Cursor, found: CharacterClass, start: int) -> None:
    r"""Adds ``\d``, ``\w``, ``\s``, ``\p{…}`` or what is none of them."""
    letter = cursor.text[start + 1]
    cursor.at = start + 2
    if letter.lower() != "p":
        inside = INSIDE[letter.lower()]
        if letter.islower():
            found.members += inside
        else:
            found.complements += (inside,)
        return
    name = _PROPERTY.match(cursor.text, cursor.at)
    spelling = category(name[1], negated=letter == "P") if name else None
    if name is None or spelling is None:
        raise InvalidPattern(f"\\{letter} lacks a known category or block", start + 1)
    cursor.at = name.end()
    if spelling.linear is None:
        found.only_full += spelling.full
    else:
        found.members += spelling.full


def read_class(cursor: Cursor, prefix: str, start: int, depth: int = 0) -> CharacterClass:
    """The class whose bracket opens at ``start``. ``prefix`` opens a group with the options."""
    if depth > MAX_DEPTH:
        raise InvalidPattern(f"brackets are nested more than {MAX_DEPTH} deep", start + 1)
    text = cursor.text
    cursor.at = start + 1
    found = CharacterClass(negated=text.startswith("^", cursor.at))
    cursor.at += found.negated
    first = True
    while True:
        if cursor.at >= len(text):
            raise InvalidPattern("a bracket is not closed", start + 1)
        if text[cursor.at] == "]" and not first:
            cursor.at += 1
            return found
        if not first and text.startswith("-[", cursor.at):
            _subtract(cursor, prefix, found, depth)
            return found
        _member(cursor, found)
        first = False


def _subtract(cursor: Cursor, prefix: str, found: CharacterClass, depth: int) -> None:
    at = cursor.at + 1
    found.minus = read_class(cursor, prefix, at, depth + 1).spelling(prefix)
    if not cursor.text.startswith("]", cursor.at):
        raise InvalidPattern("a subtracted class must be the last in its brackets", at + 1)
    cursor.at += 1


def _member(cursor: Cursor, found: CharacterClass) -> None:
    start = cursor.at
    low = _bound(cursor, found)
    if low is None:
        return
    text = cursor.text
    ranged = text.startswith("-", cursor.at) and text[cursor.at + 1 : cursor.at + 2] not in (
        "]",
        "[",
        "",
    )
    if not ranged:
        found.members += member(low)
        return
    cursor.at += 1
    high = _bound(cursor, None)
    assert high is not None
    if high < low:
        raise InvalidPattern("a range ends before it begins", start + 1)
    found.members += f"{member(low)}-{member(high)}"


def _bound(cursor: Cursor, found: CharacterClass | None) -> str | None:
    """One character of a class; ``None`` when a whole class was added to ``found``."""
    start = cursor.at
    character = cursor.text[start]
    if character == "\\":
        letter = cursor.text[start + 1 : start + 2]
        if letter and letter in SETS:
            if found is None:
                raise InvalidPattern("a range cannot end in a class", start + 1)
            add_set(cursor, found, start)
            return None
        character = escaped_character(cursor, inside=True)
    else:
        cursor.at += 1
    if is_half(character):
        raise InvalidPattern("half of a surrogate pair stands in brackets", start + 1)
    return character
