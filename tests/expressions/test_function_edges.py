"""Each function where what it does begins and ends; Entra's own examples are in
``test_functions``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from provisioning.expressions import (
    FUNCTIONS,
    ComplexValue,
    InvalidExpression,
    Operand,
    Surroundings,
    compile_expression,
)
from provisioning.expressions.functions.roles import ADDITIVE
from provisioning.expressions.operands import MAX_RESULT

AROUND = Surroundings(datetime(2021, 8, 25, 17, 41, 18, tzinfo=UTC), b"job/object", "contoso.com")
READ = 'FormatDateTime([a], "{}", "yyyy-MM-dd HH", "s")'
TYPE = "WindowsAzureActiveDirectoryRole"

GIVEN: list[tuple[str, dict[str, Any], Operand]] = [
    # Case: by the culture's language, character by character.
    ('ToUpper([a], "tr")', {"a": "i\u0131x"}, "\u0130IX"),
    ('ToUpper([a], "AZ-Latn-AZ")', {"a": "i"}, "\u0130"),
    ('ToUpper([a], "az")', {"a": "i"}, "\u0130"),
    ('ToLower([a], "az")', {"a": "I"}, "\u0131"),
    ('ToUpper([a], "en-TR")', {"a": "i"}, "I"),
    ('ToLower([a], "en-AZ")', {"a": "I"}, "i"),
    ('ToLower([a], "trv")', {"a": "I"}, "i"),
    ("ToUpper([a], [c])", {"a": "i", "c": ""}, "I"),
    ("ToUpper([a], [c])", {"a": "i"}, "I"),
    ("ToUpper([a], [c])", {"c": "tr"}, None),
    ("ToLower([a], [c])", {"c": "tr"}, None),
    ("ToUpper([a])", {"a": "\u00e4\ufb01\u00df"}, "\u00c4\ufb01\u00df"),
    ("ToLower([a])", {"a": "\u00c4\u0130X"}, "\u00e4\u0130x"),
    *(
        ("PCase([a])", {"a": f"aB{mark}cD"}, f"Ab{mark}Cd")
        for mark in " \u2028\u2029\t\u00ad_-([)]\u00ab\u00bb!+$^\u00a9,.&/"
    ),
    *(("PCase([a])", {"a": f"aB{mark}cD"}, f"Ab{mark}cd") for mark in "'1\u0301\u20dd\u4e2d"),
    ('PCase([a], "x")', {"a": "aBxcD eF"}, "AbxCd ef"),
    ('PCase([a], "x")', {}, None),
    # Text
    ("Append([a], [b])", {"a": "", "b": ""}, ""),
    ('Join("", [a], [b])', {"a": "", "b": "x"}, "x"),
    ('Join("-", [a])', {"a": ["x", "", "y"]}, "x-y"),
    ('Mid("abc", 3, 1)', {}, "c"),
    ('Mid("abc", 4, 1)', {}, ""),
    ('Mid("abc", 1, 3)', {}, "abc"),
    ('Mid("abc", [n], 1)', {}, None),
    ('Mid("abc", 1, [n])', {}, None),
    ('Left("abc", 1)', {}, "a"),
    ('Left("abc", [n])', {}, ""),
    ('Len("")', {}, "0"),
    ("Len([a])", {"a": ["x", "y"]}, "0"),
    ('InStr("abcabc", "a", 1)', {}, "1"),
    ('InStr("abcabc", "a", 2)', {}, "4"),
    ('InStr("abcabc", "a", 4)', {}, "4"),
    ('InStr("abcabc", "a", 5)', {}, "0"),
    ('InStr("abc", [b])', {}, None),
    ('InStr("aBc", "b", 1, "1")', {}, "2"),
    ('InStr("aBc", "b", 1, "0")', {}, "0"),
    ('InStr("aBc", "b")', {}, "0"),
    ('InStr("\u0130\u00c4X", "\u00e4x", 1, vbTextCompare)', {}, "2"),
    ('InStr("\u0130", "\u0130", 1, vbTextCompare)', {}, "1"),
    ('Word("a-b,c", 2, "-,")', {}, "b"),
    ('Word("a-b,c", 3, "-,")', {}, "c"),
    ('Word("a-b,c", 1, "-,")', {}, "a"),
    ('Word(" a", 1, " ")', {}, "a"),
    ('Word("a", 2, "")', {}, ""),
    ('Word("a", [n], " ")', {}, ""),
    ('Word("a b", 1, )', {}, "a b"),
    ("StripSpaces([a])", {"a": "  "}, ""),
    # Lists
    ("Count([a])", {"a": ""}, "1"),
    ("Count([a])", {"a": ["x"]}, "1"),
    ("Item([a], [n])", {"a": "x"}, None),
    ("Item([a], 2)", {"a": "x"}, None),
    ("RemoveDuplicates([a])", {"a": []}, ()),
    ('Split([a], "x")', {"a": " ax bx\t"}, ("a", "b")),
    ('Split([a], "")', {"a": " a b "}, ("a b",)),
    # Choices
    ('Switch([a], "d", "", "e", "k", "v")', {"a": []}, "e"),
    ('Switch([a], "d", [k], "v")', {"a": "x", "k": ["x"]}, "v"),
    ('Switch([a], "d", [k], "v")', {"a": "", "k": None}, "d"),
    ('Switch([a], "d", "a", "1", "b", "2", "c", "3")', {"a": "c"}, "3"),
    ("Coalesce([a])", {}, None),
    ("Coalesce([a], [b], [c])", {"c": "x"}, "x"),
    ("Not([a])", {"a": ""}, "True"),
    ("Not([a])", {"a": ["True"]}, "False"),
    ("IsNull(IgnoreFlowIfNullOrEmpty([a]))", {}, "True"),
    ("IsPresent(IgnoreFlowIfNullOrEmpty([a]))", {}, "False"),
    ("IsString([a])", {"a": ["x"]}, "True"),
    ("IsString([a])", {"a": 1}, "True"),
    # Dates
    ('DateAdd("m", 11, [d])', {"d": "2024-01-15"}, "12/15/2024 12:00:00 AM"),
    ('DateAdd("m", 12, [d])', {"d": "2024-01-15"}, "1/15/2025 12:00:00 AM"),
    ('DateAdd("m", 1, [d])', {"d": "2024-01-31"}, "2/29/2024 12:00:00 AM"),
    ('DateAdd("d", [n], [d])', {"d": "2024-01-31"}, None),
    ("DateAdd([i], 1, [d])", {"d": "2024-01-31"}, None),
    ('DateAdd("yyyy", 7975, [d])', {"d": "2024-01-31"}, "1/31/9999 12:00:00 AM"),
    ('DateAdd("yyyy", -2023, [d])', {"d": "2024-01-31"}, "1/31/0001 12:00:00 AM"),
    *(
        ('DateDiff("ww", [a], [b])', {"a": one, "b": other}, weeks)
        for one, other, weeks in (
            # 22 August 2021 is a Sunday.
            ("2021-08-21", "2021-08-22", "1"), ("2021-08-22", "2021-08-28", "0"),
            ("2021-08-22", "2021-08-29", "1"), ("2021-08-23", "2021-08-29", "1"),
            ("2021-08-28", "2021-08-22", "0"), ("2021-08-29", "2021-08-28", "-1"),
            ("2021-08-22", "2021-08-21", "-1"), ("2021-08-18", "2021-09-05", "3"),
        )
    ),
    ('DateDiff("m", "2021-08-31", "2021-09-01")', {}, "1"),
    ('DateDiff("m", "2021-08-31", "2020-09-01")', {}, "-11"),
    ('DateDiff("yyyy", "2020-12-31", "2021-01-01")', {}, "1"),
    ('DateDiff("d", "2021-08-31T12:00", "2021-09-01T11:59:59")', {}, "0"),
    ('DateDiff("d", "2021-09-01T11:59:59", "2021-08-31T12:00")', {}, "0"),
    ('DateDiff("d", "2021-09-01T12:00", "2021-08-31T12:00")', {}, "-1"),
    ('DateDiff("h", "2021-08-31T12:59:59", "2021-08-31T13:59:58")', {}, "0"),
    ('DateDiff("n", "2021-08-31T12:00:01", "2021-08-31T12:02:00")', {}, "1"),
    ('DateDiff([i], "2021-08-31", "2021-09-01")', {}, None),
    ('DateDiff("d", [a], "2021-09-01")', {}, None),
    ('DateDiff("d", "2021-09-01", [a])', {}, None),
    ("DateFromNum(0)", {}, "1/1/1601 12:00:00 AM"),
    ("DateFromNum(10000000)", {}, "1/1/1601 12:00:01 AM"),
    ("DateFromNum(9999999)", {}, "1/1/1601 12:00:00 AM"),
    ('NumFromDate("1601-01-02T00:00:01.000001")', {}, "864010000010"),
    # The styles of reading: blank ones trim, and read the parts as they stand.
    ('FormatDateTime([a], , "yyyy-MM-dd HH", "s")', {"a": " 2021-08-31 05 "},
     "2021-08-31T05:00:00"),
    (READ.format("AllowWhiteSpaces"), {"a": " 2021 - 08-31 05 "}, "2021-08-31T05:00:00"),
    (READ.format("AllowInnerWhite"), {"a": "2021 - 08-31 05"}, "2021-08-31T05:00:00"),
    (READ.format("AllowLeadingWhite"), {"a": " 2021-08-31 05"}, "2021-08-31T05:00:00"),
    (READ.format("AllowTrailingWhite"), {"a": "2021-08-31 05 "}, "2021-08-31T05:00:00"),
    (READ.format("DateTimeStyles.AllowInnerWhite, DateTimeStyles.AllowLeadingWhite"),
     {"a": " 2021 -08-31 05"}, "2021-08-31T05:00:00"),
    *(
        (READ.format(style), {"a": "2021-08-31 05"}, "2021-08-31T05:00:00")
        for style in ("None", "AdjustToUniversal", "AssumeLocal", "AssumeUniversal",
                      "RoundtripKind", " ")
    ),
    ('FormatDateTime([a], , "HH:mm", "s")', {"a": "05:06"}, "2021-08-25T05:06:00"),
    ('FormatDateTime([a], "None", "HH:mm", "s")', {"a": "05:06"}, "2021-08-25T05:06:00"),
    ('FormatDateTime([a], "NoCurrentDateDefault", "HH:mm", "s")', {"a": "05:06"},
     "0001-01-01T05:06:00"),
    ("FormatDateTime([a], , , [f])", {"a": "2021-08-31"}, None),
    ("FormatDateTime([a], , , [f])", {"a": "2021-08-31", "f": ""}, None),
    # Numbers and encodings
    ("BitAnd(1, [a])", {}, None),
    ("BitAnd([a], 1)", {}, None),
    ("ConvertToUTF8Hex([a])", {}, None),
    ("ConvertToUTF8Hex([a])", {"a": "\ud800"}, "EDA080"),
    # Letters with marks
    ("NormalizeDiacritics([a])", {"a": "x"}, "x"),
    ("NormalizeDiacritics([a])", {"a": "\u01e2 \u00d8\u0304 Y\u0304\u0301"}, "AE OE Y"),
    ("NormalizeDiacritics([a])", {"a": "x\u0301 \u00e4\u00e4"}, "x\u0301 aa"),
    # Replace
    ('Replace([s], , "b", , "x")', {}, None),
    ('Replace([s], "a", , , , , "<a>")', {"s": "x"}, "<x>"),
    ('Replace([s], [o], , , , , "<a>")', {"s": "x"}, "<a>"),
    ('Replace([s], "a", , , , , [t])', {"s": "x"}, None),
    ('Replace([s], , "b(?<n>c)", "n", [v])', {"s": "abcbc"}, "abb"),
    ('Replace([s], , "b", , [v])', {"s": "abc"}, "ac"),
    ('Replace([s], , [p], "n", "x")', {"s": "abc"}, "abc"),
    ('Replace([s], , [p], "n", , [b])', {"b": "x"}, None),
    ('Replace([s], , "(?<n>a)|b", "n", , [b])', {"b": "b"}, None),
    # Roles
    ("SingleAppRoleAssignment([r])", {"r": [{"value": ""}, {"value": 7}]}, None),
    ("SingleAppRoleAssignment([r])", {"r": "x"}, None),
    ("SingleAppRoleAssignment([r])", {"r": ({"value": "x"},)}, "x"),
    (f"{ADDITIVE}([r])", {"r": [{"value": "x"}]}, (ComplexValue("x", "x", TYPE),)),
    (f"{ADDITIVE}([r])", {"r": [{"value": "x", "displayName": 7}]},
     (ComplexValue("x", "x", TYPE),)),
    (f"{ADDITIVE}([r])",
     {"r": [{"value": "x", "displayName": "X"}, {"value": "x", "displayName": "Y"}]},
     (ComplexValue("x", "X", TYPE),)),
    # Only what grows is bounded.
    ("Len(ToLower([a]))", {"a": "A" * (MAX_RESULT + 1)}, str(MAX_RESULT + 1)),
    ("Len(StripSpaces([a]))", {"a": "A" * (MAX_RESULT + 1)}, str(MAX_RESULT + 1)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "row", "value"), GIVEN)
def test_a_function_gives(text: str, row: dict[str, Any], value: Operand) -> None:
    assert compile_expression(text, "source").evaluate(row, AROUND) == value


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("None", " 2021-08-31 05"),
        ("AllowInnerWhite", " 2021-08-31 05"),
        ("AllowLeadingWhite", "2021 - 08-31 05"),
        ("AllowTrailingWhite", "2021 - 08-31 05"),
        ("AssumeLocal", "2021-08-31 05 "),
    ],
)
def test_a_style_allows_no_other_white_space(style: str, text: str) -> None:
    expression = compile_expression(f"IsNull({READ.format(style)})", "source")
    with pytest.raises(Exception, match="is no date of the input format"):
        expression.evaluate({"a": text}, AROUND)


NEEDED = {
    "BitAnd": {0, 1},
    "DateAdd": {0, 1},
    "DateDiff": {0},
    "FormatDateTime": {3},
    "IIF": {0},
    "Item": {1},
    "Left": {1},
    "Mid": {1, 2},
    "RandomString": {0, 1, 2, 3, 4},
    "Replace": {0},
    "Word": {1},
}
"""The arguments that must not be left blank, from 0."""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_argument_may_be_blank_where_it_says_so(name: str) -> None:
    function = FUNCTIONS[name]
    if function.refused or not function.parameters:
        return
    filled = ["[a]"] * len(function.parameters)
    needed = set()
    for at in range(len(filled)):
        blank = [*filled[:at], "", *filled[at + 1 :]]
        try:
            compile_expression(f"{name}({', '.join(blank)})", "source")
        except InvalidExpression as error:
            if "it is blank." in error.problems[0].message:
                needed.add(at)
    assert needed == NEEDED.get(name, set())


@pytest.mark.parametrize("text", ["CBool([a] = [b])", "IIF([a] = [b], 1, 2)"])
def test_a_comparison_stands_in_a_condition(text: str) -> None:
    assert compile_expression(text, "source").attributes == ("a", "b")


def test_what_an_expression_says_of_itself() -> None:
    plain = compile_expression('Append(ToLower([a]), "x")', "source")
    assert (plain.redacted, plain.random) == (False, False)
    assert plain.functions == {"Append", "ToLower"}
    made = compile_expression("Join([b], Guid(), IIF([c]=Redact([b]), 1, 2))", "source")
    assert (made.redacted, made.random) == (True, True)
    assert made.functions == {"Join", "Guid", "IIF", "Redact"}
    assert made.attributes == ("b", "c")
    assert made.text == "Join([b], Guid(), IIF([c]=Redact([b]), 1, 2))"


def test_functions_are_listed_by_name_whatever_the_case() -> None:
    names = list(FUNCTIONS)
    assert names == sorted(names, key=str.lower)
    assert names.index("IgnoreFlowIfNullOrEmpty") < names.index("IIF")
