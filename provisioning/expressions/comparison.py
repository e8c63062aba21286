"""Comparisons, and what counts as true. Entra: IIF, CBool; ours are defined for no value too."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any

from provisioning.expressions.date_texts import parse_canonical
from provisioning.expressions.errors import Unfit
from provisioning.expressions.operands import FALSE, TRUE, Operand, single, texts_of

_MAX_NUMBER_LENGTH = 40
_NUMBER = re.compile(r"\s*[+-]?[0-9]+(\.[0-9]+)?\s*", re.ASCII)


def number_of(text: str) -> Decimal | None:
    """The number that a text is; ``None`` when it is none, or a very long one."""
    if len(text) > _MAX_NUMBER_LENGTH or _NUMBER.fullmatch(text) is None:
        return None
    return Decimal(text)


def is_true(operand: Operand) -> bool:
    """Whether a condition holds: ``True`` or a number other than 0. No value does not hold.

    Raises ``Unfit`` for text that is neither a truth value nor a number.
    """
    text = single(operand)
    if text is None or text == "":
        return False
    if text in (TRUE, FALSE):
        return text == TRUE
    folded = text.strip().lower()
    if folded in ("true", "false", ""):
        return folded == "true"
    number = number_of(text)
    if number is None:
        raise Unfit(
            "is neither True nor False nor a number.",
            'Write a comparison, as in [a]="x", or IsPresent([a]).',
            value=text,
        )
    return number != 0


def equal(left: Operand, right: Operand) -> bool:
    """Equal as text, with case. No value equals empty text; several values equal the same ones."""
    return (texts_of(left) or ("",)) == (texts_of(right) or ("",))


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Operand, Operand], bool]:
    def ordered(left: Operand, right: Operand) -> bool:
        one, other = single(left), single(right)
        if not one or not other:
            return False
        for read in (number_of, parse_canonical):
            first, second = read(one), read(other)
            if first is not None and second is not None:
                return compare(first, second)
        return compare(one, other)

    return ordered


def _unequal(left: Operand, right: Operand) -> bool:
    return not equal(left, right)


COMPARISONS: dict[str, Callable[[Operand, Operand], bool]] = {
    "=": equal,
    "<>": _unequal,
    "<": _ordered(lt),
    "<=": _ordered(le),
    ">": _ordered(gt),
    ">=": _ordered(ge),
}
"""By operator. Order: as numbers if both are, as dates if both are, else as text; none is false."""
