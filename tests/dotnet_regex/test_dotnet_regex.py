"""Patterns in .NET's language: what they find and are replaced by, what is refused and bounded."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.dotnet_regex import (
    MAX_PATTERN_LENGTH,
    MAX_TEXT_LENGTH,
    InvalidPattern,
    MatchTimeout,
    ReplacementTooLong,
    TextTooLong,
    compile_pattern,
)
from provisioning.dotnet_regex.engines import backtracking, linear
from provisioning.dotnet_regex.scan import scan

LIMIT = 1000


def found(pattern: str, text: str) -> str | None:
    match = compile_pattern(pattern).search(text)
    return None if match is None else match.group()


@pytest.mark.parametrize(
    ("pattern", "text", "value"),
    [
        (r".*\@domain.com", "kim@domain.com", "kim@domain.com"),
        ("abc", "ABC", None),
        ("(?i)abc", "xABC", "ABC"),
        ("a(?i)b|c", "C", "C"),
        ("(?i)a(?-i)b", "Ab", "Ab"),
        ("(?i)a(?-i)b", "AB", None),
        ("(?i:a)b", "AB", None),
        ("(?i)ß", "ss", None),
        (r"\d+", "x\u0663\u0664y", "\u0663\u0664"),
        (r"\D+", "12ab", "ab"),
        (r"\w+", "-žluť_1-", "žluť_1"),
        (r"\W+", "a\u2028- b", "\u2028- "),
        (r"\s", "a\u00a0", "\u00a0"),
        (r"[\s\S]+", "a\n", "a\n"),
        (r"[^\W_]+", "_žab_", "žab"),
        (r"[\W\d]+", "ab-1", "-1"),
        ("a.b", "a\nb", None),
        ("(?s)a.b", "a\nb", "a\nb"),
        ("a$", "a", "a"),
        ("a$", "a\n", "a"),
        (r"a\Z", "a\n", "a"),
        (r"a\z", "a\n", None),
        (r"a\z", "a", "a"),
        ("^b", "a\nb", None),
        ("(?m)^b$", "a\nb\nc", "b"),
        (r"\bb", "a b", "b"),
        (r"\bb", "éb", None),
        (r"\Bb", "éb", "b"),
        (r"\p{Lu}\P{Lu}", "aÉa", "Éa"),
        (r"\p{IsGreek}+", "a\u03b2\u03b4", "\u03b2\u03b4"),
        (r"[\p{IsBasicLatin}-[a]]+", "éabc", "bc"),
        (r"[a-z-[aeiou]]+", "aeibcdo", "bcd"),
        (r"[a-z-[m-z-[x]]]+", "mnxa", "xa"),
        (r"\u00e9\x41\cJ\e\t\0", "éA\n\x1b\t\x00", "éA\n\x1b\t\x00"),
        (r"\ud83d\ude00", "\U0001f600", "\U0001f600"),
        (r"[\b]", "\b", "\b"),
        ("[]a]+", "a]b", "a]"),
        ("[a-]+", "-a", "-a"),
        ("[[:alpha:]]", ":]", ":]"),
        ("a{,2}", "a{,2}", "a{,2}"),
        ("a{2}", "aaa", "aa"),
        ("a{1,}?", "aaa", "a"),
        ("x{", "x{", "x{"),
        (r"(a)\1", "aa", "aa"),
        (r"(?<q>a|b)\k<q>", "abb", "bb"),
        (r"(?'q'a)\k'q'", "aa", "aa"),
        ("a(?=b)", "ab", "a"),
        ("(?<!a)b", "ab", None),
        ("(?>a+)a", "aaa", None),
        ("(?x) a b # comment", "ab", "ab"),
        ("a(?#comment)b", "ab", "ab"),
        (r"\.\-\#\ \@", ".-# @", ".-# @"),
        (".", "\U0001f600", "\U0001f600"),
        ("a", "\ud800a", "a"),
        (r"\w", "\ud83d\ude00a", "a"),
        ("", "x", ""),
    ],
)
def test_a_pattern_finds(pattern: str, text: str, value: str | None) -> None:
    assert found(pattern, text) == value


@pytest.mark.parametrize(
    ("pattern", "replacement", "group", "text", "value"),
    [
        ("b", "-", None, "abcb", "a-c-"),
        (r"\+(?<isdCode>\d* )(?<phoneNumber>\d{10})", "${phoneNumber}", None, "+91 9998887777",
         "9998887777"),
        ("(?<a>x)(y)", "$1-$2-${a}", None, "xy", "y-x-x"),
        ("(x)(?<a>y)", "$2$1", None, "xy", "yx"),
        ("(a)", "$10", None, "a", "a0"),
        ("a", "$1${b}$$$x", None, "a", "$1${b}$$x"),
        ("b", "[$&$`$'$_]", None, "abc", "a[bacabc]c"),
        ("(a)(b)?", "<$+>", None, "a", "<>"),
        ("(?n)(a)", "$1", None, "a", "$1"),
        ("[a-z]*", "-", None, "abc1", "--1-"),
        ("(?<n>^\\d*)", "888", "n", "545 Tremont Street", "888 Tremont Street"),
        ("(?<S>@(.)*)", "", "S", "jsmith@contoso.com", "jsmith"),
        ("(?<a>x)|(?<a>y)", "<${a}>", None, "xy", "<x><y>"),
        ("(x)|(y)", "-", "2", "xy", "x-"),
        ("a$", "-", None, "aa\n", "a-\n"),
        ("(?=b)", "-", None, "abb", "a-b-b"),
        (".", "-", None, "\ud800\U0001f600", "--"),
    ],
)  # fmt: skip
def test_a_match_is_replaced(
    pattern: str, replacement: str, group: str | None, text: str, value: str
) -> None:
    compiled = compile_pattern(pattern)
    assert compiled.replace(text, replacement, limit=LIMIT, group=group) == value


@pytest.mark.parametrize(
    ("pattern", "message", "position"),
    [
        ("a{1,100000}", "larger than 1000", 2),
        ("a{" + "9" * 1500 + "}", "larger than 1000", 2),
        ("((a{1,100}){1,100})", "come to more than 1000", 12),
        ("(a+){1000}{2}", "nothing to repeat", 11),
        ("a{3,2}", "ends before it begins", 2),
        ("*a", "nothing to repeat", 1),
        ("a**", "nothing to repeat", 3),
        ("(|+)", "nothing to repeat", 3),
        ("(a", "not closed", 1),
        ("a)", "not opened", 2),
        ("[a", "not closed", 1),
        ("[b-a]", "ends before it begins", 2),
        (r"[a-\d]", "cannot end in a class", 4),
        ("[a-[b]c]", "the last in its brackets", 4),
        ("a\\", "ends in a backslash", 2),
        (r"\y", "not known", 1),
        (r"\Qa\E", "not known", 1),
        (r"\x4", "hexadecimal", 1),
        (r"\p{Greek}", "known category", 1),
        (r"\p{IsKlingon}", "cannot be compiled", 1),
        (r"\1", "no group '1'", 1),
        (r"(?<a>x)(?<a>y)\k<a>", "several times", 15),
        ("(?(1)a|b)", "a condition", 1),
        ("(?<a-b>x)", "this kind of group", 1),
        ("(?P<a>x)", "this kind of group", 1),
        ("(?#", "not closed", 1),
        ("\ud800", "half of a surrogate pair", 1),
        (r"\ud800x", "half of a surrogate pair", 1),
        ("(" * 60 + ")" * 60, "nested more than 50", 51),
        ("[a-" * 60, "nested more than 50", 154),
        ("()" * 300, "more than 200 groups", 401),
        ("x" * (MAX_PATTERN_LENGTH + 1), "2001 characters", MAX_PATTERN_LENGTH + 1),
    ],
)
def test_a_wrong_pattern_is_refused_with_its_position(
    pattern: str, message: str, position: int
) -> None:
    began = time.process_time()
    with pytest.raises(InvalidPattern, match=re.escape(message)) as caught:
        compile_pattern(pattern)
    assert caught.value.position == position
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "pattern", ["(a+)+b", "(a|a)*b", "(?i)(.*a){12}b", r"(\w+\s?)*!", r"\b(a+)+b"]
)
def test_what_the_linear_engine_takes_cannot_run_away(pattern: str) -> None:
    compiled = compile_pattern(pattern)
    assert compiled.is_linear
    began = time.process_time()
    assert compiled.search("a" * 5000) is None
    assert time.process_time() - began < 1


def test_what_only_the_other_engine_takes_is_stopped() -> None:
    compiled = compile_pattern("^(?=(a+)+b)(a|aa)+$")
    assert not compiled.is_linear
    began = time.process_time()
    with pytest.raises(MatchTimeout):
        compiled.search("a" * 5000)
    with pytest.raises(MatchTimeout):
        compiled.replace("a" * 5000, "x", limit=LIMIT)
    assert time.process_time() - began < 1


def test_replacing_again_and_again_in_a_long_text_is_bounded() -> None:
    """RE2 would look for the z from every place to the end: the square of the text."""
    began = time.process_time()
    with pytest.raises(MatchTimeout):
        compile_pattern("(?:(?:[a-y]+)+z)?").replace("ab" * 5000, "-", limit=100_000)
    assert time.process_time() - began < 3


def test_texts_and_results_are_bounded() -> None:
    with pytest.raises(TextTooLong):
        compile_pattern("a").search("a" * (MAX_TEXT_LENGTH + 1))
    compiled = compile_pattern("a")
    assert len(compiled.replace("a" * 10, "b" * 100, limit=1000)) == 1000
    with pytest.raises(ReplacementTooLong):
        compiled.replace("a" * 10, "b" * 100, limit=999)
    with pytest.raises(ReplacementTooLong):
        compiled.replace("ba" * 3, "", limit=2)


ATOMS = [
    *("a", "b", ".", r"\d", r"\w", r"\s", r"\W", "[ab]", "[^a]", r"[^\d]", r"[\Wa]", "(?i)A"),
    *(r"\bx", "a$", "^b", "é", r"\p{Lu}", "1", r"\n", ""),
]
PATTERNS = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("|".join),
        inner.map("({})".format),
        inner.map("(?:{})".format),
        # With an end that is never empty: over repetitions of nothing the engines differ.
        inner.map("(?:(?:{})1)*".format),
        inner.map("(?:(?:{})1)+?".format),
        inner.map("(?:(?:{})b){{1,2}}".format),
    ),
    max_leaves=5,
)
TEXTS = st.text(alphabet="abAB1 \n\u00e9\u0663_x", max_size=8)


@given(PATTERNS, TEXTS)
def test_both_engines_find_the_same(pattern: str, text: str) -> None:
    scanned = scan(pattern)
    assert scanned.linear is not None
    fast, full = linear(scanned.linear), backtracking(scanned.full)
    assert fast is not None
    if (scanned.soft_end and text.endswith("\n")) or (scanned.ascii_only and not text.isascii()):
        return
    one, other = fast.search(text), full.search(text)
    assert (one and one.span(0)) == (other and other.span(0))


@given(st.text(alphabet="ab1(?<>n)[]^-{},*+|\\dwpbkuxG'=!:imsx$. é#", max_size=25), TEXTS)
def test_any_pattern_is_used_or_refused(pattern: str, text: str) -> None:
    try:
        compiled = compile_pattern(pattern)
    except InvalidPattern as error:
        position = error.position
    else:
        position = 1
        with suppress(MatchTimeout, ReplacementTooLong):
            compiled.search(text)
            compiled.replace(text, "-$1", limit=LIMIT)
    assert 1 <= position <= len(pattern) + 1


def test_the_engines_are_loaded_by_the_pattern_that_needs_them() -> None:
    code = (
        "import sys, provisioning.dotnet_regex as d\n"
        "assert not {'re2', 'regex'} & set(sys.modules)\n"
        "d.compile_pattern('a+').search('a')\n"
        "assert 're2' in sys.modules and 'regex' not in sys.modules\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
