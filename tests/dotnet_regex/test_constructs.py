"""Each construct of the language: what it finds, in which engine, and what is refused."""

from __future__ import annotations

import pytest

from provisioning.dotnet_regex import (
    InvalidPattern,
    MatchFailed,
    ReplacementTooLong,
    TextTooLong,
    compile_pattern,
)
from provisioning.dotnet_regex.engines import backtracking, linear
from provisioning.dotnet_regex.limits import MAX_TEXT_LENGTH
from provisioning.dotnet_regex.pattern import _within_work
from provisioning.dotnet_regex.scan import scan

FOUND: list[tuple[str, str, str | None, bool]] = [
    ("a(?#c)*", "aaa", "aaa", True),
    ("(?x)a *", "aaa", "aaa", True),
    ("(?x)a # c\n*", "aa", "aa", True),
    ("(?x)[ #]+", "a #", " #", True),
    ("(?x)a\\ b", "a b", "a b", True),
    ("(?x-x)a b", "a b", "a b", True),
    ("(?x: a )b", "ab", "ab", True),
    ("a+?", "aa", "a", True),
    ("a*?b", "aab", "aab", True),
    ("a??b", "ab", "ab", True),
    ("a{1,2}?", "aa", "a", True),
    ("a{2,}", "aaa", "aaa", True),
    ("a{1,2}", "aaa", "aa", True),
    ("a{0}b", "ab", "b", True),
    ("a{0002}", "aaa", None, True),
    ("a{0,000}b", "ab", None, True),
    ("a{2", "a{2", "a{2", True),
    ("a{2,x}", "a{2,x}", "a{2,x}", True),
    ("[a-c-e]+", "d-eb", "-eb", True),
    ("[-a]+", "b-a", "-a", True),
    ("[^-a]+", "-ab", "b", True),
    ("[^]]+", "]a", "a", True),
    ("[a\\-c]+", "b-ac", "-ac", True),
    ("[\\d-z]+", "a5-z", "5-z", True),
    ("[+--]+", "*+,-.", "+,-", True),
    ("[\\x41-\\x43]+", "DABC", "ABC", True),
    ("[a-c-[b]]+", "bac", "ac", False),
    ("[^a-c-[x]]+", "axyb", "y", False),
    ("[^\\D\\s]+", "a1", "1", False),
    ("[\\D1]+", "2a1", "a1", True),
    ("(?i)[a-c]+", "xABC", "ABC", True),
    ("(?i)[^a]+", "ABA", "B", True),
    ("(?i)[a-z-[b]]+", "BACB", "AC", False),
    ("(?i)[\\Wa]+", "b-A", "-A", True),
    ("[\\w-[\\d]]+", "1ab2", "ab", False),
    ("[^\\W\\d]+", "1ab", "ab", False),
    ("(?i-s:A.)b", "a\nb", None, True),
    ("(?is)A.B", "a\nb", "a\nb", True),
    ("(?s-i)A.", "A\n", "A\n", True),
    ("(?m)a$", "a\nb", "a", True),
    ("(?m)^b", "a\nb", "b", True),
    ("(?-m)^b", "a\nb", None, True),
    ("a(?i)b", "aB", "aB", True),
    ("(a(?i)b)c", "aBc", "aBc", True),
    ("(a(?i)b)c", "aBC", None, True),
    ("((?i)a)b", "Ab", "Ab", True),
    ("((?i)a)b", "AB", None, True),
    ("(?i)(a)\\1", "aA", "aA", False),
    ("(a)\\1", "aA", None, False),
    ("(?i)(a)(?-i)\\1", "aA", None, False),
    ("(a)\\1{2}", "aaa", "aaa", False),
    ("(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)\\10", "abcdefghijj", "abcdefghijj", False),
    ("(?<x>a)\\k'x'", "aa", "aa", False),
    ("(?<x>a)\\k<1>", "aa", "aa", False),
    ("(a)(?<n>b)\\2", "abb", "abb", False),
    ("\\Ga", "ba", None, False),
    ("\\Ga", "ab", "a", False),
    ("a\\Z", "a\n", "a", True),
    ("a\\Zb", "a\nb", None, True),
    ("a$b", "ab", None, True),
    ("(?m)a$\n", "a\n", "a\n", True),
    ("\\bb", "a\u200db", None, True),
    ("\\bb", "a\u200cb", None, True),
    ("\\bb", "-b", "b", True),
    ("\\ba\\b", "\xe9 a", "a", True),
    ("\\Bb", "a\xe9b", "b", True),
    ("(?i)\\u212a", "k", "k", True),
    ("(?i)1", "1", "1", True),
    ("(?i)\xe9", "\xc9", "\xc9", True),
    ("(?i)\\x41", "a", "a", True),
    ("\xe9", "\xc9", None, True),
    ("\\^\\$\\.\\|\\?\\*\\+\\(\\)\\[\\{\\\\", "^$.|?*+()[{\\", "^$.|?*+()[{\\", True),
    (
        "\\/\\!\\\"\\%\\&\\'\\,\\:\\;\\<\\=\\>\\@\\]\\`\\}\\~\\#\\-\\ ",
        "/!\"%&',:;<=>@]`}~#- ",
        "/!\"%&',:;<=>@]`}~#- ",
        True,
    ),
    ("[\\^\\$\\.\\|\\?\\*\\+\\(\\)\\[\\{\\\\\\]\\-]+", "^$.|?*+()[{\\]-", "^$.|?*+()[{\\]-", True),
    ("[&&]+", "a&&b", "&&", True),
    ("[||]+", "a||b", "||", True),
    ("[~~]+", "a~~b", "~~", True),
    ("[##]+", "a##b", "##", True),
    ("[a^]+", "b^a", "^a", True),
    ("[\\\\a]+", "b\\a", "\\a", True),
    ("[[a]+", "b[a", "[a", True),
    ("\\c[", "\x1b", "\x1b", True),
    ("\\ca", "\x01", "\x01", True),
    ("[\\cA-\\cC]+", "\x04\x01\x03", "\x01\x03", True),
    ("\\07", "\x07", "\x07", True),
    ("a|", "b", "", True),
    ("|a", "a", "", True),
    ("(?:a|b)c", "bc", "bc", True),
    ("(?>a|ab)c", "abc", None, False),
    ("(?=a)a", "ba", "a", False),
    ("(?!a).", "ab", "b", False),
    ("(?<=a)b", "ab", "b", False),
    ("(?<!a)b", "abb", "b", False),
    ("(?'n'a)b", "ab", "ab", True),
    ("(?<1>a)", "a", "a", True),
    ("(?n)(a)(?<x>b)", "ab", "ab", True),
    ("\ud83d\ude00", "a\U0001f600", "\U0001f600", True),
    ("[X]+", "aXX", "XX", True),
    ("a\ud83d\\ude00", "a\U0001f600", "a\U0001f600", True),
    (r"\Aa", "ab", "a", True),
    (r"\Aa", "ba", None, True),
    (r"a\A", "aa", None, True),

]  # fmt: skip
"""Pattern, text, what is found, and whether in time that only grows with the text."""


