"""Functions of numbers and of the type of a value."""

from __future__ import annotations

from provisioning.expressions import readers
from provisioning.expressions.functions.function import Function, Parameter
from provisioning.expressions.operands import Operand

_NUMBER = readers.whole_number


def _bit_and(one: int | None, other: int | None) -> Operand:
    return None if one is None or other is None else str(one & other)


def _to_text(value: str | None) -> Operand:
    return value


FUNCTIONS = (
    Function(
        "BitAnd",
        (Parameter("value1", _NUMBER, blank=False), Parameter("value2", _NUMBER, blank=False)),
        "The bits that both numbers have, as a number. `&HF` is hexadecimal.",
        _bit_and,
        deviation="Without one of the numbers there is no value.",
    ),
    Function(
        "CStr",
        (Parameter("value", readers.text),),
        "The value as text.",
        _to_text,
        deviation="All values are text already; several have no text.",
    ),
)
