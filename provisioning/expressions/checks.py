"""What is wrong with an expression before any object is seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from provisioning.errors import Problem, cut
from provisioning.expressions.errors import Unfit
from provisioning.expressions.functions import FUNCTIONS, Function, Parameter
from provisioning.expressions.readers import ABSENT, UNKNOWN_YET
from provisioning.expressions.syntax import (
    WORDS,
    Attribute,
    Blank,
    Call,
    Comparison,
    Node,
    Text,
    Word,
)


def problems_of(node: Node, field: str) -> Iterator[Problem]:
    """Everything that is wrong with a tree, in the order of the text."""
    if isinstance(node, Word):
        yield from _word_problems(node, field)
    elif isinstance(node, Comparison):
        yield from problems_of(node.left, field)
        yield from problems_of(node.right, field)
    elif isinstance(node, Call):
        yield from _call_problems(node, field)
        for argument in node.arguments:
            yield from problems_of(argument, field)


def nearest(name: str, names: Iterator[str] | tuple[str, ...]) -> str:
    """A sentence that offers the name most like this one; empty when none is."""
    from difflib import get_close_matches  # needed only by who misspells

    by_lower = {known.lower(): known for known in names}
    found = get_close_matches(name[:60].lower(), by_lower, n=1, cutoff=0.6)
    return f"Did you mean {by_lower[found[0]]}? " if found else ""


def _word_problems(node: Word, field: str) -> Iterator[Problem]:
    if node.value not in WORDS:
        yield Problem(
            field,
            f"unknown word {cut(node.value, 40)!r} at character {node.position}.",
            f"{nearest(node.value, WORDS)}Text stands in quotes, an attribute in brackets; "
            f"words are {', '.join(WORDS)}.",
        )


def _call_problems(node: Call, field: str) -> Iterator[Problem]:
    function = FUNCTIONS.get(node.name)
    at = f"at character {node.position}"
    if function is None:
        yield Problem(
            field,
            f"unknown function {cut(node.name, 40)!r} {at}.",
            f"{nearest(node.name, tuple(FUNCTIONS))}Function names are case sensitive. "
            f"Available: {', '.join(FUNCTIONS)}.",
        )
    elif function.refused:
        yield Problem(field, f"{node.name} {at} {function.refused}.", function.remedy)
    elif not function.accepts(len(node.arguments)):
        yield Problem(
            field,
            f"{node.name} {at} takes {function.arity}; it has {len(node.arguments)}{_last(node)}.",
            f"Write {function.signature}; an argument may be left blank between commas.",
        )
    else:
        yield from _argument_problems(node, function, field)


def _last(node: Call) -> str:
    return f", the last at character {node.arguments[-1].position}" if node.arguments else ""


def _argument_problems(node: Call, function: Function, field: str) -> Iterator[Problem]:
    """What is wrong with single arguments; when nothing is, with all of them together."""
    read: list[Any] = []
    sound = True
    for index, argument in enumerate(node.arguments):
        parameter = function.parameter(index)
        place = (
            f"argument {index + 1} ({parameter.name}) of {node.name} "
            f"at character {argument.position}"
        )
        wrong = _kind_problem(argument, parameter)
        if wrong is None:
            try:
                read.append(_read(argument, parameter))
                continue
            except Unfit as error:
                seen = "" if error.value is None else f"{cut(error.value, 60)!r} "
                wrong = (f"{seen}{error.reason}", error.remedy)
        sound = False
        yield Problem(field, f"{place}: {wrong[0]}", wrong[1])
    together = function.check(read) if function.check is not None and sound else None
    if together is not None:
        yield Problem(
            field,
            f"{node.name} at character {node.position}: {together}.",
            f"Write {function.signature}.",
        )


def _kind_problem(argument: Node, parameter: Parameter) -> tuple[str, str] | None:
    if isinstance(argument, Comparison) and not parameter.condition:
        return "a comparison cannot stand here.", "Compare in IIF or CBool."
    if isinstance(argument, Blank) and not parameter.blank:
        return "it is blank.", "Give it a value."
    if isinstance(argument, Word) and argument.value.startswith("vb") and argument.value in WORDS:
        if parameter.name != "compareType":
            return f"{argument.value} cannot stand here.", "It is the compareType of InStr."
        return None
    if parameter.raw and not isinstance(argument, Attribute):
        return "it is no attribute.", f"Write {parameter.name}."
    return None


def _read(argument: Node, parameter: Parameter) -> Any:
    """A constant as the function takes it."""
    if isinstance(argument, Blank):
        return ABSENT
    if isinstance(argument, Text | Word) and not parameter.raw:
        return parameter.reader(argument.value)
    return UNKNOWN_YET
