"""What is said of a wrong expression, in full: people correct it by these words."""

from __future__ import annotations

import pytest

from provisioning.errors import Problem
from provisioning.expressions import FUNCTIONS, InvalidExpression, compile_expression
from provisioning.expressions.checks import nearest
from provisioning.expressions.readers import INTERVALS

WORDS = (
    "Text stands in quotes, an attribute in brackets; words are True, False, vbTextCompare, "
    "vbBinaryCompare."
)
NAMES = f"Function names are case sensitive. Available: {', '.join(FUNCTIONS)}."
SYNTAX = (
    'Write Function(argument, …), [attribute] or "text"; within text, a quote is \\" and a '
    "backslash is \\\\."
)
NO_LOGIC = "There is no AND and no OR: nest IIF, one for each condition."
MODES = (
    "its arguments fit none of its five modes: oldValue and replacementValue; oldValue and "
    "template; regexPattern and replacementValue; regexPattern, regexGroupName and "
    "replacementValue; regexPattern, regexGroupName and replacementAttributeName."
)
REPLACE = (
    "Write Replace(source, [oldValue], [regexPattern], [regexGroupName], [replacementValue], "
    "[replacementAttributeName], [template])."
)
STYLES = (
    "Leave it blank, or write some of AdjustToUniversal, AllowInnerWhite, AllowLeadingWhite, "
    "AllowTrailingWhite, AllowWhiteSpaces, AssumeLocal, AssumeUniversal, NoCurrentDateDefault, "
    "None, RoundtripKind."
)