@pytest.mark.parametrize(("pattern", "text", "value", "fast"), FOUND)
def test_a_construct_finds(pattern: str, text: str, value: str | None, fast: bool) -> None:
    compiled = compile_pattern(pattern)
    match = compiled.search(text)
    assert (None if match is None else match.group()) == value
    assert compiled.is_linear is fast


REFUSED: list[tuple[str, str, int]] = [
    ("a**", "'*' has nothing to repeat", 3),
    ("a+*", "'*' has nothing to repeat", 3),
    ("a++", "'+' has nothing to repeat", 3),
    ("a{2}{3}", "'{' has nothing to repeat", 5),
    ("?", "'?' has nothing to repeat", 1),
    ("+", "'+' has nothing to repeat", 1),
    ("{2}a", "'{' has nothing to repeat", 1),
    ("(*", "'*' has nothing to repeat", 2),
    ("(|*)", "'*' has nothing to repeat", 3),
    ("(?i)*", "'*' has nothing to repeat", 5),
    ("a|*", "'*' has nothing to repeat", 3),
    ("(?:*)", "'*' has nothing to repeat", 4),
    ("x(", "a parenthesis is not closed", 2),
    ("x((a)", "a parenthesis is not closed", 2),
    ("(a))", "a parenthesis is closed that was not opened", 4),
    (")", "a parenthesis is closed that was not opened", 1),
    ("x[", "a bracket is not closed", 2),
    ("x[^]", "a bracket is not closed", 2),
    ("x[]", "a bracket is not closed", 2),
    ("[a-[b]c]", "a subtracted class must be the last in its brackets", 4),
    ("[a-[b]", "a subtracted class must be the last in its brackets", 4),
    ("[z-a]", "a range ends before it begins", 2),
    ("x[b-a]", "a range ends before it begins", 3),
    ("[a-\\w]", "a range cannot end in a class", 4),
    ("x[\\q]", "\\q is not known", 3),
    ("x[\\cx1\\c]", "a bracket is not closed", 2),
    ("\\c\xe9", "\\c lacks its letter", 1),
    ("x\\", "the pattern ends in a backslash", 2),
    ("x\\x", "\\x lacks its hexadecimal digits", 2),
    ("x\\x4g", "\\x lacks its hexadecimal digits", 2),
    ("x\\u12", "\\u lacks its hexadecimal digits", 2),
    ("\\\xe9", "\\\xe9 is not known", 1),
    ("\\1", "there is no group '1' to refer back to", 1),
    ("(a)\\2", "there is no group '2' to refer back to", 4),
    ("\\k<a>", "there is no group 'a' to refer back to", 1),
    ("\\k'a'", "there is no group 'a' to refer back to", 1),
    ("\\k", "\\k is not known", 1),
    ("x\\k<>", "\\k is not known", 2),
    ("(?<a>x)(?<a>y)\\k<a>", "the group 'a' to refer back to is there several times", 15),
    ("(?(1)a)", "a condition is not supported or not known", 1),
    ("(?P<a>b)", "this kind of group is not supported or not known", 1),
    ("(?<>a)", "this kind of group is not supported or not known", 1),
    ("(?<a", "this kind of group is not supported or not known", 1),
    ("(?", "this kind of group is not supported or not known", 1),
    ("(?i", "this kind of group is not supported or not known", 1),
    ("(?q)", "this kind of group is not supported or not known", 1),
    ("(?#a", "a comment is not closed", 1),
    ("(?<0>a)", "a group cannot have the number 0", 1),
    ("(?'0'a)", "a group cannot have the number 0", 1),
    ("(?<a-b>c)", "this kind of group is not supported or not known", 1),
    ("x\\p", "\\p lacks a known category or block", 2),
    ("x\\p{", "\\p lacks a known category or block", 2),
    ("x\\pL", "\\p lacks a known category or block", 2),
    ("x\\p{LX}", "\\p lacks a known category or block", 2),
    ("x\\P{Foo}", "\\P lacks a known category or block", 2),
    ("x\\p{Is!}", "\\p lacks a known category or block", 2),
    ("[\\p{Foo}]", "\\p lacks a known category or block", 2),
    ("[x\\ud800]", "half of a surrogate pair stands in brackets", 3),
    ("[\ud800]", "half of a surrogate pair stands in brackets", 2),
    ("x\ud800", "half of a surrogate pair stands alone", 2),
    ("x\udc00", "half of a surrogate pair stands alone", 2),
    ("x\\ud800\\u0041", "half of a surrogate pair stands alone", 2),
    ("x\\ud800", "half of a surrogate pair stands alone", 2),
    ("a{1001}", "repetitions within one another come to more than 1000", 2),
    ("xa{0,1001}", "repetitions within one another come to more than 1000", 3),
    ("a{2,1}", "a repetition ends before it begins", 2),
    ("a{00001001}", "repetitions within one another come to more than 1000", 2),
    ("(a{500}){3}", "repetitions within one another come to more than 1000", 9),
    ("((a{10}){10}){11}", "repetitions within one another come to more than 1000", 14),
    ("(a{10}b{20}){51}", "repetitions within one another come to more than 1000", 13),
    ("(?:(a{100})b){11}", "repetitions within one another come to more than 1000", 14),
    ("(a{100}|b){11}", "repetitions within one another come to more than 1000", 11),
    ("((a{100})){11}", "repetitions within one another come to more than 1000", 11),
    ("(a{2}(b{3}){200}){2}", "repetitions within one another come to more than 1000", 18),
    ("(" * 51, "groups are nested more than 50 deep", 51),
    ("x" + "[a-" * 52, "brackets are nested more than 50 deep", 155),
    ("x" + "()" * 201, "there are more than 200 groups", 402),
    ("x" * 2001, "the pattern has 2001 characters, more than 2000,", 2001),
    ("a{10010}", "a repetition is larger than 1000", 2),
    ("xa{0,10000}", "a repetition is larger than 1000", 3),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "message", "position"), REFUSED)
