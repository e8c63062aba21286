"""What an evaluation refuses, what it hides, and that it does nothing else with any value."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.expressions import (
    FUNCTIONS,
    IGNORED,
    EvaluationError,
    InvalidExpression,
    Surroundings,
    compile_expression,
)
from provisioning.expressions.functions import Parameter
from provisioning.expressions.operands import MAX_RESULT
from tests.thoroughness import examples

AROUND = Surroundings(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), b"seed", "contoso.com")


@pytest.mark.parametrize(
    ("text", "row", "words"),
    [
        (
            "CDate([a])",
            {"a": "nonsense"},
            "CDate at character 1, argument 1: 'nonsense' is no date",
        ),
        ("CDate([a])", {"a": "2023-02-29"}, "'2023-02-29' is no date"),
        ("CDate([a])", {"a": "0001-01-01+08:00"}, "is no date"),
        (
            "ToLower(BitAnd([a], 1))",
            {"a": "x"},
            "BitAnd at character 9, argument 1: 'x' is no whole",
        ),
        ("BitAnd(1, [a])", {"a": "9" * 30}, "argument 2"),
        (
            "Item([a], [n])",
            {"a": ["x"], "n": 0},
            "Item at character 1, argument 2: '0' is no index",
        ),
        ("Mid([a], [n], 1)", {"a": "x", "n": -1}, "argument 2: '-1' is no position"),
        ("Mid([a], 1, [n])", {"a": "x", "n": -1}, "argument 3: '-1' is no length"),
        ('InStr([a], "x", [n])', {"a": "x", "n": 0}, "argument 3: '0' is no position"),
        ("IIF([a], 1, 2)", {"a": "Sales"}, "IIF at character 1, argument 1: 'Sales' is neither"),
        ("CBool([a])", {"a": "Sales"}, "CBool at character 1, argument 1: 'Sales' is neither"),
        ('DateAdd("yyyy", [n], Now())', {"n": 9000}, "argument 2: '9000' leads out of the years"),
        ('DateAdd("d", [n], Now())', {"n": 10**15}, "leads out of the years"),
        ("DateFromNum([n])", {"n": 2**62}, "leads out of the years"),
        ("DateAdd([i], 1, Now())", {"i": "q"}, "argument 1: 'q' is no interval"),
        (
            'FormatDateTime([a], , "yyyy", "MM")',
            {"a": "x"},
            "argument 1: 'x' is no date of the input",
        ),
        ('FormatDateTime([a], , [f], "MM")', {"a": "x", "f": "%"}, "argument 3: '%' is no format"),
        ('ToLower("x", [c])', {"c": "?"}, "argument 2: '\\?' is no name of a culture"),
        ('Replace([a], , [p], , "x")', {"a": "x", "p": "("}, "argument 3: '\\(' is no regular"),
        ('Replace([a], [o], , , "x")', {"a": "x", "o": ""}, "argument 2: is empty"),
        (
            'Replace([a], , "(?<n>x)", [g], "y")',
            {"a": "x", "g": "m"},
            "argument 4: 'm' is no group",
        ),
        ('Replace([a], , "(?=(a+)+b)a", , "x")', {"a": "a" * 5000}, "argument 3: .*within 50 ms"),
        ('Replace([a], , "a", , "x")', {"a": "a" * 10_001}, "argument 3: .*10001 characters"),
        ("RandomString([n], 0, 0, 0, 0)", {"n": 500}, "argument 1: '500' is no length"),
        (
            'Append([a], "x")',
            {"a": "a" * MAX_RESULT},
            "Append at character 1: would give more than",
        ),
        ("Join([a], [b], [b])", {"a": "a" * MAX_RESULT, "b": "b"}, "would give more than"),
        ('Replace([a], "a", , , [b])', {"a": "a" * 999, "b": "b" * 999}, "would give more than"),
        ("ConvertToUTF8Hex([a])", {"a": "a" * 40_000}, "would give more than"),
    ],
)
def test_what_a_function_cannot_use_is_named(text: str, row: dict[str, Any], words: str) -> None:
    with pytest.raises(EvaluationError, match=words) as caught:
        compile_expression(text, "source").evaluate(row, AROUND)
    assert caught.value.remedy
    assert len(caught.value.message) < 400


def test_only_the_chosen_value_is_evaluated() -> None:
    expression = compile_expression('Switch([k], Item([a], [k]), "0", "none")', "source")
    assert expression.evaluate({"k": 0, "a": ["x"]}) == "none"
    assert expression.evaluate({"k": 1, "a": ["x"]}) == "x"


def test_redact_is_known_and_hides_the_value_of_an_error() -> None:
    assert not compile_expression("ToLower([a])", "source").redacted
    expression = compile_expression("CDate(Redact([a]))", "source")
    assert expression.redacted
    with pytest.raises(EvaluationError, match=r"argument 1: '\[Redact\]' is no date") as caught:
        expression.evaluate({"a": "secret"})
    assert "secret" not in f"{caught.value} {caught.value.value} {caught.value.remedy}"
    assert compile_expression('IIF(Redact([a])="x", 1, 2)', "source").redacted


def test_nested_replaces_cannot_eat_memory() -> None:
    text = "[a]"
    for _ in range(20):
        text = f'Replace({text}, "a", , , "aaaaaaaaaa")'
    began = time.process_time()
    with pytest.raises(EvaluationError, match="would give more than"):
        compile_expression(text, "source").evaluate({"a": "a"})
    assert time.process_time() - began < 1


SEEDS = (
    *("", "a", "True", "1", "-3", "2.50", "2020-03-16-07:00", "3/16/2020 7:00:00 AM", "yyyy-MM-dd"),
    *("(?<n>a+)b*", "(a", "n", "$1${n}", "d", "ww", "vbTextCompare", "tr-TR", "AllowInnerWhite"),
    *("\ud800", "\U0001f600x", "\u0130\u00df\u0101\u0301", "a, b,,c", "x" * 300, "9" * 25, "NaN1"),
)
TEXTS = st.sampled_from(SEEDS) | st.text(max_size=8)
PARTS = st.dictionaries(st.sampled_from(["value", "displayName"]), st.none() | TEXTS, max_size=2)
NUMBERS = st.integers() | st.floats()
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, st.binary(max_size=2), PARTS)
VALUES = SCALARS | st.lists(SCALARS | st.lists(SCALARS, max_size=2), max_size=4)
ROWS = st.fixed_dictionaries({}, optional=dict.fromkeys("abc", VALUES))


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


LEAVES = st.one_of(
    st.sampled_from(
        ["[a]", "[b]", "[c]", "1", "-2", "&HF", "True", "vbTextCompare", "vbBinaryCompare"]
    ),
    st.sampled_from(
        [quoted(t) for t in ("yyyy", "m", "d", "h", "MM/dd", "(?<n>a)|b", "n", " ", "x")]
    ),
    TEXTS.map(quoted),
)


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> str:
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(LEAVES)
    function = FUNCTIONS[draw(st.sampled_from(sorted(FUNCTIONS)))]
    counts = [count for count in range(9) if function.accepts(count)]
    count = draw(st.sampled_from(counts))
    arguments = [draw(argument(function.parameter(i), depth - 1)) for i in range(count)]
    return f"{function.name}({', '.join(arguments)})"


def argument(parameter: Parameter, depth: int) -> st.SearchStrategy[str]:
    if parameter.raw:
        return st.sampled_from(["[a]", "[b]"])
    kinds = [expressions(depth=depth)]
    if parameter.condition:
        operator = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
        kinds.append(
            st.tuples(expressions(depth=depth), operator, expressions(depth=depth)).map("".join)
        )
    if parameter.blank:
        kinds.append(st.just(""))
    return st.one_of(kinds)


@settings(max_examples=examples(150, 400), suppress_health_check=list(HealthCheck), deadline=None)
@given(expressions(), st.lists(ROWS, min_size=1, max_size=4))
def test_any_expression_gives_a_value_or_an_evaluation_error(
    text: str, rows: list[dict[str, Any]]
) -> None:
    try:
        expression = compile_expression(text, "source")
    except InvalidExpression:
        return
    for row in rows:
        for around in (AROUND, Surroundings()):
            began = time.process_time()
            try:
                value = expression.evaluate(row, around)
            except EvaluationError as error:
                value = error.message
            assert value is None or value is IGNORED or isinstance(value, str | tuple)
            assert time.process_time() - began < 2


@settings(max_examples=examples(120, 300), deadline=None)
@given(st.sampled_from(sorted(FUNCTIONS)), st.data())
def test_every_function_takes_any_values(name: str, data: st.DataObject) -> None:
    """Attributes only, so that every function is compiled and evaluated each time."""
    function = FUNCTIONS[name]
    count = data.draw(st.sampled_from([c for c in range(9) if function.accepts(c)]))
    names = [f"[v{index}]" for index in range(count)]
    if name == "Replace":
        names = data.draw(
            st.sampled_from(
                [
                    ["[v0]", "[v1]", "", "", "[v4]"],
                    ["[v0]", "[v1]", "", "", "", "", "[v6]"],
                    ["[v0]", "", "[v2]", "", "[v4]"],
                    ["[v0]", "", "[v2]", "[v3]", "[v4]"],
                    ["[v0]", "", "[v2]", "[v3]", "", "[v5]"],
                ]
            )
        )
    if function.refused:
        return
    expression = compile_expression(f"{name}({', '.join(names)})", "source")
    row = {f"v{index}": data.draw(VALUES) for index in range(9)}
    try:
        value = expression.evaluate(row, AROUND)
    except EvaluationError as error:
        value = error.message
    assert value is None or value is IGNORED or isinstance(value, str | tuple)
