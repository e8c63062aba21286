"""Patterns at the edges of the language: escapes, comments, numbers of groups, and the bounds."""

from __future__ import annotations

import pytest

from provisioning.dotnet_regex import InvalidPattern, compile_pattern, limits
from provisioning.dotnet_regex.errors import (
    MatchFailed,
    MatchTimeout,
    ReplacementTooLong,
    TextTooLong,
)


@pytest.mark.parametrize(
    ("pattern", "text", "value"),
    [
        (r"\0123", "\n3", "\n3"),
        (r"\08", "\x008", "\x008"),
        (r"\01x", "\x01x", "\x01x"),
        (r"\cA\cz\c_\c@", "\x01\x1a\x1f\x00", "\x01\x1a\x1f\x00"),
        (r"[\b]", "a\b", "\b"),
        (r"\a\e\f\n\r\t\v", "\a\x1b\f\n\r\t\v", "\a\x1b\f\n\r\t\v"),
        (r"\x41\u0042", "AB", "AB"),
        (r"\ud83d\ude00", "\U0001f600", "\U0001f600"),
        ("\ud83d\\ude00", "\U0001f600", "\U0001f600"),
        ("(?x)a#comment\nb", "ab", "ab"),
        ("(?x)a #comment", "a", "a"),
        ("(?x)#\na", "a", "a"),
        ("(?x)\n#a\n b c", "bc", "bc"),
        ("(?m)^b$", "a\nb\nc", "b"),
        (r"(?m)\Ab", "a\nb", None),
        (r"(?<=a)b", "ab", "b"),
        (r"(?<!a)b", "ab", None),
        ("a(?=b)", "ab", "a"),
        ("a(?!b)", "ab", None),
        ("(?>a+)b", "aab", "aab"),
        ("(?>a+)ab", "aab", None),
        (r"\bcat\b", "a cat.", "cat"),
        (r"\bcat\b", "concat", None),
        (r"\Bcat", "concat", "cat"),
        (r"\Bcat", "cat", None),
        (r"(?i)\u00e4", "\u00c4", "\u00c4"),
        ("[^a-c]+", "abxyc", "xy"),
        ("[a-z-[aeiou]]+", "aebcd", "bcd"),
        ("[^a-z-[x]]+", "ab1X", "1X"),
        (r"[^\D]+", "a12", "12"),
        (r"[\P{Lu}-[b]]", "Ab1", "1"),
        (r"\p{IsBasicLatin}+", "\u00e4ab", "ab"),
        (r"\p{Lu}+", "aBC", "BC"),
        (r"\P{Lu}+", "ABc", "c"),
    ],
)
def test_a_pattern_finds(pattern: str, text: str, value: str | None) -> None:
    match = compile_pattern(pattern).search(text)
    assert (None if match is None else match.group()) == value


@pytest.mark.parametrize(
    ("pattern", "message", "position"),
    [
        (r"x\c", r"\c lacks its letter", 2),
        (r"x\c1", r"\c lacks its letter", 2),
        (r"\c`", r"\c lacks its letter", 1),
        (r"x\u004", r"\u lacks its hexadecimal digits", 2),
        (r"x\_", r"\_ is not known", 2),
        ("x(?<0>a)", "a group cannot have the number 0", 2),
        ("x(?'0'a)", "a group cannot have the number 0", 2),
        ("(?(a)b)", "a condition is not supported or not known", 1),
        ("(?*a)", "this kind of group is not supported or not known", 1),
        ("\udc00", "half of a surrogate pair stands alone", 1),
        (r"\ud83d\u0041", "half of a surrogate pair stands alone", 1),
    ],
)
def test_what_is_refused_says_where(pattern: str, message: str, position: int) -> None:
    with pytest.raises(InvalidPattern) as caught:
        compile_pattern(pattern)
    assert caught.value.message == message
    assert caught.value.position == position
    assert str(caught.value) == f"{message} at character {position} of the pattern."
    assert caught.value.remedy.endswith("language of .NET.")


@pytest.mark.parametrize(
    ("pattern", "replacement", "text", "result"),
    [
        ("b", "$0$0", "abc", "abbc"),
        ("(b)", "${1}0", "abc", "ab0c"),
        ("(b)", "$01", "abc", "abc"),
        ("(b)", "$00", "abc", "abc"),
        ("(b)", "$2", "abc", "a$2c"),
        ("(?<2>b)(c)", "$1$2", "abc", "acb"),
        ("(?<1>b)(?<2>c)(d)", "$3$2$1", "abcd", "adcb"),
        ("(?<x>b)", "[${x}]", "abc", "a[b]c"),
        ("b", "$$", "abc", "a$c"),
    ],
)
def test_a_match_is_replaced(pattern: str, replacement: str, text: str, result: str) -> None:
    assert compile_pattern(pattern).replace(text, replacement, limit=100) == result


def test_the_bounds_as_the_documentation_has_them() -> None:
    assert (limits.MAX_PATTERN_LENGTH, limits.MAX_TEXT_LENGTH) == (2_000, 10_000)
    assert (limits.MAX_REPEAT, limits.MAX_DEPTH, limits.MAX_GROUPS) == (1_000, 50, 200)
    assert (limits.MAX_PROGRAM_BYTES, limits.MAX_LINEAR_WORK) == (2 << 20, 200_000_000)
    assert limits.TIMEOUT_SECONDS == 0.05
    compile_pattern("a{1000}")
    with pytest.raises(InvalidPattern):
        compile_pattern("a{1001}")
    compile_pattern("(" * 50 + ")" * 50)
    compile_pattern("()" * 200)
    compile_pattern("x" * 2000)


@pytest.mark.parametrize(
    ("error", "code", "said", "remedy"),
    [
        (MatchTimeout(), "MatchTimeout", "within 50 ms.", "lookaround"),
        (TextTooLong(10_001), "TextTooLong", "has 10001 characters; at most 10000", "Left or Mid"),
        (ReplacementTooLong(7), "ReplacementTooLong", "more than 7 characters", "Replace by less"),
    ],
)
def test_why_there_is_no_answer(error: MatchFailed, code: str, said: str, remedy: str) -> None:
    assert error.code == code
    assert said in str(error)
    assert remedy in error.remedy
    assert (InvalidPattern.code, MatchFailed.code) == ("InvalidPattern", "MatchFailed")
