"""What a restart forgets: every table has a decision, and the brake none that loosens it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioning.errors import InvalidRequest
from provisioning.forgetting import DEFAULT, FATES, Scope, forgotten, scopes_of, widened
from provisioning.job import HELD_TABLES

CODE = Path(__file__).parents[2] / "provisioning"


def tables(code: str) -> Iterator[str]:
    """Names of the tables of a job that a module stores rows in: ``Table(store, job, "name", ...)``
    and ``f"{job}:name"``.
    """
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Table":
            named = node.args[2:3]
            yield from (each.value for each in named if isinstance(each, ast.Constant))
        elif isinstance(node, ast.JoinedStr) and len(node.values) == 2:
            last = node.values[1]
            if isinstance(last, ast.Constant) and str(last.value).startswith(":"):
                yield str(last.value).removeprefix(":")


def test_every_table_has_a_decision_with_its_reason() -> None:
    """A new table fails here until somebody has decided about it."""
    found = {
        name
        for path in CODE.rglob("*.py")
        for name in tables(path.read_text(encoding="utf-8"))
        if name.isidentifier() and name != "owner"  # That is of the store, not of a job.
    }
    assert found == set(FATES)
    assert found >= HELD_TABLES
    assert all(fate.why for fate in FATES.values())


@pytest.mark.parametrize(
    "code", ['Table(store, job, "news", str)', 'x = f"{job}:news"', 'Table(s.store, s.job, "news")']
)
def test_a_new_table_is_found(code: str) -> None:
    assert list(tables(code)) == ["news"]


@pytest.mark.parametrize(
    "kept",
    [
        *("removed", "provisioned", "provisioned_hour"),
        *("held", "held_plan", "held_entry", "held_decision", "approved", "rejected", "withheld"),
        *("audit", "log", "intent", "work", "work_due", "touched", "call", "hint", "order"),
    ],
)
def test_no_scope_forgets(kept: str) -> None:
    assert kept not in forgotten(Scope)


def test_by_default_it_is_what_the_portal_resets() -> None:
    assert scopes_of(None) == scopes_of("") == scopes_of([]) == DEFAULT
    assert "link" not in forgotten(DEFAULT)
    assert {"watermark", "escrow", "quarantine"} <= set(forgotten(DEFAULT))


def test_without_links_everybody_is_looked_at() -> None:
    assert widened([Scope.LINKS]) == {Scope.LINKS, Scope.WATERMARK}
    assert widened([Scope.FULL]) == set(Scope)
    assert "mirror_user" not in forgotten([Scope.LINKS])
    assert "mirror_user" in forgotten([Scope.FULL])


def test_scopes_are_named_in_a_list_or_with_commas_and_as_entra_spells_them() -> None:
    assert scopes_of("Links, escrows") == (Scope.ESCROWS, Scope.LINKS)
    assert scopes_of(["QuarantineState", "Watermark"]) == (Scope.WATERMARK, Scope.QUARANTINE)
    with pytest.raises(InvalidRequest) as refused:
        scopes_of("watermark,everything")
    assert refused.value.problem.field == "reset_scope"
    assert "'everything'" in str(refused.value)
    assert "watermark, escrows" in refused.value.remedy
