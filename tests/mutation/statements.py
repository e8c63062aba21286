"""What a statement may wrongly be instead."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.mutation.expressions import ARITHMETIC

_EMPTY: dict[str, ast.expr] = {
    "str": ast.Constant(""),
    "bytes": ast.Constant(b""),
    "tuple": ast.Tuple([], ast.Load()),
    "list": ast.List([], ast.Load()),
    "dict": ast.Dict([], []),
    "set": ast.Call(ast.Name("set", ast.Load()), [], []),
    "frozenset": ast.Call(ast.Name("frozenset", ast.Load()), [], []),
}


def wrong_statements(node: ast.stmt, returns: ast.expr | None) -> Iterator[ast.stmt]:
    """Wrong ones for this one, in a function that returns so."""
    match node:
        case ast.Expr() | ast.Continue() | ast.Raise():
            yield ast.Pass()
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
            yield ast.Pass()
        case ast.Break():
            yield ast.Continue()
        case ast.AugAssign(target=target, op=op, value=value):
            yield ast.Pass()
            if type(op) in ARITHMETIC:
                yield ast.AugAssign(target, ARITHMETIC[type(op)](), value)
        case ast.Return(value=ast.expr() as value):
            yield from (ast.Return(each) for each in _wrong_returns(value, returns))
        case ast.Match():
            yield from _wrong_matches(node)


def _wrong_matches(node: ast.Match) -> Iterator[ast.stmt]:
    cases = node.cases
    for at, case in enumerate(cases):
        if len(cases) > 1 and not _cannot_be(case):
            yield ast.Match(node.subject, [*cases[:at], *cases[at + 1 :]])


def _wrong_returns(value: ast.expr, returns: ast.expr | None) -> Iterator[ast.expr]:
    name = _outer_name(returns)
    if isinstance(value, ast.Constant):
        return  # Its value is mutated itself.
    if name == "bool":
        yield ast.Constant(value=False)
        yield ast.Constant(value=True)
    elif name in _EMPTY:
        if ast.dump(value) != ast.dump(_EMPTY[name]):
            yield _EMPTY[name]
    else:
        yield ast.Constant(value=None)


def _outer_name(returns: ast.expr | None) -> str:
    match returns:
        case ast.Name(id=name) | ast.Subscript(value=ast.Name(id=name)):
            return name
    return ""


def _cannot_be(case: ast.match_case) -> bool:
    """Whether the case only tells the type checker that there is no other."""
    match case.body:
        case [ast.Expr(value=ast.Call(func=ast.Name(id="assert_never")))]:
            return True
    return False
