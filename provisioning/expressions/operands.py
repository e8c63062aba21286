"""What functions take and give: text, several texts, complex values, no value, or "no flow".

Numbers and truth values are text, as Entra sends them; dates are text of the form
``M/d/yyyy h:mm:ss tt``.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Final

import msgspec

MAX_RESULT: Final = 65_536
"""Characters that a function may give. Entra states no limit; this one bounds our memory."""

TRUE: Final = "True"
FALSE: Final = "False"


class Ignored(Enum):
    """The type of ``IGNORED``."""

    IGNORED = "ignored"

    def __repr__(self) -> str:
        return "IGNORED"


IGNORED: Final = Ignored.IGNORED
"""The attribute is left out of the flow: not written, no default, not cleared."""


class ComplexValue(msgspec.Struct, frozen=True):
    """A value with parts, as ``roles`` of SCIM has them."""

    value: str
    display: str
    type: str
    primary: bool = False


Operand = str | tuple[str, ...] | tuple[ComplexValue, ...] | Ignored | None
"""What a function takes and gives."""


def operand_of(value: Any) -> Operand:
    """A source value of any JSON type as an operand.

    True and false are ``True`` and ``False``, as Entra writes them. A list gives the texts in it.
    An object has no text and counts as no value.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        texts = (_text_of(item) for item in value)
        return tuple(text for text in texts if text is not None)
    return _text_of(value)


def _text_of(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return TRUE if value else FALSE
    if isinstance(value, int):
        # str() of an int of thousands of digits raises.
        return str(value) if abs(value) < _LARGEST else None
    return str(value) if isinstance(value, float) else None


_LARGEST = 10**400


def single(operand: Operand) -> str | None:
    """The one text of a value; none for several, which have no order to choose by."""
    if isinstance(operand, str):
        return operand
    if isinstance(operand, tuple) and len(operand) == 1:
        first = operand[0]
        return first if isinstance(first, str) else None
    return None


def texts_of(operand: Operand) -> tuple[str, ...]:
    """All texts of a value, in its order."""
    if isinstance(operand, str):
        return (operand,)
    if isinstance(operand, tuple):
        return tuple(text for text in operand if isinstance(text, str))
    return ()


def is_null(operand: Operand) -> bool:
    """Whether there is no value. Empty text is one, an empty list is none."""
    return operand is None or operand == () or operand is IGNORED


def truth(value: bool) -> str:  # noqa: FBT001 - the value itself
    """A truth value as text."""
    return TRUE if value else FALSE
