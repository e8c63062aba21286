"""Keys as Azure takes them, in the same order.

Azure orders entities by PartitionKey, then RowKey. It takes no slashes, ``#``, ``?`` and control
characters in them, and at most 1 KiB (Azure: Understanding the Table service data model). Every
byte of a key's UTF-8 form becomes one to three characters of ASCII, so that the order of the
encoded keys is that of the keys, byte by byte. Letters, digits, ``-``, ``_``, a backtick and ``@``
stay as they are and ``/`` becomes ``.``: what a person sees in the table can be read.

- below ``-``: ``!`` and two hexadecimal digits; likewise ``;``, ``[`` and ``{`` for what lies
  between digits and ``@``, between letters and ``_``, and above ``z``;
- ``.`` becomes ``-}``, which lies between ``-`` followed by anything, and the ``.`` of ``/``.

``$`` and ``~`` never come out of it: they are free to part keys and to end them. Pure.
"""

from __future__ import annotations

import hashlib
import re

LAST = "~"
"""Above every character of an encoded key."""

PART = "$"
"""Below every character of an encoded key but ``!``; parts a table's name from the rest."""

LONGEST = 400
"""Characters of an encoded key that are kept; both keys of Azure may have 512."""

_DOT = "-}"
_MARKS = {"!": range(0x2D), ";": range(0x3A, 0x40), "[": range(0x5B, 0x5F), "{": range(0x7B, 0x100)}


def _encoding() -> tuple[str, ...]:
    """What each byte becomes, by its number."""
    table = [chr(byte) for byte in range(256)]
    table[ord("/")], table[ord(".")] = ".", _DOT
    for mark, coded in _MARKS.items():
        for byte in coded:
            table[byte] = f"{mark}{byte:02x}"
    return tuple(table)


_ENCODING = _encoding()
_PLAIN = str.maketrans("/", ".")
_UNCHANGED = frozenset(
    byte for byte, text in enumerate(_ENCODING) if text == chr(byte) or chr(byte) == "/"
)
_DECODING = {text: chr(byte) for byte, text in enumerate(_ENCODING)}
_CODED = re.compile(r"[!;\[{].{0,2}|-\}|\.", re.DOTALL)
_ALPHABET = "".join(sorted({character for text in _ENCODING for character in text}))
_MIRRORED = str.maketrans(_ALPHABET, _ALPHABET[::-1])


def encoded(key: str) -> str:
    """The key in characters that Azure takes. Raises ``UnicodeEncodeError`` for a surrogate."""
    raw = key.encode()
    if _UNCHANGED.issuperset(raw):
        return key.translate(_PLAIN)
    return "".join([_ENCODING[byte] for byte in raw])


def decoded(text: str) -> str:
    """The inverse of ``encoded``. Raises ``ValueError`` for what it has never made."""
    raw = _CODED.sub(_byte, text)
    # Each character is a byte by now.
    return raw if raw.isascii() else raw.encode("latin-1").decode()


def _byte(coded: re.Match[str]) -> str:
    byte = _DECODING.get(coded[0])
    if byte is None:
        raise ValueError(f"{coded[0]!r} is no encoded byte.")
    return byte


def mirrored(text: str) -> str:
    """An encoded key turned round: what came first in order comes last. Twice is the same."""
    return text.translate(_MIRRORED)


def digest(key: str) -> str:
    """What tells long keys apart of which only the beginning is kept."""
    return hashlib.blake2b(key.encode(), digest_size=16).hexdigest()
