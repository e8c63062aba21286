"""The places of a module where something may be wrong, with all that may stand there instead."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests.mutation.expressions import is_prose, wrong_conditions, wrong_expressions
from tests.mutation.statements import wrong_statements

_SILENT_CALLS = frozenset({"NewType", "TypeVar", "ParamSpec", "cast", "assert_never"})
"""Whose arguments mean nothing when the program runs."""


class Site(NamedTuple):
    """A node in its place, and what may wrongly stand there instead."""

    parent: ast.AST
    field: str
    index: int | None
    node: ast.expr | ast.stmt
    wrong: ast.expr | ast.stmt
    at_import: bool
    """Whether the node is evaluated when the module is imported."""
    statement: int
    """The line where its statement begins."""


class _Surroundings(NamedTuple):
    at_import: bool = True
    statement: int = 1
    returns: ast.expr | None = None
    prose: bool = False


def sites(tree: ast.Module) -> Iterator[Site]:
    """All of a module, in the order of its lines."""
    yield from _within(tree, _Surroundings())


def _within(node: ast.AST, around: _Surroundings) -> Iterator[Site]:
    for field, value in ast.iter_fields(node):
        if _is_skipped(node, field):
            continue
        inside = _surroundings(node, field, around)
        children: Sequence[object] = value if isinstance(value, list) else [value]
        if field == "args" and _is_cut(node):
            children = children[:1]
        for at, child in enumerate(children):
            if isinstance(child, ast.AST):
                yield from _at(node, field, at if isinstance(value, list) else None, child, inside)


def _at(
    parent: ast.AST, field: str, index: int | None, node: ast.AST, around: _Surroundings
) -> Iterator[Site]:
    if _is_silent(node):
        return
    if isinstance(node, ast.stmt):
        around = around._replace(statement=node.lineno)
        for statement in wrong_statements(node, around.returns):
            yield Site(parent, field, index, node, statement, around.at_import, around.statement)
    if isinstance(node, ast.expr):
        prose = around.prose or is_prose(node)
        condition = _is_condition(parent, field)
        if condition:
            for wrong in wrong_conditions(node):
                if not (isinstance(parent, ast.While) and wrong.value):  # type: ignore[attr-defined]
                    yield Site(
                        parent, field, index, node, wrong, around.at_import, around.statement
                    )
        for wrong in wrong_expressions(node, prose=prose, condition=condition):
            yield Site(parent, field, index, node, wrong, around.at_import, around.statement)
        if isinstance(node, ast.JoinedStr):
            around = around._replace(prose=prose)
    yield from _within(node, around)


def _surroundings(node: ast.AST, field: str, around: _Surroundings) -> _Surroundings:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and field == "body":
        return around._replace(at_import=False, returns=node.returns)
    if isinstance(node, ast.Lambda) and field == "body":
        return around._replace(at_import=False)
    if isinstance(node, ast.FormattedValue):
        return around._replace(prose=False)  # A value is no sentence, also in the midst of one.
    return around


def _is_condition(parent: ast.AST, field: str) -> bool:
    match parent:
        case ast.If() | ast.While():
            return field == "test"
        case ast.comprehension():
            return field == "ifs"
        case ast.match_case():
            return field == "guard"
    return False


def _is_skipped(node: ast.AST, field: str) -> bool:
    """Types and decorations: they are for the type checker, or say how, not what."""
    return field in {"annotation", "returns", "decorator_list", "type_params", "format_spec"} or (
        isinstance(node, ast.ClassDef) and field in {"keywords", "bases"}
    )


def _is_cut(node: ast.AST) -> bool:
    """Whether a text is shortened for people: how many letters are shown means nothing."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "cut"


def _is_silent(node: ast.AST) -> bool:
    """What is for the type checker, or for people who read."""
    match node:
        case ast.Assert() | ast.pattern() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Expr(value=ast.expr() as value):
            return _is_silent(value)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in _SILENT_CALLS
        case ast.Subscript(value=ast.Name(id=name)):
            return name == "Literal"
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name == "__all__"
        case ast.If(test=ast.Name(id=name)):
            return name == "TYPE_CHECKING"
    return False
