"""Where what a function takes begins and ends: readers, comparisons, and the largest of each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from provisioning.expressions import (
    IGNORED,
    ComplexValue,
    EvaluationError,
    Operand,
    Surroundings,
    compile_expression,
)
from provisioning.expressions.functions.function import Function, Parameter
from provisioning.expressions.operands import MAX_RESULT, is_null, operand_of, single, texts_of

AROUND = Surroundings(datetime(2021, 8, 25, 17, 41, 18, tzinfo=UTC), b"job/object", "contoso.com")
ROLE = ComplexValue("admin", "Administrator", "t")


def evaluate(text: str, around: Surroundings = AROUND, **row: Any) -> Operand:
    return compile_expression(text, "source").evaluate(row, around)


def refused(text: str, around: Surroundings = AROUND, **row: Any) -> EvaluationError:
    with pytest.raises(EvaluationError) as caught:
        evaluate(text, around, **row)
    return caught.value


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        ("True", True), ("TRUE", True), (" true ", True), ("\ttrue", True),
        ("False", False), ("FALSE", False), (" false ", False), (" ", False), ("", False),
        ("0", False), ("-0.00", False), ("1", True), (" 7 ", True), ("-1", True), ("+0.5", True),
        ("0" * 40, False), ("0" * 39 + "1", True), (None, False), ([], False), (["True"], True),
        (["True", "True"], False),
    ],
)  # fmt: skip
def test_what_holds(value: Any, holds: bool) -> None:
    assert evaluate("CBool([a])", a=value) == str(holds)
    assert evaluate("IIF([a], 1, 2)", a=value) == ("1" if holds else "2")


@pytest.mark.parametrize("value", ["X", "truex", "1x", "x1", "1.", ".5", "1e3", "0" * 41, "1 2"])
def test_what_neither_holds_nor_does_not(value: str) -> None:
    error = refused("CBool([a])", a=value)
    assert error.value == value
    assert error.argument == 1


@pytest.mark.parametrize(
    ("left", "right", "operators"),
    [
        # As numbers only if both are, as dates only if both are.
        ("10", "9", {"<>", ">", ">="}),
        ("9", "10", {"<>", "<", "<="}),
        ("10", "10.0", {"<>", "<=", ">="}),
        (" 10 ", "9", {"<>", ">", ">="}),
        ("10", "9a", {"<>", "<", "<="}),
        ("9a", "10", {"<>", ">", ">="}),
        ("10/1/2020 12:00:00 AM", "9/1/2020 12:00:00 AM", {"<>", ">", ">="}),
        ("9/1/2020 12:00:00 AM", "10/1/2020 12:00:00 AM", {"<>", "<", "<="}),
        ("9/1/2020 12:00:00 AM", "9/1/2020 12:00:00 AM", {"=", "<=", ">="}),
        ("10/1/2020 12:00:00 AM", "9/1/2020", {"<>", "<", "<="}),
        ("9/1/2020", "10/1/2020 12:00:00 AM", {"<>", ">", ">="}),
        ("a", "b", {"<>", "<", "<="}),
        ("b", "a", {"<>", ">", ">="}),
        ("a", "a", {"=", "<=", ">="}),
        ("a", "A", {"<>", ">", ">="}),
        # No value is neither more nor less than anything.
        (None, "a", {"<>"}),
        ("a", None, {"<>"}),
        ("", "a", {"<>"}),
        ("a", "", {"<>"}),
        ("", None, {"="}),
        ([], "", {"="}),
        (["a", "b"], ["a", "b"], {"="}),
        (["a", "b"], ["b", "a"], {"<>"}),
        (["a", "b"], "a", {"<>"}),
    ],
)
def test_what_is_compared(left: Any, right: Any, operators: set[str]) -> None:
    found = {
        operator
        for operator in ("=", "<>", "<", "<=", ">", ">=")
        if evaluate(f"CBool([a]{operator}[b])", a=left, b=right) == "True"
    }
    assert found == operators


@pytest.mark.parametrize(
    ("value", "given"),
    [
        ("7", "7"), (" 7 ", "7"), ("+7", "7"), ("-7.0", "-7"), (7, "7"), ("", None), ([], None),
        (["7"], "7"), (["7", "8"], None), (None, None),
        (2**63 - 1, str(2**63 - 1)), (1 - 2**63, str(1 - 2**63)),
        ("0" * 30 + "7", "7"),
    ],
)  # fmt: skip
def test_a_whole_number_is_read(value: Any, given: str | None) -> None:
    assert evaluate("BitAnd([a], [a])", a=value) == given


@pytest.mark.parametrize("value", ["7.5", "x", " . ", 2**63, -(2**63), "0" * 41, True, "&HF"])
def test_what_is_no_whole_number_is_refused(value: Any) -> None:
    error = refused("BitAnd(1, [a])", a=value)
    assert (error.function, error.position, error.argument) == ("BitAnd", 1, 2)
    assert error.value == str(value).strip()
    assert error.message.endswith("is no whole number.")
    assert error.remedy == "Give a whole number."


@pytest.mark.parametrize(
    ("text", "row", "message", "remedy"),
    [
        (
            'ToLower("x", [a])', {"a": "?"},
            "ToLower at character 1, argument 2: '?' is no name of a culture.",
            "Write one such as en-US.",
        ),
        (
            'InStr("x", "x", 1, [a])', {"a": "2"},
            "InStr at character 1, argument 4: '2' is no way to compare.",
            "Write vbTextCompare or vbBinaryCompare.",
        ),
        (
            "DateAdd([a], 1, Now())", {"a": "y"},
            "DateAdd at character 1, argument 1: 'y' is no interval.",
            "Write one of yyyy, m, d, ww, h, n, s.",
        ),
        (
            'DateAdd("yyyy", [a], Now())', {"a": 7979},
            "DateAdd at character 1, argument 2: '7979' leads out of the years 1 to 9999.",
            "Give a smaller number.",
        ),
        (
            "DateFromNum([a])", {"a": 2**62},
            f"DateFromNum at character 1, argument 1: '{2**62}' leads out of the years 1 to 9999.",
            "Give a smaller number.",
        ),
        (
            'FormatDateTime([a], , "yyyy", "MM")', {"a": "x"},
            "FormatDateTime at character 1, argument 1: 'x' is no date of the input format.",
            "Correct the input format, or leave it blank for the usual forms of dates.",
        ),
        (
            "Item([a], [n])", {"a": "x", "n": 0},
            "Item at character 1, argument 2: '0' is no index.", "Count from 1.",
        ),
        (
            "Mid([a], [n], 1)", {"a": "x", "n": 0},
            "Mid at character 1, argument 2: '0' is no position.", "Count from 1.",
        ),
        (
            "Mid([a], 1, [n])", {"a": "x", "n": -1},
            "Mid at character 1, argument 3: '-1' is no length.", "Give 0 or more.",
        ),
        (
            'InStr([a], "x", [n])', {"a": "x", "n": 0},
            "InStr at character 1, argument 3: '0' is no position.", "Count from 1.",
        ),
        (
            'Replace([a], [o], , , "x")', {"a": "x", "o": ""},
            "Replace at character 1, argument 2: is empty, and is everywhere.",
            "Give the text to replace.",
        ),
        (
            'Replace([a], , "(?<n>x)", [g], "y")', {"a": "x", "g": "m"},
            "Replace at character 1, argument 4: 'm' is no group of the pattern.",
            "Name one that the pattern has, as in (?<name>…).",
        ),
        (
            'Replace([a], , "(?<n>x)", [g], "y")', {"a": "x"},
            "Replace at character 1, argument 4: is no group of the pattern.",
            "Name one that the pattern has, as in (?<name>…).",
        ),
        (
            'Replace([a], , "(?<n>x)", [g], , [b])', {"b": "x", "g": "m"},
            "Replace at character 1, argument 4: 'm' is no group of the pattern.",
            "Name one that the pattern has, as in (?<name>…).",
        ),
        (
            "RandomString([n], 1, 1, 1, 1)", {"n": 3},
            "RandomString at character 1, argument 1: '3' is less than the least numbers together.",
            "Correct the numbers.",
        ),
        (
            "RandomString([n], 0, 0, 0, 0)", {"n": 0},
            "RandomString at character 1, argument 1: '0' is no length from 1 to 256.",
            "Correct the numbers.",
        ),
        (
            "RandomString([n], 0, 0, 0, 0)", {},
            "RandomString at character 1, argument 1: '0' is no length from 1 to 256.",
            "Correct the numbers.",
        ),
        (
            "RandomString(9, 0, 0, [n], 0)", {"n": -2},
            "RandomString at character 1, argument 4: '-2' is negative.",
            "Correct the numbers.",
        ),
        (
            'ToLower(Append([a], "x"))', {"a": "a" * MAX_RESULT},
            "Append at character 9: would give more than 65536 characters.",
            "Join, append or replace less.",
        ),
        (
            'IIF(Append([a], "x"), 1, 2)', {"a": "a"},
            "IIF at character 1, argument 1: 'ax' is neither True nor False nor a number.",
            'Write a comparison, as in [a]="x", or IsPresent([a]).',
        ),
        (
            'ToLower("x", Word([a], 1, " "))', {"a": "? !"},
            "ToLower at character 1, argument 2: '?' is no name of a culture.",
            "Write one such as en-US.",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_in_full(
    text: str, row: dict[str, Any], message: str, remedy: str
) -> None:
    error = refused(text, **row)
    assert (error.message, error.remedy) == (message, remedy)
    assert str(error) == message
    assert error.redacted().message == message.replace(f"{error.value!r} ", "'[Redact]' ")
    assert (error.redacted().remedy, error.redacted().argument) == (remedy, error.argument)
    assert (error.redacted().function, error.redacted().position) == (
        error.function,
        error.position,
    )
    assert error.redacted().reason == error.reason
    assert error.redacted().value == (None if error.value is None else "[Redact]")


@pytest.mark.parametrize(
    ("text", "row", "length"),
    [
        ('Append([a], "x")', {"a": "a" * (MAX_RESULT - 1)}, MAX_RESULT),
        ('Join("-", [a], "x")', {"a": "a" * (MAX_RESULT - 2)}, MAX_RESULT),
        ('Join([a], "", "", "x")', {"a": "a" * MAX_RESULT}, 1),
        ('Replace([a], "b", , , "cc")', {"a": "a" * (MAX_RESULT - 2) + "b"}, MAX_RESULT),
        ('Replace([a], "bb", , , "c")', {"a": "a" * (MAX_RESULT - 1) + "bb"}, MAX_RESULT),
        ('Replace([a], , "b", , [v])', {"a": "b", "v": "a" * MAX_RESULT}, MAX_RESULT),
        ("ConvertToUTF8Hex([a])", {"a": "a" * (MAX_RESULT // 2)}, MAX_RESULT),
        ("ConvertToBase64([a])", {"a": "a" * (MAX_RESULT // 8 * 3)}, MAX_RESULT),
        ("NormalizeDiacritics([a])", {"a": "\u00e6" * (MAX_RESULT // 2)}, MAX_RESULT),
    ],
)
def test_the_longest_that_a_function_gives(text: str, row: dict[str, Any], length: int) -> None:
    value = evaluate(text, **row)
    assert isinstance(value, str)
    assert len(value) == length


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ('Append([a], "x")', {"a": "a" * MAX_RESULT}),
        ('Join("-", [a], "x")', {"a": "a" * (MAX_RESULT - 1)}),
        ('Replace([a], "b", , , "cc")', {"a": "a" * (MAX_RESULT - 1) + "b"}),
        ('Replace([a], "bb", , , "c")', {"a": "a" * MAX_RESULT + "bb"}),
        ("ConvertToUTF8Hex([a])", {"a": "a" * (MAX_RESULT // 2 + 1)}),
        ("ConvertToBase64([a])", {"a": "a" * (MAX_RESULT // 8 * 3 + 1)}),
        ("NormalizeDiacritics([a])", {"a": "\u00e6" * (MAX_RESULT // 2 + 1)}),
    ],
)
def test_longer_is_refused(text: str, row: dict[str, Any]) -> None:
    error = refused(text, **row)
    assert error.reason == f"would give more than {MAX_RESULT} characters."
    assert error.remedy == "Join, append or replace less."


@pytest.mark.parametrize(
    ("value", "operand"),
    [
        (None, None), ("x", "x"), ("", ""), (True, "True"), (False, "False"), (7, "7"), (-7, "-7"),
        (1.5, "1.5"), (10**400 - 1, "9" * 400), (10**400, None), (-(10**400), None),
        ({"a": 1}, None), (b"x", None), ([], ()), (["x", None, 1, True, {}], ("x", "1", "True")),
        (("x", 2.5), ("x", "2.5")),
    ],
)  # fmt: skip
def test_an_operand_is_made_of_any_value(value: Any, operand: Operand) -> None:
    assert operand_of(value) == operand


@pytest.mark.parametrize(
    ("operand", "one", "texts", "null"),
    [
        ("x", "x", ("x",), False),
        ("", "", ("",), False),
        (("x",), "x", ("x",), False),
        (("x", "y"), None, ("x", "y"), False),
        ((), None, (), True),
        ((ROLE,), None, (), False),
        (None, None, (), True),
        (IGNORED, None, (), True),
    ],
)
def test_an_operand_is_one_text_several_or_none(
    operand: Operand,
    one: str | None,
    texts: tuple[str, ...],
    null: bool,
) -> None:
    assert (single(operand), texts_of(operand), is_null(operand)) == (one, texts, null)


def test_ignored_is_shown_by_its_name() -> None:
    assert repr(IGNORED) == "IGNORED"


def test_a_time_in_another_zone_is_the_same_time() -> None:
    zone = timezone(timedelta(hours=2))
    there = Surroundings(datetime(2021, 8, 25, 17, 41, 18, tzinfo=zone))
    assert evaluate("Now()", there) == "8/25/2021 3:41:18 PM"
    assert evaluate("Now()", Surroundings(datetime(2021, 8, 25, 17, 41, 18))) == (  # noqa: DTZ001
        "8/25/2021 5:41:18 PM"
    )


ONE, TWO, MAYBE = Parameter("one"), Parameter("two"), Parameter("maybe", optional=True)


@pytest.mark.parametrize(
    ("parameters", "repeated", "accepted", "arity", "signature"),
    [
        ((), 0, {0}, "no arguments", "F()"),
        ((ONE,), 0, {1}, "1 argument", "F(one)"),
        ((ONE, TWO), 0, {2}, "2 arguments", "F(one, two)"),
        ((ONE, MAYBE), 0, {1, 2}, "1 to 2 arguments", "F(one, [maybe])"),
        ((ONE, TWO), 1, {2, 3, 4, 5}, "2 or more arguments", "F(one, two, …)"),
        ((ONE, TWO), 2, {2, 4}, "2 or more arguments, an even number", "F(one, two, …)"),
    ],
)
def test_a_function_takes_so_many(
    parameters: tuple[Parameter, ...],
    repeated: int,
    accepted: set[int],
    arity: str,
    signature: str,
) -> None:
    function = Function("F", parameters, "gives.", repeated=repeated)
    assert {count for count in range(6) if function.accepts(count)} == accepted
    assert (function.arity, function.signature) == (arity, signature)
    assert function.minimum == min(accepted)
    assert function.maximum == (None if repeated else max(accepted))


def test_the_last_parameters_come_again() -> None:
    three = (Parameter("a"), Parameter("b"), Parameter("c"))
    twice = Function("F", three, "gives.", repeated=2)
    assert [twice.parameter(at).name for at in range(7)] == ["a", "b", "c", "b", "c", "b", "c"]
    once = Function("F", three, "gives.", repeated=1)
    assert [once.parameter(at).name for at in range(5)] == ["a", "b", "c", "c", "c"]
    none = Function("F", three, "gives.")
    with pytest.raises(IndexError):
        none.parameter(3)
