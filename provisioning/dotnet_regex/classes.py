r"""Character classes: ``[…]``, ``\d``, ``\p{…}`` and their like, for both engines.

.NET: "Character classes in regular expressions".
"""

from __future__ import annotations

import re

import msgspec

DIGIT = r"\p{Nd}"
WORD = r"\p{L}\p{Mn}\p{Nd}\p{Pc}"
SPACE = r"\t-\r\x85\p{Z}"
INSIDE = {"d": DIGIT, "w": WORD, "s": SPACE}
r"""What stands for ``\d``, ``\w`` and ``\s`` within brackets: .NET means Unicode by all three."""

BOUNDARY_WORD = WORD + "\u200c\u200d"
r"""At ``\b`` the joiners count as parts of a word."""

_CATEGORIES = frozenset(
    major + minor
    for major, minors in {
        "L": "ultmo",
        "M": "nce",
        "N": "dlo",
        "P": "cdseifo",
        "S": "mcko",
        "Z": "slp",
        "C": "cfson",
    }.items()
    for minor in ("", *minors)
)
_NOT_IN_RE2 = frozenset(("C", "Cs", "Cn"))
_BLOCK = re.compile(r"Is([A-Za-z0-9-]+)")
_SPECIAL_INSIDE = frozenset("\\]^[-&~|#")


class Spelling(msgspec.Struct, frozen=True):
    """A part of a pattern for RE2, and for ``regex``. ``linear`` is ``None`` when RE2 has none."""

    linear: str | None
    full: str


class CharacterClass(msgspec.Struct):
    """What stands between brackets. ``members`` and ``blocks`` are in the language of both
    engines, ``complements`` are insides whose characters do *not* belong, ``minus`` is what .NET
    subtracts.
    """

    negated: bool = False
    members: str = ""
    only_full: str = ""
    complements: tuple[str, ...] = ()
    minus: Spelling | None = None

    def spelling(self, prefix: str) -> Spelling:
        """The class; ``prefix`` is ``(?:`` or, without regard to case, ``(?i:``."""
        base = self._base(prefix)
        if self.minus is None:
            return base
        return Spelling(None, f"(?:(?!{self.minus.full}){base.full})")

    def _base(self, prefix: str) -> Spelling:
        inside = self.members + self.only_full
        if not self.complements:
            full = f"{prefix}[{'^' if self.negated else ''}{inside}])"
            return Spelling(None if self.only_full else full, full)
        parts = [f"[^{complement}]" for complement in self.complements]
        if inside:
            parts.append(f"[{inside}]")
        union = f"{prefix}{'|'.join(parts)})"
        if self.negated:
            return Spelling(None, f"(?:(?!{union})(?s:.))")
        return Spelling(None if self.only_full else union, union)


def literal(character: str) -> str:
    """A character that stands for itself, outside of brackets."""
    plain = character.isalnum() or not character.isascii() or not character.isprintable()
    return character if plain or character in " _" else f"\\{character}"


def member(character: str) -> str:
    """A character that stands for itself, within brackets."""
    return f"\\{character}" if character in _SPECIAL_INSIDE else character


def category(name: str, *, negated: bool) -> Spelling | None:
    r"""The inside of ``\p{name}`` or ``\P{name}``; ``None`` when .NET knows none of that name."""
    letter = "P" if negated else "p"
    if name in _CATEGORIES:
        text = f"\\{letter}{{{name}}}"
        return Spelling(None if name in _NOT_IN_RE2 else text, text)
    block = _BLOCK.fullmatch(name)
    return Spelling(None, f"\\{letter}{{In{block[1]}}}") if block else None
