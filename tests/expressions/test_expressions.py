"""Expressions: what they give, and what is said about wrong ones."""

from __future__ import annotations

import string
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.errors import Problem
from provisioning.expressions import InvalidExpression, Operand, compile_expression
from provisioning.expressions.syntax import (
    MAX_DEPTH,
    MAX_LENGTH,
    Attribute,
    Blank,
    Call,
    Text,
    parse,
)

SWITCH = 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'


def evaluate(text: str, **row: Any) -> Operand:
    return compile_expression(text, "source").evaluate(row)


def complaint(text: str) -> str:
    with pytest.raises(InvalidExpression) as caught:
        compile_expression(text, "source")
    assert all(p.field == "source" and p.remedy for p in caught.value.problems)
    return " ".join(p.message for p in caught.value.problems)


@pytest.mark.parametrize(
    ("text", "row", "value"),
    [
        (SWITCH, {"IsSoftDeleted": False}, "True"),
        (SWITCH, {"IsSoftDeleted": True}, "False"),
        (SWITCH, {"IsSoftDeleted": "False"}, "True"),
        (SWITCH, {}, None),
        ('Switch([a], "d", "", "v")', {}, "v"),
        ('Switch([a], "d", "k", "v")', {"a": "k"}, "v"),
        ('Switch([a], "d", "k", "v")', {"a": "K"}, "d"),
        ('Switch([a], "d", "k", "v")', {"a": None}, "d"),
        ('Switch([a], [b], "k", [c])', {"a": "k", "c": "seen"}, "seen"),
        ('Switch([a], "d", "k", "first", "k", "second")', {"a": "k"}, "first"),
        ('Switch([a], "d", "", "v")', {"a": ""}, "v"),
        ("Not([IsSoftDeleted])", {"IsSoftDeleted": True}, "False"),
        ("Not([IsSoftDeleted])", {"IsSoftDeleted": False}, "True"),
        ("Not([a])", {}, "True"),
        ("Not([a])", {"a": "true"}, "True"),
        ('Append([a], "@example.com")', {"a": "kim"}, "kim@example.com"),
        ('Append([a], "@example.com")', {}, None),
        ("Append([a], [b])", {"a": "kim"}, "kim"),
        ('Join(", ", [a], [b])', {"a": "Lee", "b": "Kim"}, "Lee, Kim"),
        ('Join("-", [a], [b])', {"a": ["x", "y"], "b": "z"}, "x-y-z"),
        ('Join("-", [a], [b])', {"b": "z"}, "z"),
        ('Join("-", [a], [b])', {}, None),
        ("Join(, [a], [b])", {"a": "x", "b": "y"}, "xy"),
        ("ToLower([a])", {"a": "KIM.LEE"}, "kim.lee"),
        ("ToLower([a])", {}, None),
        ("ToUpper([a])", {"a": "kim"}, "KIM"),
        ("ToUpper([a])", {"a": ["kim"]}, "KIM"),
        ("ToUpper([a])", {"a": ["kim", "lee"]}, None),
        ("Coalesce([a], [b])", {"b": "second"}, "second"),
        ('Coalesce([a], [b], "default")', {"a": None}, "default"),
        ("Coalesce([a], [b])", {"a": "", "b": "x"}, ""),
        ("Coalesce([a], [b])", {"a": [], "b": "x"}, "x"),
        ('ToLower(Append([a], ToUpper("B")))', {"a": "A"}, "ab"),
        (" [a]\n\t", {"a": 7}, "7"),
        ("[a]", {"a": 1.5}, "1.5"),
        ("[a]", {"a": {"complex": "value"}}, None),
        ("[a]", {"a": ["x", None, {"y": 1}, 2]}, ("x", "2")),
        ('"constant"', {}, "constant"),
        (r'"a \"quoted\" \\ text \d"', {}, r'a "quoted" \ text \d'),
        ("42", {}, "42"),
        ("[extension_0a_skills]", {"extension_0a_skills": "x"}, "x"),
    ],
)
def test_an_expression_gives(text: str, row: dict[str, Any], value: Operand) -> None:
    assert evaluate(text, **row) == value