def problems(text: str) -> list[tuple[str, str]]:
    with pytest.raises(InvalidExpression) as caught:
        compile_expression(text, "active")
    assert {each.field for each in caught.value.problems} == {"active"}
    return [(each.message, each.remedy) for each in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ("Not(true)", "unknown word 'true' at character 5.", f"Did you mean True? {WORDS}"),
        ("Not(xyzzy)", "unknown word 'xyzzy' at character 5.", WORDS),
        (
            "tolower([a])",
            "unknown function 'tolower' at character 1.",
            f"Did you mean ToLower? {NAMES}",
        ),
        ("Xyzzy([a])", "unknown function 'Xyzzy' at character 1.", NAMES),
        (
            "Not()",
            "Not at character 1 takes 1 argument; it has 0.",
            "Write Not(source); an argument may be left blank between commas.",
        ),
        (
            "Now([a])",
            "Now at character 1 takes no arguments; it has 1, the last at character 5.",
            "Write Now(); an argument may be left blank between commas.",
        ),
        (
            "ToLower([a], , )",
            "ToLower at character 1 takes 1 to 2 arguments; it has 3, the last at character 15.",
            "Write ToLower(source, [culture]); an argument may be left blank between commas.",
        ),
        (
            'Join(",")',
            "Join at character 1 takes 2 or more arguments; it has 1, the last at character 6.",
            "Write Join(separator, source1, …); an argument may be left blank between commas.",
        ),
        (
            'Switch([a], "d", "k", "v", "k")',
            ("Switch at character 1 takes 4 or more arguments, an even number; it has 5, the last "
            "at character 28."),
            ("Write Switch(source, defaultValue, key1, value1, …); an argument may be left blank "
            "between commas."),
        ),
        (
            'Append([a]="x", "y")',
            "argument 1 (source) of Append at character 8: a comparison cannot stand here.",
            "Compare in IIF or CBool.",
        ),
        (
            "Left([a], )",
            "argument 2 (numChars) of Left at character 10: it is blank.",
            "Give it a value.",
        ),
        (
            "Not(vbTextCompare)",
            "argument 1 (source) of Not at character 5: vbTextCompare cannot stand here.",
            "It is the compareType of InStr.",
        ),
        (
            "SingleAppRoleAssignment(True)",
            ("argument 1 ([appRoleAssignments]) of SingleAppRoleAssignment at character 25: it is "
            "no attribute."),
            "Write [appRoleAssignments].",
        ),
        (
            'Left([a], "x")',
            "argument 2 (numChars) of Left at character 11: 'x' is no whole number.",
            "Give a whole number.",
        ),
        (
            "Mid([a], 0, 3)",
            "Mid at character 1: its start is 0; positions count from 1.",
            "Write Mid(source, start, length).",
        ),
        (
            "Mid([a], 1, -3)",
            "Mid at character 1: its length is -3.",
            "Write Mid(source, start, length).",
        ),
        (
            "Item([a], 0)",
            "Item at character 1: its index is 0; items count from 1.",
            "Write Item(attribute, index).",
        ),
        (
            'Replace([a], "x", "y", , "z")',
            f"Replace at character 1: {MODES}",
            REPLACE,
        ),
        (
            'Replace([a], , "(?<n>x)", "m", "x")',
            "Replace at character 1: its regexPattern has no group 'm'.",
            REPLACE,
        ),
        (
            "RandomString(257, 0, 0, 0, 0)",
            "RandomString at character 1: its argument 1, 257, is no length from 1 to 256.",
            ("Write RandomString(length, minimumNumbers, minimumSpecialCharacters, minimumCapital, "
            "minimumLowerCase, [charactersToAvoid])."),
        ),
        (
            'DateAdd("q", 1, [a])',
            "argument 1 (interval) of DateAdd at character 9: 'q' is no interval.",
            f"Write one of {', '.join(INTERVALS)}.",
        ),
        (
            'CDate("nonsense")',
            ("argument 1 (expression) of CDate at character 7: 'nonsense' is no date that can be "
            "read."),
            "Give a date such as 2020-03-16T07:00:00Z, or read it with FormatDateTime first.",
        ),
        (
            'FormatDateTime([a], "Fast", , "d")',
            ("argument 2 (dateTimeStyles) of FormatDateTime at character 21: 'Fast' names no style "
            "of reading dates."),
            STYLES,
        ),
        (
            'FormatDateTime([a], , , "qq")',
            ("argument 4 (outputFormat) of FormatDateTime at character 25: 'qq' is no format of a "
            "date: 'q' is no part of a date; write it as text at character 1 of the format."),
            "Write one of .NET's, such as yyyy-MM-dd; letters that are text go into quotes.",
        ),
        (
            'InStr([a], "x", , "fast")',
            "argument 4 (compareType) of InStr at character 19: 'fast' is no way to compare.",
            "Write vbTextCompare or vbBinaryCompare.",
        ),
        (
            'IIF("maybe", 1, 2)',
            ("argument 1 (condition) of IIF at character 5: 'maybe' is neither True nor False nor "
            "a number."),
            'Write a comparison, as in [a]="x", or IsPresent([a]).',
        ),
        ("", "the expression ends too early, at character 1.", SYNTAX),
        ("Not([a]", "the expression ends too early, at character 8, in argument 1 of Not.", SYNTAX),
        (
            'IIF([a]="x" AND [b]="y", 1, 2)',
            "unexpected 'AND [b]=\"y\", 1, 2)' at character 13, in argument 1 of IIF.",
            NO_LOGIC,
        ),
        ("[a] or [b]", "unexpected 'or [b]' at character 5.", NO_LOGIC),
        ("[a] & [b]", "unexpected '& [b]' at character 5.", NO_LOGIC),
        ("[a] orange", "unexpected 'orange' at character 5.", SYNTAX),
        ("Join(Not([a]), [b] [c])", "unexpected '[c])' at character 20, in argument 2 of Join.",
         SYNTAX),
        ("Not([a]), x", "unexpected ', x' at character 9.", SYNTAX),
    ],
)  # fmt: skip
def test_one_thing_is_said(text: str, message: str, remedy: str) -> None:
    assert problems(text) == [(message, remedy)]


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ('IIF(no="x", 1, 2)', ["unknown word 'no' at character 5."]),
        ('IIF("x"=no, 1, 2)', ["unknown word 'no' at character 9."]),
        (
            "IIF(no<>yes, 1, 2)",
            ["unknown word 'no' at character 5.", "unknown word 'yes' at character 9."],
        ),
        # What is wrong with one argument leaves the others to be looked at, but not all together.
        (
            'Mid([a], "x", )',
            [
                "argument 2 (start) of Mid at character 10: 'x' is no whole number.",
                "argument 3 (length) of Mid at character 14: it is blank.",
            ],
        ),
        (
            'Item("a"="b", 0)',
            ["argument 1 (attribute) of Item at character 6: a comparison cannot stand here."],
        ),
        (
            "Left([a], vbX)",
            [
                "argument 2 (numChars) of Left at character 11: 'vbX' is no whole number.",
                "unknown word 'vbX' at character 11.",
            ],
        ),
        # A function within is looked at as well.
        (
            "Left(Not(), Len())",
            [
                "Not at character 6 takes 1 argument; it has 0.",
                "Len at character 13 takes 1 argument; it has 0.",
            ],
        ),
    ],
)
def test_everything_is_said(text: str, messages: list[str]) -> None:
    assert [message for message, _ in problems(text)] == messages


def test_no_more_than_twenty_problems_are_said() -> None:
    assert len(problems(f"Join({', '.join('word' for _ in range(21))})")) == 20


@pytest.mark.parametrize(
    "text",
    [
        'InStr([a], "x", 1, vbTextCompare)',
        'InStr([a], "x", , vbBinaryCompare)',
        "IIF(True, False, 1)",
        "SingleAppRoleAssignment([appRoleAssignments])",
    ],
)
def test_a_word_in_its_place_is_fine(text: str) -> None:
    compile_expression(text, "active")


def test_the_error_has_all_of_it() -> None:
    error = InvalidExpression((Problem("a", "first.", "Mend it."), Problem("b", "second.", "Go.")))
    assert str(error) == "a: first.; b: second."
    assert error.remedy == "Mend it.; Go."
    assert error.code == "InvalidExpression"


@pytest.mark.parametrize(
    ("name", "offered"),
    [("ABCX", "Did you mean abc? "), ("abc", "Did you mean abc? "), ("qrs", ""), ("xyc", "")],
)
def test_the_nearest_name_is_offered(name: str, offered: str) -> None:
    assert nearest(name, ("abc", "klmn")) == offered