def test_a_construct_is_refused(pattern: str, message: str, position: int) -> None:
    with pytest.raises(InvalidPattern) as caught:
        compile_pattern(pattern)
    assert (caught.value.message, caught.value.position) == (message, position)


@pytest.mark.parametrize(
    "pattern",
    [
        "a{1000}",
        "a{0,1000}",
        "a{0001000}",
        "(a{500}){2}",
        "((a{10}){10}){10}",
        "(a{10}b{20}){50}",
        "(a{100})(b{100}){10}",
        "(a{100})b{1000}",
        "(?:(a{100})b){10}",
        "a{100}(b){11}",
        "x{500}(?:a){3}",
        "(a{2}(b{3}){100}){3}",
        "(a{1000})?",
        "(a{1000})*",
        "(" * 50 + ")" * 50,
        "[a-" * 51 + "b" + "]" * 51,
        "(a){1000}",
        "(?:a){1000}",
        "()" * 200,
        "x" * 2000,
    ],
)
def test_what_is_at_its_bound_is_taken(pattern: str) -> None:
    assert compile_pattern(pattern).text == pattern


REPLACED: list[tuple[str, str, str, str]] = [
    ("(b)", "$11", "abc", "ab1c"),
    ("(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)", "$10$1", "abcdefghijk", "jak"),
    ("(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)", "$11", "abcdefghijk", "a1k"),
    ("(b)", "$0001", "abc", "abc"),
    ("(b)", "$+", "abc", "abc"),
    ("b", "$+", "abc", "abc"),
    ("(a)(b)?(c)", "$+", "abc", "c"),
    ("b", "${x", "abc", "a${xc"),
    ("b", "$x$", "abc", "a$x$c"),
    ("b", "${x}-${0}", "abc", "a${x}-bc"),
    ("b", "$", "abc", "a$c"),
    ("b", "$$1", "abc", "a$1c"),
    ("b", "$`|$'|$_|$&", "abc", "aa|c|abc|bc"),
    ("(?<x>b)|(?<x>c)", "[${x}]", "abc", "a[b][c]"),
    ("(?<x>a)(?<x>b)", "[${x}]", "ab", "[b]"),
    ("(a)|(b)", "[$1$2]", "ab", "[a][b]"),
    ("", "-", "ab", "-a-b-"),
    ("x*", "-", "axb", "-a--b-"),
    ("a", "", "aXa", "X"),
    ("(?<2>b)", "$2$1", "abc", "ab$1c"),
    ("b(?#a pattern of its own)", "X", "abc", "aXc"),
    ("b", "X$0", "abc", "aXbc"),
    ("$", "!", "abc", "abc!"),
    ("$", "!", "abc\n", "abc!\n!"),
    ("(?m)$", "!", "a\nb", "a!\nb!"),
    ("(?m)^", "- ", "a\nb", "- a\n- b"),
    (r"\b", "|", "ab c", "|ab| |c|"),
    (r"\B", "-", "abc d", "a-b-c d"),
    (r"\z", "!", "\u00e9", "\u00e9!"),
]  # fmt: skip
"""Pattern, replacement, text, result."""


