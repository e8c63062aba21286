"""Filters for tests, written shortly."""

from __future__ import annotations

from typing import Any

from provisioning.errors import Problem
from provisioning.scoping import (
    ClauseForm,
    Context,
    GroupForm,
    Outcome,
    ScopingFilter,
    compile_filter,
)

NOW = 1_767_225_600.0
"""2026-01-01T00:00:00Z."""

Clause = tuple[str, ...]
"""Attribute, operator, values."""


def form(*groups: list[Clause]) -> list[GroupForm]:
    return [
        GroupForm(
            f"group {n}",
            tuple(
                ClauseForm(name, operator, values, f"$.groups[{n}].clauses[{m}]")
                for m, (name, operator, *rest) in enumerate(clauses)
                for values in [tuple(rest)]
            ),
            f"$.groups[{n}]",
        )
        for n, clauses in enumerate(groups)
    ]


def filter_of(*groups: list[Clause]) -> ScopingFilter:
    problems: list[Problem] = []
    compiled = compile_filter(form(*groups), None, problems)
    assert problems == []
    assert compiled is not None
    return compiled


def problems_of(*groups: list[Clause], known: set[str] | None = None) -> list[Problem]:
    problems: list[Problem] = []
    compiled = compile_filter(form(*groups), known, problems)
    assert compiled is None or not problems
    return problems


def outcome(value: Any, operator: str, *values: str) -> Outcome:
    """What one clause says of one value; that of the details is the same."""
    compiled = filter_of([("x", operator, *values)])
    found = compiled.outcome({"x": value}, Context(NOW))
    assert compiled.explain({"x": value}, Context(NOW)).outcome is found
    return found


def passes(value: Any, operator: str, *values: str) -> bool:
    found = outcome(value, operator, *values)
    assert found is not Outcome.UNDECIDED
    return found is Outcome.PASSED
