"""Single characters of a pattern: written as they are, in halves, or as escapes."""

from __future__ import annotations

import re

from provisioning.dotnet_regex.cursor import Cursor
from provisioning.dotnet_regex.errors import InvalidPattern

_HEX = {"x": re.compile("[0-9A-Fa-f]{2}"), "u": re.compile("[0-9A-Fa-f]{4}")}
_OCTAL = re.compile("0[0-7]{0,2}")
_CONTROL = {"a": "\a", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def is_half(character: str) -> bool:
    """Whether it is half of a surrogate pair."""
    return "\ud800" <= character <= "\udfff"


def low_surrogate(cursor: Cursor) -> str:
    r"""The second half of a pair, written out or as ``\uXXXX``; or what stands there."""
    if cursor.text.startswith("\\u", cursor.at):
        found = _HEX["u"].match(cursor.text, cursor.at + 2)
        if found is not None:
            cursor.at = found.end()
            return chr(int(found[0], 16))
    low = cursor.text[cursor.at : cursor.at + 1]
    cursor.at += len(low)
    return low


def escaped_character(cursor: Cursor, *, inside: bool) -> str:
    """The character that an escape stands for, without the classes."""
    start, text = cursor.at, cursor.text
    letter = text[start + 1 : start + 2]
    cursor.at += 2
    if not letter:
        raise InvalidPattern("the pattern ends in a backslash", start + 1)
    if letter in _HEX:
        digits = _HEX[letter].match(text, cursor.at)
        if digits is None:
            raise InvalidPattern(f"\\{letter} lacks its hexadecimal digits", start + 1)
        cursor.at = digits.end()
        return chr(int(digits[0], 16))
    octal = _OCTAL.match(text, start + 1)
    if octal is not None:
        cursor.at = octal.end()
        return chr(int(octal[0], 8))
    if letter == "c":
        return _control(cursor, start)
    if letter == "b" and inside:
        return "\b"
    if letter in _CONTROL:
        return _CONTROL[letter]
    if letter.isalnum() or letter == "_":
        raise InvalidPattern(f"\\{letter} is not known", start + 1)
    return letter


def _control(cursor: Cursor, start: int) -> str:
    letter = cursor.text[cursor.at : cursor.at + 1].upper()
    cursor.at += 1
    if not letter or not "@" <= letter <= "_":
        raise InvalidPattern("\\c lacks its letter", start + 1)
    return chr(ord(letter) - 64)