@pytest.mark.parametrize(("pattern", "replacement", "text", "result"), REPLACED)
def test_a_replacement_refers(pattern: str, replacement: str, text: str, result: str) -> None:
    compiled = compile_pattern(pattern)
    assert compiled.replace(text, replacement, limit=len(result)) == result
    if result:
        with pytest.raises(ReplacementTooLong, match=f"more than {len(result) - 1} characters"):
            compiled.replace(text, replacement, limit=len(result) - 1)


@pytest.mark.parametrize(
    ("pattern", "groups"),
    [
        (
            "(a)(?<x>b)(c)(?<7>d)",
            {"0": (0,), "1": (1,), "2": (3,), "x": (2,), "3": (2,), "7": (4,)},
        ),
        (
            "(a)(?<2>b)(c)(?<n>d)",
            {"0": (0,), "1": (1,), "3": (3,), "2": (2,), "n": (4,), "4": (4,)},
        ),
        ("(?n)(a)(?<x>b)", {"0": (0,), "x": (1,), "1": (1,)}),
        ("(?<x>a)(?<x>b)(c)", {"0": (0,), "1": (3,), "x": (1, 2), "2": (1, 2)}),
        (
            "(?<3>a)(b)(c)(d)(?<e>e)",
            {"0": (0,), "1": (2,), "2": (3,), "4": (4,), "3": (1,), "e": (5,), "5": (5,)},
        ),
        ("(?<1>a)(?<2>b)(c)", {"0": (0,), "3": (3,), "1": (1,), "2": (2,)}),
        ("(?<a>x)(?<b>y)", {"0": (0,), "a": (1,), "1": (1,), "b": (2,), "2": (2,)}),
        ("(?<n>a)(?<1>b)", {"0": (0,), "n": (1,), "2": (1,), "1": (2,)}),
        ("(?<n>a)(?<1>b)(c)", {"0": (0,), "2": (3,), "n": (1,), "3": (1,), "1": (2,)}),
        ("(?=a)(?!b)(?<=c)(?<!d)(?>e)(?:f)(?i:g)(h)", {"0": (0,), "1": (1,)}),
    ],
)
def test_groups_are_numbered_as_dotnet_numbers_them(
    pattern: str, groups: dict[str, tuple[int, ...]]
) -> None:
    assert scan(pattern).groups == groups
    assert compile_pattern(pattern).groups == groups.keys()


