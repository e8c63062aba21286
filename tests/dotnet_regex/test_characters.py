"""Characters in patterns: categories, blocks, and those that stand for themselves."""

from __future__ import annotations

import string

import pytest

from provisioning.dotnet_regex import InvalidPattern, compile_pattern
from provisioning.dotnet_regex.engines import backtracking, linear
from provisioning.dotnet_regex.scan import scan

CATEGORIES = {
    "Lu": "A", "Ll": "a", "Lt": "\u01c5", "Lm": "\u02b0", "Lo": "\u05d0",
    "Mn": "\u0301", "Mc": "\u0903", "Me": "\u20dd",
    "Nd": "1", "Nl": "\u2160", "No": "\u00b2",
    "Pc": "_", "Pd": "-", "Ps": "(", "Pe": ")", "Pi": "\u00ab", "Pf": "\u00bb", "Po": "!",
    "Sm": "+", "Sc": "$", "Sk": "^", "So": "\u00a9",
    "Zs": " ", "Zl": "\u2028", "Zp": "\u2029",
    "Cc": "\x01", "Cf": "\u00ad", "Co": "\ue000", "Cn": "\u0378",
}  # fmt: skip


@pytest.mark.parametrize(("name", "character"), CATEGORIES.items())
def test_a_category_has_its_characters(name: str, character: str) -> None:
    others = "".join(each for other, each in CATEGORIES.items() if other != name)
    for spelled in (f"\\p{{{name}}}", f"[\\p{{{name}}}]"):
        compiled = compile_pattern(spelled)
        match = compiled.search(others + character)
        assert match is not None
        assert match.group() == character
        assert compiled.is_linear is (name != "Cn")
    rest = compile_pattern(f"\\P{{{name}}}+").search(character + others)
    assert rest is not None
    assert rest.group() == others
    major = compile_pattern(f"\\p{{{name[0]}}}+")
    kin = "".join(each for other, each in CATEGORIES.items() if other[0] == name[0])
    match = major.search("".join(each for each in others + character if each not in kin) + kin)
    assert match is not None
    assert match.group() == kin
    assert major.is_linear is (name[0] != "C")


@pytest.mark.parametrize("name", [*(f"{major}X" for major in "LMNPSZC"), "X", "", "l", "LU", "Lul"])
def test_no_other_category_is_known(name: str) -> None:
    with pytest.raises(InvalidPattern, match="lacks a known category or block at character 1"):
        compile_pattern(f"\\p{{{name}}}")


def test_halves_of_pairs_are_a_category_that_re2_does_not_have() -> None:
    compiled = compile_pattern(r"\p{Cs}")
    assert not compiled.is_linear
    assert compiled.search("a\ud800") is not None
    assert compiled.search("ab") is None


@pytest.mark.parametrize(
    ("pattern", "text", "value"),
    [
        (r"\p{IsBasicLatin}+", "\u00e9ab\u00e9", "ab"),
        (r"\P{IsBasicLatin}+", "ab\u00e9\u00e8", "\u00e9\u00e8"),
        (r"[\p{IsBasicLatin}\u00e9]+", "\u00e8\u00e9a", "\u00e9a"),
        (r"[^\p{IsBasicLatin}]+", "ab\u00e9", "\u00e9"),
        (r"[\p{IsBasicLatin}\D]+", "\u0663a\u00e91", "a\u00e91"),
        (r"\p{IsGreek}+", "X\u03b2X", "\u03b2"),
        (r"[\p{IsLatin-1Supplement}]+", "ab\u00e9", "\u00e9"),
    ],
)
def test_a_block_is_known_to_the_other_engine(pattern: str, text: str, value: str) -> None:
    compiled = compile_pattern(pattern)
    assert not compiled.is_linear
    match = compiled.search(text)
    assert match is not None
    assert match.group() == value


@pytest.mark.parametrize("mark", sorted(set(string.punctuation) - {"_"}))
def test_a_mark_stands_for_itself_when_it_is_escaped(mark: str) -> None:
    others = "".join(set(string.printable) - {mark})
    for pattern in (f"\\{mark}", f"[\\{mark}]", f"[\\{mark}\\{mark}]"):
        for engine in (linear, backtracking):
            scanned = scan(pattern)
            compiled = engine(scanned.linear if engine is linear else scanned.full)  # type: ignore[arg-type]
            assert compiled is not None
            found = compiled.search(others + mark)
            assert found is not None
            assert found.span(0) == (len(others), len(others) + 1)


@pytest.mark.parametrize("character", " _a1\u00e9\t\n\x00\x7f\u200b\u2028\U0001f600")
def test_a_character_stands_for_itself(character: str) -> None:
    for pattern in (character, f"[{character}]", f"(?i){character}"):
        match = compile_pattern(pattern).search(f"-{character}")
        assert match is not None
        assert match.group() == character
