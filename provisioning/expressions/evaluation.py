"""The tree of an expression to a function that is called for every principal.

What can be read before any object is, is read once. An evaluation raises ``EvaluationError`` and
nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec

from provisioning.expressions import readers
from provisioning.expressions.checks import problems_of
from provisioning.expressions.comparison import COMPARISONS
from provisioning.expressions.errors import EvaluationError, Unfit
from provisioning.expressions.functions import FUNCTIONS, Evaluate, Function, Parameter, Row
from provisioning.expressions.functions.flow import REDACT
from provisioning.expressions.functions.text import too_long
from provisioning.expressions.operands import MAX_RESULT, Operand, operand_of, truth
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

_Apply = Callable[..., Operand]
"""A function, from its arguments as it takes them."""

_Places = Mapping[int, int]
"""Of the functions that derive a value, which one stands at a position: the first, the second."""


class Expression(msgspec.Struct, frozen=True):
    """An expression that can be evaluated.

    ``attributes`` are the source attributes it reads, in the order of their first use. With
    ``redacted`` no log may show its value. With ``random`` it derives a value from the seed.
    ``functions`` are those it calls.
    """

    text: str
    node: Node
    attributes: tuple[str, ...]
    redacted: bool
    random: bool
    functions: frozenset[str]
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
    calls = [n for n in nodes if isinstance(n, Call)]
    functions = frozenset(call.name for call in calls)
    redacted = REDACT in functions
    random = [call.position for call in calls if FUNCTIONS[call.name].placed]
    evaluate = _compile(node, {position: place for place, position in enumerate(random, 1)})
    if redacted:
        evaluate = _hidden(evaluate)
    return Expression(text, node, attributes, redacted, bool(random), functions, evaluate)


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


def _compile(node: Node, places: _Places) -> Evaluate:
    if isinstance(node, Call):
        return _call(node, places)
    if isinstance(node, Comparison):
        return _comparison(node, places)
    if isinstance(node, Attribute):
        name = node.name
        return lambda row, _: operand_of(row.get(name))
    value = None if isinstance(node, Blank) else node.value
    return lambda _row, _around: value


def _comparison(node: Comparison, places: _Places) -> Evaluate:
    compare = COMPARISONS[node.operator]
    left, right = _compile(node.left, places), _compile(node.right, places)
    return lambda row, around: truth(compare(left(row, around), right(row, around)))


def _call(node: Call, places: _Places) -> Evaluate:
    function = FUNCTIONS[node.name]
    if function.build is not None:
        evaluate = function.build([_compile(argument, places) for argument in node.arguments])
        return _guarded(node, (), evaluate)
    arguments = tuple(
        _argument(argument, function.parameter(index), function, places)
        for index, argument in enumerate(node.arguments)
    )
    apply = function.evaluate
    assert apply is not None
    if function.grows:
        apply = _bounded(apply)
    if function.surrounded:
        return _guarded(node, arguments, _surrounded(apply, places.get(node.position), arguments))
    # The usual numbers of arguments are called without a list in between: they run most.
    if len(arguments) == 1:
        return _of_one(node, apply, arguments[0])
    if len(arguments) == 2:
        return _of_two(node, apply, arguments[0], arguments[1])
    return _guarded(
        node, arguments, lambda row, around: apply(*[a(row, around) for a in arguments])
    )


def _guarded(node: Call, arguments: tuple[_Argument, ...], evaluate: Evaluate) -> Evaluate:
    """An evaluation that says which function could not use a value."""

    def call(row: Row, around: Surroundings) -> Operand:
        try:
            return evaluate(row, around)
        except Unfit as error:
            raise _failure(node, error, arguments, row, around) from None

    return call


def _of_one(node: Call, apply: _Apply, only: _Argument) -> Evaluate:
    def call(row: Row, around: Surroundings) -> Operand:
        try:
            return apply(only(row, around))
        except Unfit as error:
            raise _failure(node, error, (only,), row, around) from None

    return call


def _of_two(node: Call, apply: _Apply, one: _Argument, other: _Argument) -> Evaluate:
    def call(row: Row, around: Surroundings) -> Operand:
        try:
            return apply(one(row, around), other(row, around))
        except Unfit as error:
            raise _failure(node, error, (one, other), row, around) from None

    return call


def _surrounded(apply: _Apply, place: int | None, arguments: tuple[_Argument, ...]) -> Evaluate:
    fixed = () if place is None else (place,)
    return lambda row, around: apply(around, *fixed, *[a(row, around) for a in arguments])


def _bounded(apply: _Apply) -> _Apply:
    def bounded(*arguments: Any) -> Operand:
        value = apply(*arguments)
        if isinstance(value, str) and len(value) > MAX_RESULT:
            raise too_long()
        return value

    return bounded


def _failure(
    node: Call,
    error: Unfit,
    arguments: tuple[_Argument, ...],
    row: Row,
    around: Surroundings,
) -> EvaluationError:
    at = error.argument or _unreadable(arguments, row, around)
    return EvaluationError(node.name, node.position, at, error.value, error.reason, error.remedy)


def _argument(node: Node, parameter: Parameter, function: Function, places: _Places) -> _Argument:
    reader = parameter.reader
    if isinstance(node, Blank):
        blank = readers.ABSENT if function.tells_blank else reader(None)
        return lambda _row, _around: blank
    if isinstance(node, Attribute):
        return _of_attribute(node.name, parameter)
    get = _compile(node, places)
    if isinstance(node, Call | Comparison):
        return lambda row, around: reader(get(row, around))
    value = reader(node.value)
    return lambda _row, _around: value


def _of_attribute(name: str, parameter: Parameter) -> _Argument:
    if parameter.raw:
        return lambda row, _: row.get(name)
    reader = parameter.reader
    if reader is not readers.text:
        return lambda row, _: reader(operand_of(row.get(name)))

    def text(row: Row, _: Surroundings) -> str | None:
        # Most arguments are this one: text as it is, without the calls that find that out.
        value = row.get(name)
        return value if isinstance(value, str) else readers.text(operand_of(value))

    return text


def _unreadable(arguments: tuple[_Argument, ...], row: Row, around: Surroundings) -> int | None:
    """Which argument its reader refused. Evaluated again: an evaluation has no effects."""
    for index, argument in enumerate(arguments, 1):
        try:
            argument(row, around)
        except Unfit:
            return index
    return None
