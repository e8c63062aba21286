"""Functions that choose. They evaluate what they choose, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.expressions import readers
from provisioning.expressions.comparison import is_true
from provisioning.expressions.errors import Unfit
from provisioning.expressions.functions.function import Evaluate, Function, Parameter, Row
from provisioning.expressions.operands import (
    IGNORED,
    TRUE,
    Operand,
    is_null,
    single,
    truth,
)
from provisioning.expressions.surroundings import Surroundings


def _iif(arguments: Sequence[Evaluate]) -> Evaluate:
    condition, if_true, if_false = arguments

    def evaluate(row: Row, around: Surroundings) -> Operand:
        value = condition(row, around)
        try:
            holds = is_true(value)
        except Unfit as error:
            error.argument = 1
            raise
        return if_true(row, around) if holds else if_false(row, around)

    return evaluate


def _switch(arguments: Sequence[Evaluate]) -> Evaluate:
    source, default = arguments[:2]
    pairs = tuple(zip(arguments[2::2], arguments[3::2], strict=True))

    def evaluate(row: Row, around: Surroundings) -> Operand:
        value = source(row, around)
        text = "" if is_null(value) else single(value)
        if text is not None:
            for key, chosen in pairs:
                if single(key(row, around)) == text:
                    return chosen(row, around)
        return default(row, around)

    return evaluate


def _coalesce(arguments: Sequence[Evaluate]) -> Evaluate:
    def evaluate(row: Row, around: Surroundings) -> Operand:
        last: Operand = None
        for argument in arguments:
            value = argument(row, around)
            if not is_null(value):
                return value
            last = IGNORED if value is IGNORED else last
        return last

    return evaluate


def _not(source: str | None) -> Operand:
    return truth(source != TRUE)


def _to_bool(value: bool) -> Operand:  # noqa: FBT001
    return truth(value)


def _is_null(value: Operand) -> Operand:
    return truth(is_null(value))


def _is_null_or_empty(value: Operand) -> Operand:
    return truth(is_null(value) or value == "")


def _is_present(value: Operand) -> Operand:
    return truth(not (is_null(value) or value == ""))


def _is_string(value: Operand) -> Operand:
    return truth(single(value) is not None)


_EXPRESSION = (Parameter("expression"),)
_CONDITION = Parameter("condition", readers.condition, condition=True, blank=False)

FUNCTIONS = (
    Function(
        "IIF",
        (_CONDITION, Parameter("valueIfTrue"), Parameter("valueIfFalse")),
        "One of two values. A condition is a comparison (`=`, `<>`, `>`, `>=`, `<`, `<=`), a truth "
        "value, or a number, which holds unless it is 0. There is no AND and no OR: nest IIF.",
        build=_iif,
        deviation="An attribute without a value does not break it: it equals empty text, and is "
        "neither more nor less than anything. Numbers and dates are ordered as such.",
    ),
    Function(
        "Switch",
        (
            Parameter("source"),
            Parameter("defaultValue"),
            Parameter("key1"),
            Parameter("value1"),
        ),
        "The value of the first key that equals the source, with case; else the default.",
        build=_switch,
        repeated=2,
        deviation="A source without a value has the key of empty text, and every change of an "
        "object is evaluated on the whole object.",
    ),
    Function(
        "Coalesce",
        (Parameter("source1"),),
        "The first value that there is.",
        build=_coalesce,
        repeated=1,
        deviation="Empty text is a value; Entra does not say.",
    ),
    Function(
        "Not",
        (Parameter("source", readers.text),),
        "False for True, and True for anything else.",
        _not,
    ),
    Function(
        "CBool",
        (Parameter("expression", readers.condition, condition=True),),
        "True for a comparison that holds, for True, and for a number other than 0.",
        _to_bool,
        deviation="Text that is none of these is an error of the object, not False.",
    ),
    Function("IsNull", _EXPRESSION, "Whether there is no value.", _is_null),
    Function(
        "IsNullOrEmpty", _EXPRESSION, "Whether there is no value or empty text.", _is_null_or_empty
    ),
    Function("IsPresent", _EXPRESSION, "Whether there is a value but empty text.", _is_present),
    Function(
        "IsString",
        _EXPRESSION,
        "Whether the value can be one text.",
        _is_string,
        deviation="Numbers and truth values can, and empty text is one.",
    ),
)
