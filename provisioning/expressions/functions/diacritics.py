"""``NormalizeDiacritics``: the table of Entra's page, by the letter that is given."""

from __future__ import annotations

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


def _normalize(source: str | None) -> Operand:
    if source is None or source.isascii():
        return source
    return "".join(_letter(cluster) for cluster in _clusters(source))


def _letter(cluster: str) -> str:
    if cluster.isascii():
        return cluster
    return _PLAIN.get(unicodedata.normalize("NFC", cluster), cluster)


def _clusters(text: str) -> list[str]:
    """Each letter with the marks that follow it."""
    clusters: list[str] = []
    start = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or not unicodedata.combining(text[index]):
            clusters.append(text[start:index])
            start = index
    return clusters


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
