"""Functions of multi-valued attributes. A single value is a list of one."""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.expressions import readers
from provisioning.expressions.errors import Unfit
from provisioning.expressions.functions.function import Function, Parameter
from provisioning.expressions.operands import Operand, is_null, texts_of

_ATTRIBUTE = Parameter("attribute")


def _count(value: Operand) -> Operand:
    if is_null(value):
        return "0"
    return str(len(value)) if isinstance(value, tuple) else "1"


def _item(value: Operand, index: int | None) -> Operand:
    if index is None:
        return None
    if index < 1:
        raise Unfit("is no index.", "Count from 1.", value=str(index), argument=2)
    values = texts_of(value)
    return values[index - 1] if index <= len(values) else None


def _item_check(arguments: Sequence[object]) -> str | None:
    index = arguments[1]
    if isinstance(index, int) and index < 1:
        return f"its index is {index}; items count from 1"
    return None


def _distinct(value: Operand) -> Operand:
    return tuple(dict.fromkeys(texts_of(value))) if isinstance(value, tuple) else value


def _split(source: str | None, delimiter: str | None) -> Operand:
    if source is None:
        return None
    parts = source.split(delimiter) if delimiter else [source]
    return tuple(part for part in map(str.strip, parts) if part)


FUNCTIONS = (
    Function("Count", (_ATTRIBUTE,), "The number of values.", _count),
    Function(
        "Item",
        (_ATTRIBUTE, Parameter("index", readers.whole_number, blank=False)),
        "The value of that index, counted from 1.",
        _item,
        check=_item_check,
        deviation="An index after the last value gives no value.",
    ),
    Function(
        "RemoveDuplicates",
        (_ATTRIBUTE,),
        "The values, each once, with case.",
        _distinct,
        deviation="The order of the values stays.",
    ),
    Function(
        "Split",
        (Parameter("source", readers.text), Parameter("delimiter", readers.text)),
        "The parts between the delimiters as a multi-valued attribute.",
        _split,
        deviation="White space around the parts is cut off, as Entra's example shows; empty "
        "parts are left out. A delimiter may have several characters.",
    ),
)
