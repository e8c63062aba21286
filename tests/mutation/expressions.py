"""What an expression may wrongly be instead."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_OFF_BY_ONE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
_FUNCTIONS = {
    "min": "max",
    "max": "min",
    "any": "all",
    "all": "any",
    "sorted": "list",
    "reversed": "list",
    "startswith": "endswith",
    "endswith": "startswith",
    "partition": "rpartition",
    "rpartition": "partition",
}
_DROPPED = frozenset({"lower", "upper", "casefold", "title", "strip", "lstrip", "rstrip"})
_SETTING = re.compile(r"\b[A-Z]+(?:_[A-Z]+)+\b")
"""The name of a setting in a sentence: what an operator acts on."""


def is_prose(node: ast.expr) -> bool:
    """Whether this is a sentence for people: letters and a space."""
    match node:
        case ast.Constant(value=str(text)):
            return " " in text and any(character.isalpha() for character in text)
        case ast.JoinedStr(values=values):
            return is_prose(ast.Constant("".join(_constant_text(each) for each in values)))
    return False


def _constant_text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def wrong_expressions(
    node: ast.expr, *, prose: bool = False, condition: bool = False
) -> Iterator[ast.expr]:
    """Wrong ones for this one.

    ``prose``: it is in a sentence for people. ``condition``: it is a whole condition, whose
    opposite shows less than never and always do.
    """
    match node:
        case ast.Constant(value=value):
            yield from _wrong_constants(value, prose=prose)
        case ast.Compare():
            yield from _wrong_compares(node, opposite=not condition)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.BoolOp() | ast.BinOp():
            yield from _wrong_operations(node)
        case ast.Call():
            yield from _wrong_functions(node)
            yield from _wrong_arguments(node)
        case ast.IfExp(body=body, orelse=orelse):
            yield from (body, orelse)
        case ast.Subscript(slice=ast.Slice(), ctx=ast.Load()):
            yield from _wrong_slices(node.value, node.slice)


def _wrong_compares(node: ast.Compare, *, opposite: bool) -> Iterator[ast.expr]:
    for at, op in enumerate(node.ops):
        for wrong in _wrong_comparisons(type(op), opposite=opposite):
            ops = [*node.ops[:at], wrong(), *node.ops[at + 1 :]]
            yield ast.Compare(node.left, ops, node.comparators)


def _wrong_operations(node: ast.BoolOp | ast.BinOp) -> Iterator[ast.expr]:
    match node:
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
            for at in range(len(values)):
                rest = [*values[:at], *values[at + 1 :]]
                yield ast.BoolOp(op, rest) if len(rest) > 1 else rest[0]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
            if not (isinstance(op, ast.BitOr) and (_is_type(left) or _is_type(right))):
                yield ast.BinOp(left, ARITHMETIC[type(op)](), right)


def _wrong_slices(value: ast.expr, part: ast.Slice) -> Iterator[ast.expr]:
    if part.lower is not None:
        yield ast.Subscript(value, ast.Slice(None, part.upper), ast.Load())
    if part.upper is not None:
        yield ast.Subscript(value, ast.Slice(part.lower, None), ast.Load())


def _wrong_comparisons(op: type[ast.cmpop], *, opposite: bool) -> Iterator[type[ast.cmpop]]:
    if op in _OFF_BY_ONE:
        yield _OFF_BY_ONE[op]
    if opposite:
        yield _OPPOSITE[op]


def _wrong_constants(value: object, *, prose: bool) -> Iterator[ast.expr]:
    match value:
        case bool():
            yield ast.Constant(not value)
        case int() | float():
            yield ast.Constant(value + 1)
        case str() if prose:
            for found in _SETTING.finditer(value):
                named = found.group().replace("_", "X_", 1)
                yield ast.Constant(value[: found.start()] + named + value[found.end() :])
        case str():
            yield ast.Constant(f"{value}X" if value else "X")
        case bytes():
            yield ast.Constant(value + b"X")


def _wrong_functions(node: ast.Call) -> Iterator[ast.expr]:
    arguments, keywords = node.args, node.keywords
    match node.func:
        case ast.Name(id=name) if name in _FUNCTIONS:
            kept = [] if _FUNCTIONS[name] == "list" else keywords
            yield ast.Call(ast.Name(_FUNCTIONS[name], ast.Load()), arguments, kept)
        case ast.Attribute(value=value, attr=name) if name in _FUNCTIONS:
            yield ast.Call(ast.Attribute(value, _FUNCTIONS[name], ast.Load()), arguments, keywords)
        case ast.Attribute(value=value, attr=name) if name in _DROPPED:
            yield value


def _wrong_arguments(node: ast.Call) -> Iterator[ast.expr]:
    """Two that are next to each other swapped, or one with a name left out."""
    function, arguments, keywords = node.func, node.args, node.keywords
    if not (_is_commutative(function) or any(isinstance(each, ast.Starred) for each in arguments)):
        for at in range(len(arguments) - 1):
            first, second = arguments[at : at + 2]
            if ast.dump(first) != ast.dump(second):
                swapped = [*arguments[:at], second, first, *arguments[at + 2 :]]
                yield ast.Call(function, swapped, keywords)
    for at, keyword in enumerate(keywords):
        if keyword.arg is not None:
            yield ast.Call(function, arguments, [*keywords[:at], *keywords[at + 1 :]])


def _is_commutative(function: ast.expr) -> bool:
    """Whether its arguments may be swapped, or mean nothing (``cut``)."""
    return isinstance(function, ast.Name) and function.id in {"min", "max", "cut"}


def wrong_conditions(node: ast.expr) -> Iterator[ast.expr]:
    """Wrong ones for a whole condition: never and always."""
    if not isinstance(node, ast.Constant):
        yield ast.Constant(value=False)
        yield ast.Constant(value=True)


def _is_type(node: ast.expr) -> bool:
    """Whether an operand of ``|`` is a type, so that both together are one."""
    match node:
        case ast.Constant(value=None):
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in {"str", "int", "float", "bool", "bytes"} or (
                name[:1].isupper() and not name.isupper()
            )
        case ast.Subscript(value=value):
            return _is_type(value)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _is_type(left) or _is_type(right)
    return False
