"""Upper and lower case. .NET maps character by character, so the length never changes."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache

from provisioning.expressions import readers
from provisioning.expressions.functions.function import Function, Parameter
from provisioning.expressions.operands import Operand

_TURKIC = ("tr", "az")
_TURKIC_LOWER = {ord("I"): "\u0131", 0x130: "i"}
_TURKIC_UPPER = {ord("i"): "\u0130", 0x131: "I"}
_SEPARATORS = frozenset(
    ("Zs", "Zl", "Zp", "Cc", "Cf", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So")
)


def _mapped(text: str, change: Callable[[str], str]) -> str:
    if text.isascii():
        return change(text)
    return "".join(new if len(new := change(c)) == 1 else c for c in text)


def _turkic(culture: str | None) -> bool:
    return culture is not None and culture.split("-")[0] in _TURKIC


def _to_lower(source: str | None, culture: str | None = None) -> Operand:
    if source is None:
        return None
    return _mapped(source.translate(_TURKIC_LOWER) if _turkic(culture) else source, str.lower)


def _to_upper(source: str | None, culture: str | None = None) -> Operand:
    if source is None:
        return None
    return _mapped(source.translate(_TURKIC_UPPER) if _turkic(culture) else source, str.upper)


def _proper(source: str | None, separators: str | None = None) -> Operand:
    """.NET's ``ToTitleCase`` does not begin a word after an apostrophe: O'neill."""
    if source is None:
        return None
    given = None if separators is None else frozenset(separators)
    characters: list[str] = []
    begins = True
    for character in source:
        separates = _separates(character) if given is None else character in given
        changed = character.title() if begins else character.lower()
        characters.append(changed if len(changed) == 1 else character)
        begins = separates
    return "".join(characters)


@lru_cache(maxsize=1024)
def _separates(character: str) -> bool:
    return character != "'" and unicodedata.category(character) in _SEPARATORS


_SOURCE = Parameter("source", readers.text)
_CULTURE = Parameter("culture", readers.culture, optional=True)
_RULES = "Of the cultures only Turkish and Azerbaijani have rules of their own here."

FUNCTIONS = (
    Function("ToLower", (_SOURCE, _CULTURE), "In lower case.", _to_lower, deviation=_RULES),
    Function("ToUpper", (_SOURCE, _CULTURE), "In upper case.", _to_upper, deviation=_RULES),
    Function(
        "PCase",
        (_SOURCE, Parameter("wordSeparators", readers.text, optional=True)),
        "The first letter of each word in upper case, the others in lower case. Without "
        "separators, spaces, punctuation, symbols and control characters separate.",
        _proper,
        deviation="Entra's page counts all punctuation as separators; .NET, which it names as "
        "its means, leaves the apostrophe out, and so does this.",
    ),
)