def test_the_tree_holds_positions() -> None:
    assert parse(' Join(",", , [b])', "source") == Call(
        "Join", (Text(",", 7), Blank(11), Attribute("b", 14)), 2, 1
    )


def test_an_expression_names_the_attributes_it_reads() -> None:
    assert compile_expression("Join([c], [a], ToLower([c]))", "source").attributes == ("c", "a")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "ends too early, at character 1"),
        ("Not([a]", "ends too early, at character 8"),
        ("Append([a] [b])", "unexpected '[b])' at character 12"),
        ("Not([a]) x", "unexpected 'x' at character 10"),
        ('"open', "unexpected '\"open' at character 1"),
        ("[]", "unexpected '[]' at character 1"),
        ("Midd([a], 1, 8)", "unknown function 'Midd' at character 1"),
        ("not([a])", "unknown function 'not' at character 1"),
        ("Not()", "Not at character 1 takes 1 argument; it has 0."),
        ("Not([a], )", "takes 1 argument; it has 2, the last at character 9"),
        ('Join(",")', "takes 2 or more arguments; it has 1"),
        ("Append([a], , )", "takes 2 arguments; it has 3"),
        ("Now([a])", "takes no arguments; it has 1"),
        ('IIF([a]="x" AND [b]="y", 1, 2)', "unexpected 'AND [b]=\"y\", 1, 2)' at character 13"),
        ('IIF([a]="x" AND [b]="y", 1, 2)', "in argument 1 of IIF"),
        ('Join(",", ToLower("a)"), [b] [c])', "at character 30, in argument 3 of Join"),
        ("Left([a], ", "ends too early, at character 11, in argument 2 of Left"),
        ('[a]="x"', "unexpected '=\"x\"' at character 4"),
        ('Append([a]="x", "y")', "argument 1 (source) of Append at character 8: a comparison"),
        ("Left([a], five)", "unknown word 'five' at character 11"),
        ("Not(true)", "unknown word 'true' at character 5"),
        ("Not(vbTextCompare)", "vbTextCompare cannot stand here"),
        ('InStr([a], "x", , vbtextcompare)', "unknown word 'vbtextcompare' at character 19"),
        ('InStr([a], "x", , "fast")', "argument 4 (compareType) of InStr at character 19: 'fast'"),
        ("BitAnd(&HG, 1)", "unexpected '&HG, 1)' at character 8"),
        ("BitAnd(&HFFFFFFFFFFFFFFFF, 1)", "unexpected 'F, 1)' at character 25"),
        ("Left([a], )", "argument 2 (numChars) of Left at character 10: it is blank"),
        ('Left([a], "x")', "argument 2 (numChars) of Left at character 11: 'x' is no whole number"),
        ("Left([a], 1.5)", "'1.5' is no whole number"),
        ("Mid([a], 0, 3)", "Mid at character 1: its start is 0; positions count from 1"),
        ("Mid([a], 1, -3)", "its length is -3"),
        ("Item([a], 0)", "its index is 0; items count from 1"),
        (
            'DateAdd("q", 1, [a])',
            "argument 1 (interval) of DateAdd at character 9: 'q' is no interval",
        ),
        (
            'CDate("nonsense")',
            "argument 1 (expression) of CDate at character 7: 'nonsense' is no date",
        ),
        (
            'FormatDateTime([a], , , "qq")',
            "'q' is no part of a date; write it as text at character 1",
        ),
        ('FormatDateTime([a], "Fast", , "d")', "'Fast' names no style"),
        ('FormatDateTime([a], , "d", )', "argument 4 (outputFormat)"),
        ('ToLower([a], "the moon")', "'the moon' is no name of a culture"),
        ('IIF("maybe", 1, 2)', "argument 1 (condition) of IIF at character 5: 'maybe' is neither"),
        ('Replace([a], , "(", , "x")', "argument 3 (regexPattern) of Replace at character 16: '('"),
        ('Replace([a], , "(", , "x")', "a parenthesis is not closed at character 1 of the pattern"),
        ('Replace([a], , "a{1,100000}", , "x")', "a repetition is larger than 1000"),
        ('Replace([a], , "(?<n>x)", "m", "x")', "regexPattern has no group 'm'"),
        ('Replace([a], "", , , "x")', "its oldValue is empty"),
        ('Replace(, "x", , , "y")', "argument 1 (source) of Replace at character 8: it is blank"),
        ('Replace([a], "x")', "fit none of its five modes"),
        ('Replace([a], "x", "y", , "z")', "fit none of its five modes"),
        ("RandomString(257, 0, 0, 0, 0)", "its argument 1, 257, is no length from 1 to 256"),
        ("RandomString(3, 1, 1, 1, 1)", "its argument 1, 3, is less than"),
        ("RandomString(3, -1, 1, 1, 1)", "its argument 2, -1, is negative"),
        ("SelectUniqueValue([a], [b])", "is for Active Directory as the target only"),
        ("SingleAppRoleAssignment(ToLower([a]))", "it is no attribute"),
        (
            'Switch([a], "d", "k", "v", "k")',
            "takes 4 or more arguments, an even number; it has 5, the last at character 28",
        ),
    ],
)
def test_a_wrong_expression_is_named_with_its_position(text: str, words: str) -> None:
    assert words in complaint(text)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("Midd([a], 1, 8)", "Did you mean Mid?"),
        ("tolower([a])", "Did you mean ToLower?"),
        ("Xyzzy([a])", "Function names are case sensitive."),
        ("Not(true)", "Did you mean True?"),
        ('IIF([a]="x" AND [b]="y", 1, 2)', "nest IIF"),
        ("SelectUniqueValue([a], [b])", "Write its first rule alone"),
        ("Mid([a], 1)", "Write Mid(source, start, length)"),
    ],
)
def test_what_to_do_is_said(text: str, remedy: str) -> None:
    with pytest.raises(InvalidExpression) as caught:
        compile_expression(text, "source")
    assert remedy in caught.value.remedy


