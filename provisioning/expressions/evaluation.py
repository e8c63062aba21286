"""The tree of an expression to a function that is called for every principal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from provisioning.errors import Problem
from provisioning.expressions.functions import FUNCTIONS, Operand
from provisioning.expressions.syntax import (
    Attribute,
    Blank,
    Call,
    InvalidExpression,
    Node,
    Text,
    parse,
)

Evaluate = Callable[[Mapping[str, Any]], Operand]
"""From the source attributes by name to the value."""


class Expression(msgspec.Struct, frozen=True):
    """An expression that can be evaluated. ``attributes`` are the source attributes it reads, in
    the order of their first use.
    """

    text: str
    node: Node
    attributes: tuple[str, ...]
    evaluate: Evaluate


def compile_expression(text: str, field: str) -> Expression:
    """The expression, checked and ready.

    Raises ``InvalidExpression`` with a problem for each unknown function and each wrong number
    of arguments, or for the first place where the syntax is wrong.
    """
    node = parse(text, field)
    problems = tuple(_problems(node, field))
    if problems:
        raise InvalidExpression(problems)
    return expression_of(node, text)


def expression_of(node: Node, text: str) -> Expression:
    """The expression of a tree whose functions are known to exist."""
    attributes = tuple(dict.fromkeys(_attributes(node)))
    return Expression(text, node, attributes, _compile(node))


def operand_of(value: Any) -> Operand:
    """A source value of any JSON type as an operand.

    True and false are ``True`` and ``False``, as Entra writes them. A list gives the texts in it.
    An object has no text and counts as no value.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple):
        texts = (operand_of(item) for item in value)
        return tuple(text for text in texts if isinstance(text, str))
    return None


def _compile(node: Node) -> Evaluate:
    if isinstance(node, Call):
        return _call(node)
    if isinstance(node, Attribute):
        name = node.name
        return lambda row: operand_of(row.get(name))
    value = None if isinstance(node, Blank) else node.value
    return lambda _: value


def _call(node: Call) -> Evaluate:
    function = FUNCTIONS[node.name].evaluate
    arguments = tuple(_compile(argument) for argument in node.arguments)
    return lambda row: function([argument(row) for argument in arguments])


def _problems(node: Node, field: str) -> Iterator[Problem]:
    if not isinstance(node, Call):
        return
    function = FUNCTIONS.get(node.name)
    if function is None:
        yield Problem(
            field,
            f"unknown function {node.name!r} at character {node.position}.",
            f"Function names are case sensitive. Available: {', '.join(FUNCTIONS)}.",
        )
    elif not function.accepts(len(node.arguments)):
        yield Problem(
            field,
            f"{node.name} at character {node.position} takes {function.arity}; "
            f"it has {len(node.arguments)}{_last(node)}.",
            f"Correct the arguments of {node.name}; one may be left blank between commas.",
        )
    for argument in node.arguments:
        yield from _problems(argument, field)


def _last(node: Call) -> str:
    return f", the last at character {node.arguments[-1].position}" if node.arguments else ""


def _attributes(node: Node) -> Iterator[str]:
    if isinstance(node, Attribute):
        yield node.name
    elif isinstance(node, Call):
        for argument in node.arguments:
            yield from _attributes(argument)


def text_expression(value: str) -> Expression:
    """The expression of a constant."""
    return expression_of(Text(value, 1), value)