def test_a_match_has_its_groups() -> None:
    match = compile_pattern("(?<x>a)|(?<x>b)(c)?").search("zbc")
    assert match is not None
    assert [match.group(name) for name in ("0", "1", "x", "2", "none")] == [
        *("bc", "c", "b", "b", None)
    ]
    assert match.group() == "bc"
    match = compile_pattern("(?<x>a)|(?<x>b)(c)?").search("a")
    assert match is not None
    assert (match.group("1"), match.group("x")) == (None, "a")


@pytest.mark.parametrize(
    ("pattern", "group", "text", "result"),
    [
        ("a(b)c", "1", "abcabc", "a-ca-c"),
        ("a(b)?c", "1", "acabc", "aca-c"),
        ("(?<=(a))b", "1", "abab", "-b-b"),
        ("(?=(ab))a", "1", "abc", "-c"),
        ("(?=(aab))a", "1", "aabab", "-ab"),
        ("a", "none", "a", "a"),
        ("(?<x>a)|(?<x>b)", "x", "cab", "c--"),
    ],
)
def test_only_a_group_is_replaced(pattern: str, group: str, text: str, result: str) -> None:
    assert compile_pattern(pattern).replace(text, "-", limit=99, group=group) == result


def test_each_replacement_is_its_own() -> None:
    compiled = compile_pattern("(b)")
    for replacement, result in (("-", "a-c"), ("$1$1", "abbc"), ("", "ac"), ("-", "a-c")):
        assert compiled.replace("abc", replacement, limit=9) == result


@pytest.mark.parametrize(
    ("pattern", "ascii_only", "soft_end"),
    [
        ("a", False, False), ("a$", False, True), (r"a\Z", False, True), (r"a\z", False, False),
        ("(?m)a$", False, False), (r"\ba", True, False), (r"a\B", True, False),
        ("^a", False, False),
    ],
)  # fmt: skip
def test_where_re2_is_not_asked(pattern: str, ascii_only: bool, soft_end: bool) -> None:
    scanned = scan(pattern)
    assert (scanned.ascii_only, scanned.soft_end) == (ascii_only, soft_end)
    assert scanned.linear is not None


@pytest.mark.parametrize(
    ("pattern", "text", "places"),
    [
        ("a$", "a", [0]), ("a$", "a\n", [0]), ("a$", "a\n\n", []), ("a$", "a\na", [2]),
        (r"a\z", "a\n", []), ("(?m)^a$", "a\nb\na", [0, 4]), ("^a", "aa", [0]),
        (r"\b", "ab c", [0, 2, 3, 4]), (r"\B", "ab c", [1]), (r"\b", "\u00e9b", [0, 2]),
        (r"\B", "\u00e9b", [1]), (r"\bb", "\u00e9 b", [2]), (r"\Ga", "aaba", [0, 1]),
    ],
)  # fmt: skip
def test_an_anchor_holds_at_its_places(pattern: str, text: str, places: list[int]) -> None:
    marked = compile_pattern(pattern).replace(text, "|$&", limit=99)
    expected = "".join(("|" if at in places else "") + text[at : at + 1] for at in range(5))
    assert marked == expected


def test_a_text_of_the_largest_length_is_searched() -> None:
    assert compile_pattern("b").search("a" * MAX_TEXT_LENGTH) is None
    with pytest.raises(TextTooLong, match=f"{MAX_TEXT_LENGTH + 1} characters"):
        compile_pattern("b").search("a" * (MAX_TEXT_LENGTH + 1))
    with pytest.raises(TextTooLong):
        compile_pattern("b").replace("a" * (MAX_TEXT_LENGTH + 1), "", limit=1)


def test_as_many_matches_are_taken_as_the_work_allows() -> None:
    engine = linear("a")
    assert engine is not None
    for each, most in ((0, 5), (1, 5), (50_000_000, 4), (66_000_000, 3), (300_000_000, 1)):
        for number in range(1, 6):
            found = _within_work(engine.matches("a" * number), each)
            assert (found is None) is (number > most), (each, number)
            assert found is None or len(found) == number


def test_what_an_engine_cannot_take_is_told() -> None:
    assert linear("(") is None
    with pytest.raises(InvalidPattern, match="the pattern cannot be compiled") as caught:
        backtracking("(")
    assert caught.value.position == 1
    deep = compile_pattern("a$")
    assert issubclass(TextTooLong, MatchFailed)
    assert deep.search("a\n") is not None