def test_all_wrong_functions_are_named_together() -> None:
    text = complaint("Join(No([a]), Not(), Never())")
    assert all(name in text for name in ("'No'", "Not at character 15", "'Never'"))


def test_depth_is_bounded() -> None:
    deepest = "Not(" * MAX_DEPTH + "[a]" + ")" * MAX_DEPTH
    assert evaluate(deepest, a="False") == "False"
    assert f"nested {MAX_DEPTH + 1} deep" in complaint(f"Not({deepest})")
    assert "nested 1500 deep" in complaint("Not(" * 1500 + "[a]" + ")" * 1500)


def test_length_is_bounded() -> None:
    assert evaluate('"' + "x" * (MAX_LENGTH - 2) + '"') == "x" * (MAX_LENGTH - 2)
    assert f"{MAX_LENGTH + 1} characters" in complaint('"' + "x" * (MAX_LENGTH - 1) + '"')


@given(st.text(alphabet=string.ascii_letters + '[]()",\\ \n.-09é', max_size=40))
def test_any_text_is_an_expression_or_an_invalid_one(text: str) -> None:
    found = problems_of(text)
    assert found or compile_expression(text, "source").text == text
    assert all(p.field == "source" and p.message and p.remedy for p in found)


def problems_of(text: str) -> tuple[Problem, ...]:
    try:
        compile_expression(text, "source")
    except InvalidExpression as error:
        return error.problems
    return ()


def test_lark_is_loaded_by_the_first_expression_only() -> None:
    code = (
        "import sys, provisioning.settings, provisioning.mapping; sys.exit('lark' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
