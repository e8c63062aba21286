"""What people read of filters, and of what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.errors import Problem
from provisioning.scoping import OPERATORS, Context, NullTally, Outcome
from provisioning.scoping.verdicts import ClauseVerdict, GroupVerdict

from .forms import NOW, filter_of, form, outcome, passes, problems_of

HERE = Context(NOW)


def test_a_filter_as_it_was_written() -> None:
    compiled = filter_of(
        [("a", "not_equals", "x"), ("memberOf", "MEMBER_OF", "b", "", "a")],
        [("b", "is null"), ("b", "any equals", "y"), ("b", "IS NOT NULL")],
    )
    (first, second) = compiled.written
    assert (first.name, second.name) == ("group 0", "group 1")
    assert [clause.text for clause in (*first.clauses, *second.clauses)] == [
        "a NOT EQUALS 'x'",
        "memberOf MEMBER_OF 'a' 'b'",
        "b IS NULL",
        "b ANY EQUALS 'y'",
        "b IS NOT NULL",
    ]
    clauses = (*first.clauses, *second.clauses)
    assert [clause.null_fails for clause in clauses] == [True, False, False, True, False]
    assert [clause.asks_null for clause in clauses] == [False, False, True, False, False]
    assert [clause.at for clause in second.clauses] == [
        f"$.groups[1].clauses[{n}]" for n in range(3)
    ]
    assert (first.clauses[1].attribute, first.clauses[1].operand) == ("memberOf", ("b", "a"))


PROBLEMS = [
    (
        ("x", "EQUALS"),
        "targetOperand.values",
        "EQUALS needs a value.",
        "Write the value to compare with.",
    ),
    (
        ("x", "EQUALS", "a", "b"),
        "targetOperand.values",
        "EQUALS takes one value, and there are 2.",
        "Write a group of clauses for each value.",
    ),
    (("x", "LESS_THAN", "z"), "targetOperand.values", "'z' is no integer.", "Write an integer."),
    (
        ("x", "AFTER", "z"),
        "targetOperand.values",
        "'z' is no date.",
        "Write a date (2026-01-31), a moment (2026-01-31T08:00:00Z) or now-30d.",
    ),
    (
        ("y", "EQUALS", "a"),
        "sourceOperandName",
        "the source attribute 'y' is not defined, or is a reference.",
        "Correct the name (case counts), or define it in $.directories.",
    ),
    (
        ("x", "MEMBER_OF", "a"),
        "sourceOperandName",
        "'x' is not what MEMBER_OF is about.",
        "Write memberOf.",
    ),
    (
        ("IsSoftDeleted", "IS TRUE"),
        "sourceOperandName",
        "IsSoftDeleted follows from the filter, which cannot depend on it.",
        "Remove the clause; who is deleted or disabled is out anyway.",
    ),
    (
        ("x", "LIKE", "a"),
        "operatorName",
        "'LIKE' is no operator.",
        f"Write one of {', '.join(each.name for each in OPERATORS)}.",
    ),
]


@pytest.mark.parametrize(("clause", "field", "message", "remedy"), PROBLEMS)
def test_what_is_wrong_is_apart_from_what_to_do(
    clause: tuple[str, ...], field: str, message: str, remedy: str
) -> None:
    at = f"$.groups[0].clauses[0].{field}"
    assert problems_of([clause], known={"x"}) == [Problem(at, message, remedy)]


def test_a_pattern_says_what_is_wrong_with_it() -> None:
    (problem,) = problems_of([("x", "REGEX MATCH", "(a")])
    assert problem.message.startswith("'(a' is no regular expression: ")
    assert "is no regular expression" not in problem.remedy


def test_a_group_without_clauses_would_let_everybody_pass() -> None:
    (problem,) = problems_of([])
    assert problem == Problem(
        "$.groups[0].clauses",
        "has no clauses, and would let everybody pass.",
        "Add a clause or remove the group.",
    )
    assert problems_of() == []
    assert form() == []


CLAUSE = ClauseVerdict(
    attribute="department",
    operator="EQUALS",
    operand=("Sales",),
    seen="Legal",
    outcome=Outcome.FAILED,
    because_null=False,
    why="",
    at="$",
)


def clause(**changes: Any) -> ClauseVerdict:
    fields = {name: getattr(CLAUSE, name) for name in CLAUSE.__struct_fields__}
    return ClauseVerdict(**{**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "department EQUALS Sales: is 'Legal'"),
        ({"operand": ()}, "department EQUALS: is 'Legal'"),
        ({"operand": ("a", "b")}, "department EQUALS a, b: is 'Legal'"),
        ({"seen": ["a", "b"]}, "department EQUALS Sales: are 'a', 'b'"),
        ({"seen": ("a", 1)}, "department EQUALS Sales: are 'a', 1"),
        *(({"seen": none}, "department EQUALS Sales: has no value") for none in (None, "", [], ())),
        ({"seen": False}, "department EQUALS Sales: is False"),
        (
            {"outcome": Outcome.UNDECIDED, "why": "alas"},
            "department EQUALS Sales: not decided, alas",
        ),
    ],
)
def test_a_clause_in_words(changes: dict[str, Any], sentence: str) -> None:
    assert clause(**changes).sentence == sentence


def test_a_long_value_is_cut() -> None:
    assert len(clause(seen="x" * 500).sentence) < 140
    assert len(clause(seen=["x" * 500]).sentence) < 140
    assert len(clause(operand=("x" * 500,)).sentence) < 140


def test_a_group_in_words() -> None:
    passed = clause(outcome=Outcome.PASSED)
    group = GroupVerdict(name="", outcome=Outcome.PASSED, clauses=(passed, passed))
    assert group.decided_by is None
    assert group.sentence == f"{passed.sentence} and {passed.sentence}"
    failed = GroupVerdict(
        name="one", outcome=Outcome.FAILED, clauses=(passed, CLAUSE, clause(at="2"))
    )
    assert failed.decided_by is CLAUSE
    assert failed.sentence == f"'one': {CLAUSE.sentence}"


def test_the_words_that_are_shown() -> None:
    assert list(Outcome) == ["passed", "failed", "undecided"]


def test_a_filter_that_passes_names_the_group_that_did() -> None:
    compiled = filter_of([("a", "EQUALS", "x")], [("a", "IS NOT NULL")])
    assert compiled.explain({"a": "x"}, HERE).sentence == "'group 0': a EQUALS x: is 'x'"


def test_membership_sees_the_groups_of_the_clause_in_any_case() -> None:
    compiled = filter_of([("memberOf", "MEMBER_OF", "Sales", "Legal")])
    verdict = compiled.explain({}, Context(NOW, frozenset({"sales", "other"})))
    (one,) = verdict.groups[0].clauses
    assert one.seen == ["Sales"]
    out = compiled.explain({}, Context(NOW, frozenset({"other"})))
    (one,) = out.groups[0].clauses
    assert (one.seen, one.because_null) == ([], False)
    unknown = compiled.explain({}, Context(NOW, frozenset(), frozenset({"sales", "legal"})))
    assert "the members of 'Legal', 'Sales' are not known" in unknown.sentence


def test_only_what_kept_somebody_out_is_counted() -> None:
    compiled = filter_of([("a", "EQUALS", "x")], [("b", "EQUALS", "x")])
    tally = NullTally()
    tally.add(compiled.explain({"a": None, "b": "x"}, HERE))
    tally.add(compiled.explain({"a": None}, HERE))
    assert tally.above(0) == ()
    for _ in range(2):
        tally.add(compiled.explain({"a": "y", "b": None}, HERE))
    tally.add(compiled.explain({"a": None, "b": "y"}, HERE))
    assert [(each.attribute, each.principals) for each in tally.above(0)] == [("b", 2), ("a", 1)]
    assert [each.attribute for each in tally.above(1)] == ["b"]
    assert tally.above(0)[0].sentence == (
        "2 are out of scope since their b has no value, which makes b EQUALS false "
        "($.groups[1].clauses[0])."
    )


@pytest.mark.parametrize(
    ("constant", "before"),
    [
        ("now", "2025-12-31"),
        ("now+0d", "2025-12-31T23:59:59Z"),
        ("now+7d", "2026-01-07T23:59:59"),
        ("now-1d", "2025-12-30T23:59:59Z"),
        (" now-1d ", "2025-12-30T23:59:59Z"),
        ("2026-01-01", "2025-12-31"),
    ],
)
def test_days_from_now(constant: str, before: str) -> None:
    assert passes(before, "BEFORE", constant)
    assert not passes("2026-01-08", "BEFORE", constant)
    assert not passes(before, "AFTER", constant)
    assert passes("2026-01-08T00:00:01Z", "AFTER", constant)


@pytest.mark.parametrize("operator", ["BEFORE", "AFTER"])
def test_the_moment_itself_is_neither_before_nor_after(operator: str) -> None:
    assert outcome("2026-01-01", operator, "now") is Outcome.FAILED
