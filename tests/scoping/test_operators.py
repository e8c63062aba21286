"""Every operator, on every kind of value."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from provisioning.scoping import OPERATORS

from .forms import passes, problems_of

ENTRA = {
    *("EQUALS", "NOT EQUALS", "INCLUDES", "ENDS_WITH", "REGEX MATCH", "NOT REGEX MATCH"),
    *("GREATER_THAN", "GREATER_THAN_OR_EQUALS", "IS NULL", "IS NOT NULL", "IS TRUE", "IS FALSE"),
    *("&", "!&"),
}
DATE = "2025-12-02T08:30:00Z"

TABLE: dict[str, tuple[tuple[str, ...], list[Any], list[Any]]] = {
    # operator: its constant, values that satisfy it, values that do not
    "EQUALS": (("Sales",), ["Sales", ["Sales"]], ["sales", "Sales ", "Marketing", 5, True]),
    "NOT EQUALS": (("Sales",), ["sales", "Sales ", 5, False, ["a", "b"]], ["Sales", ["Sales"]]),
    "INCLUDES": (("ale",), ["Sales", "ale", ["Sales", "pale"]], ["SALES", "al", 5, True]),
    "ENDS_WITH": (("les",), ["Sales", "les"], ["SALES", "Sales ", 5, True]),
    "STARTS_WITH": (("Sal",), ["Sales", "Sal"], ["sales", " Sales", 5, True]),
    "REGEX MATCH": ((r"^1\d+",), ["12", "12a", 12], ["2", "a12", "1", True]),
    "NOT REGEX MATCH": ((r"^1\d+",), ["2", "a12", True, 5], ["12", 12, "12a"]),
    "GREATER_THAN": (("9",), [10, "10", "0010"], [9, "9", "9.5", 10.5, "ten", " 10", True, "-10"]),
    "GREATER_THAN_OR_EQUALS": (("9",), [9, "9", "10"], [8, "8", "ten", 9.0, True]),
    "LESS_THAN": (("9",), [8, "8", "-10"], [9, "9", "8.5", "ten", False]),
    "LESS_THAN_OR_EQUALS": (("9",), [9, "9", -1], [10, "ten", 9.0, False]),
    "IS NULL": ((), [], ["x", " ", 0, False, ["x"]]),
    "IS NOT NULL": ((), ["x", " ", 0, False, ["x"]], []),
    "IS TRUE": ((), [True, [True]], [False, "True", "true", 1, "x"]),
    "IS FALSE": ((), [False], [True, "False", 0, "x"]),
    "&": (("Sales,Legal",), ["Sales", "Legal", "a"], ["sales", "Sales,Legal,", 5, True]),
    "!&": (("Sales,Legal",), ["sales", "Sales,Legal,", 5, True], ["Sales", "Legal", "a"]),
    "BEFORE": (
        ("now-30d",),
        ["2025-12-01", "2025-12-01T23:59:59Z", "2025-12-02T00:30:00+01:00"],
        ["2025-12-02", DATE, "yesterday", "20251201", 5, True, "2025-02-30"],
    ),
    "AFTER": (
        ("2025-12-02T08:29:00+00:00",),
        [DATE, "2025-12-03", "2025-12-02T08:30:00.1234567Z"],
        ["2025-12-02", "x", 5, True, "2025-12-99"],
    ),
}

CASES = [
    pytest.param(operator, values, value, wanted, id=f"{operator} {value!r} {wanted}")
    for operator, (values, good, bad) in TABLE.items()
    for wanted, seen in ((True, good), (False, bad))
    for value in seen
]


@pytest.mark.parametrize(("operator", "values", "value", "wanted"), CASES)
def test_an_operator_on_a_value(
    operator: str, values: tuple[str, ...], value: Any, wanted: bool
) -> None:
    assert passes(value, operator, *values) is wanted


@pytest.mark.parametrize("operator", TABLE)
@pytest.mark.parametrize("nothing", [None, "", [], [None], [""], {}, {"a": 1}])
def test_null_makes_every_clause_false_but_is_null(operator: str, nothing: Any) -> None:
    assert passes(nothing, operator, *TABLE[operator][0]) is (operator == "IS NULL")


def test_the_table_has_every_operator_and_what_entra_documents() -> None:
    assert {o.name for o in OPERATORS} == {*TABLE, "MEMBER_OF", "NOT MEMBER_OF"}
    assert {o.name for o in OPERATORS if not o.addition} == ENTRA


def test_the_documentation_has_every_operator() -> None:
    text = Path("docs/configuration.md").read_text(encoding="utf-8")
    for operator in OPERATORS:
        assert re.search(rf"^\| `{re.escape(operator.name)}` \|", text, re.MULTILINE), operator.name


@pytest.mark.parametrize(
    "name", ["NOT EQUALS", "NOT_EQUALS", "NotEquals", "not equals", "NOT-EQUALS", " NOT  EQUALS "]
)
def test_names_are_read_as_exports_spell_them(name: str) -> None:
    assert passes("Legal", name, "Sales")
    assert not passes("Sales", name, "Sales")


@pytest.mark.parametrize("name", ["Greater_Than_OR_EQUALS", "GREATER_THAN_OR_EQUALS"])
def test_the_portal_writes_names_with_small_letters(name: str) -> None:
    assert passes(9, name, "9")


BOTH = ["Sales", "Legal"]


@pytest.mark.parametrize(
    ("operator", "operand", "wanted"),
    [
        ("EQUALS", "Sales", False),
        ("ALL EQUALS", "Sales", False),
        ("ANY EQUALS", "Sales", True),
        ("NOT EQUALS", "Sales", False),
        ("ANY NOT EQUALS", "Sales", True),
        ("NOT EQUALS", "Marketing", True),
        ("ALL STARTS_WITH", "S", False),
        ("any_starts_with", "S", True),
        ("ALL INCLUDES", "al", True),
        ("ALL INCLUDES", "Leg", False),
        ("ALL REGEX MATCH", "[aeiou]", True),
    ],
)
def test_several_values(operator: str, operand: str, wanted: bool) -> None:
    """Without a word, all of them (Graph: filterOperatorSchema)."""
    assert passes(BOTH, operator, operand) is wanted


@pytest.mark.parametrize(
    ("clause", "where", "words"),
    [
        (("x", "PRESENT"), ".operatorName", "'PRESENT' is no operator"),
        (("x", "ANY IS NULL"), ".operatorName", "is no operator"),
        (("x", "ANY MEMBER_OF", "a"), ".operatorName", "is no operator"),
        (("x", "ANY"), ".operatorName", "is no operator"),
        (("x", "EQUALS"), ".targetOperand.values", "needs a value"),
        (("x", "EQUALS", ""), ".targetOperand.values", "needs a value"),
        (("x", "EQUALS", "a", "b"), ".targetOperand.values", "takes one value, and there are 2"),
        (("x", "GREATER_THAN", "9.5"), ".targetOperand.values", "'9.5' is no integer"),
        (("x", "LESS_THAN", "-"), ".targetOperand.values", "'-' is no integer"),
        (("x", "BEFORE", "soon"), ".targetOperand.values", "'soon' is no date"),
        (("x", "BEFORE", "now-30"), ".targetOperand.values", "is no date"),
        (("x", "AFTER", "2025-13-01"), ".targetOperand.values", "is no date"),
        (("x", "REGEX MATCH", "(a"), ".targetOperand.values", "is no regular expression"),
        (("x", "MEMBER_OF", "a"), ".sourceOperandName", "Write memberOf."),
        (("memberOf", "MEMBER_OF"), ".targetOperand.values", "needs a value"),
        (("IsSoftDeleted", "IS TRUE"), ".sourceOperandName", "follows from the filter"),
        (("y", "EQUALS", "a"), ".sourceOperandName", "'y' is not defined"),
    ],
)
def test_what_is_wrong_with_a_clause(clause: tuple[str, ...], where: str, words: str) -> None:
    (found,) = problems_of([clause], known={"x", "IsSoftDeleted"})
    assert found.field == f"$.groups[0].clauses[0]{where}"
    assert words in f"{found.message} {found.remedy}"


def test_all_problems_are_found_together() -> None:
    found = problems_of([("x", "EQUALS"), ("x", "LIKE")], [("y", "GREATER_THAN", "a")], known={"x"})
    assert len(found) == 4


def test_constants_of_operators_that_take_none_are_ignored() -> None:
    assert passes(None, "IS NULL", "")
    assert passes(True, "IS TRUE", "anything")
