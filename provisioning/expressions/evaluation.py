"""The tree of an expression to a function that is called for every principal.

What can be read before any object is, is read once. An evaluation raises ``EvaluationError`` and
nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import msgspec

from provisioning.expressions.checks import problems_of
from provisioning.expressions.comparison import COMPARISONS
from provisioning.expressions.errors import EvaluationError, Unfit
from provisioning.expressions.functions import FUNCTIONS, Evaluate, Function, Parameter, Row
from provisioning.expressions.functions.flow import REDACT
from provisioning.expressions.functions.text import too_long
from provisioning.expressions.operands import MAX_RESULT, Operand, operand_of, truth
from provisioning.expressions.readers import ABSENT
from provisioning.expressions.surroundings import UNKNOWN, Surroundings
from provisioning.expressions.syntax import (
    Attribute,
    Blank,
    Call,
    Comparison,
    InvalidExpression,
    Node,
    Text,
    parse,
)

_MAX_PROBLEMS = 20
"""Problems of one expression that are named."""

_Argument = Callable[[Row, Surroundings], Any]
"""An argument as its function takes it."""


class Expression(msgspec.Struct, frozen=True):
    """An expression that can be evaluated.

    ``attributes`` are the source attributes it reads, in the order of their first use. With
    ``redacted`` no log may show its value.
    """

    text: str
    node: Node
    attributes: tuple[str, ...]
    redacted: bool
    _evaluate: Evaluate

    def evaluate(self, row: Row, around: Surroundings = UNKNOWN) -> Operand:
        """The value for one object. Raises ``EvaluationError``."""
        return self._evaluate(row, around)


def compile_expression(text: str, field: str) -> Expression:
    """The expression, checked and ready.

    Raises ``InvalidExpression`` with a problem for each unknown function and each argument that
    can be seen to be wrong, or for the first place where the syntax is wrong.
    """
    node = parse(text, field)
    problems = tuple(islice(problems_of(node, field), _MAX_PROBLEMS))
    if problems:
        raise InvalidExpression(problems)
    return expression_of(node, text)


def expression_of(node: Node, text: str) -> Expression:
    """The expression of a tree that was checked."""
    nodes = tuple(_nodes(node))
    attributes = tuple(dict.fromkeys(n.name for n in nodes if isinstance(n, Attribute)))
    redacted = any(isinstance(n, Call) and n.name == REDACT for n in nodes)
    evaluate = _compile(node)
    return Expression(text, node, attributes, redacted, _hidden(evaluate) if redacted else evaluate)


def text_expression(value: str) -> Expression:
    """The expression of a constant."""
    return expression_of(Text(value, 1), value)


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    inner: tuple[Node, ...] = ()
    if isinstance(node, Call):
        inner = node.arguments
    elif isinstance(node, Comparison):
        inner = (node.left, node.right)
    for argument in inner:
        yield from _nodes(argument)


def _hidden(evaluate: Evaluate) -> Evaluate:
    def hidden(row: Row, around: Surroundings) -> Operand:
        try:
            return evaluate(row, around)
        except EvaluationError as error:
            raise error.redacted() from None

    return hidden


def _compile(node: Node) -> Evaluate:
    if isinstance(node, Call):
        return _call(node)
    if isinstance(node, Comparison):
        return _comparison(node)
    if isinstance(node, Attribute):
        name = node.name
        return lambda row, _: operand_of(row.get(name))
    value = None if isinstance(node, Blank) else node.value
    return lambda _row, _around: value


def _comparison(node: Comparison) -> Evaluate:
    compare = COMPARISONS[node.operator]
    left, right = _compile(node.left), _compile(node.right)
    return lambda row, around: truth(compare(left(row, around), right(row, around)))


def _call(node: Call) -> Evaluate:
    function = FUNCTIONS[node.name]
    evaluate: Evaluate
    if function.build is not None:
        evaluate = function.build([_compile(argument) for argument in node.arguments])
        arguments: tuple[_Argument, ...] = ()
    else:
        arguments = tuple(
            _argument(argument, function.parameter(index), function)
            for index, argument in enumerate(node.arguments)
        )
        evaluate = _applied(function, node.position, arguments)
        if function.grows:
            evaluate = _bounded(evaluate)

    def call(row: Row, around: Surroundings) -> Operand:
        try:
            return evaluate(row, around)
        except Unfit as error:
            at = error.argument or _unreadable(arguments, row, around)
            raise EvaluationError(
                node.name, node.position, at, error.value, error.reason, error.remedy
            ) from None

    return call


def _argument(node: Node, parameter: Parameter, function: Function) -> _Argument:
    reader = parameter.reader
    if isinstance(node, Blank):
        blank = ABSENT if function.tells_blank else reader(None)
        return lambda _row, _around: blank
    if isinstance(node, Attribute):
        return _of_attribute(node.name, parameter)
    get = _compile(node)
    if isinstance(node, Call | Comparison):
        return lambda row, around: reader(get(row, around))
    value = reader(node.value)
    return lambda _row, _around: value


def _of_attribute(name: str, parameter: Parameter) -> _Argument:
    if parameter.raw:
        return lambda row, _: row.get(name)
    reader = parameter.reader
    return lambda row, _: reader(operand_of(row.get(name)))


def _applied(function: Function, position: int, arguments: tuple[_Argument, ...]) -> Evaluate:
    apply = function.evaluate
    assert apply is not None
    if function.surrounded:
        fixed: tuple[Any, ...] = (position,) if function.placed else ()
        return lambda row, around: apply(around, *fixed, *[a(row, around) for a in arguments])
    # The usual numbers of arguments without a list in between: this is what runs most.
    if len(arguments) == 1:
        (only,) = arguments
        return lambda row, around: apply(only(row, around))
    if len(arguments) == 2:
        one, other = arguments
        return lambda row, around: apply(one(row, around), other(row, around))
    return lambda row, around: apply(*[argument(row, around) for argument in arguments])


def _bounded(evaluate: Evaluate) -> Evaluate:
    def bounded(row: Row, around: Surroundings) -> Operand:
        value = evaluate(row, around)
        if isinstance(value, str) and len(value) > MAX_RESULT:
            raise too_long()
        return value

    return bounded


def _unreadable(arguments: tuple[_Argument, ...], row: Row, around: Surroundings) -> int | None:
    """Which argument its reader refused. Evaluated again: an evaluation has no effects."""
    for index, argument in enumerate(arguments, 1):
        try:
            argument(row, around)
        except Unfit:
            return index
    return None
