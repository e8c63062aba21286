"""``NormalizeDiacritics``: the table of Entra's page, by the letter that is given."""

from __future__ import annotations

import re
import unicodedata

from provisioning.expressions import readers
from provisioning.expressions.functions.function import Function, Parameter
from provisioning.expressions.operands import Operand

# The second row of a letter are those that Unicode has no single character for.
_TABLE = {
    "a": "ä à â ã å á ą ă ā ā́ ā̀ ā̂ ā̃ ǟ ā̈ ǡ a̱ å̄",
    "ae": "æ ǣ",
    "c": "ç č ć c̄ c̱",
    "d": "ď d̄ ḏ",
    "e": "ë è é ê ę ě ė ē ḗ ḕ ē̂ ē̃ ê̄ e̱ ë̄ e̊̄",
    "g": "ğ ḡ g̱",
    "i": "ï î ì í ī ī́ ī̀ ī̂ ī̃ i̱",
    "l": "ľ ł l̄ ḹ ḻ",
    "n": "ñ ń ň n̄ ṉ",
    "o": "ö ò ő õ ô ó ō ṓ ṑ ō̂ ō̃ ȫ ō̈ ǭ ȭ ȱ o̱",
    "oe": "ø ø̄ œ̄",
    "r": "ř r̄ ṟ ṝ",
    "s": "š ś ș ş s̄ s̱",
    "t": "ť ț t̄ ṯ",
    "u": "ü ù û ú ů ű ū ū́ ū̀ ū̂ ū̃ u̇̄ ǖ ṻ ṳ̄ u̱",
    "y": "ÿ ý ȳ ȳ́ ȳ̀ ȳ̃ y̱",
    "z": "ź ž ż z̄ ẕ",
}


def _plain_letters() -> dict[str, str]:
    plain = {"ß": "ss", "\u0131": "i", "\u0130": "I"}
    for letter, marked in _TABLE.items():
        for text in marked.split():
            plain[unicodedata.normalize("NFC", text)] = letter
            plain[unicodedata.normalize("NFC", text.upper())] = letter.upper()
    return plain


_PLAIN = _plain_letters()
_MARKED = re.compile("[^\u0300-\u036f][\u0300-\u036f]+|[^\\x00-\\x7f]")


def _normalize(source: str | None) -> Operand:
    if source is None or source.isascii():
        return source
    return _MARKED.sub(_letter, source)


def _letter(found: re.Match[str]) -> str:
    return _PLAIN.get(unicodedata.normalize("NFC", found[0]), found[0])


FUNCTIONS = (
    Function(
        "NormalizeDiacritics",
        (Parameter("source", readers.text),),
        "The letters of Entra's table without their marks: \u00e4 is a, \u00df is ss, \u00f8 is "
        "oe. Other letters stay.",
        _normalize,
        grows=True,
        deviation="A letter written with separate marks counts as the same letter.",
    ),
)
