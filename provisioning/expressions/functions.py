"""The functions of expressions.

Values are text, several texts (a multi-valued attribute), or none. Every function is total: it
answers for none as for anything else, where Entra's text leaves that open or contradicts itself.
Entra: "Reference for writing expressions for attribute mappings".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType

import msgspec

Operand = str | tuple[str, ...] | None
"""What a function takes and gives."""


class Function(msgspec.Struct, frozen=True):
    """A function with the number of arguments it takes. ``maximum`` ``None`` is any number;
    ``even`` asks for an even number of them.
    """

    name: str
    minimum: int
    maximum: int | None
    evaluate: Callable[[Sequence[Operand]], Operand]
    even: bool = False

    def accepts(self, count: int) -> bool:
        """Whether that many arguments fit."""
        too_many = self.maximum is not None and count > self.maximum
        return count >= self.minimum and not too_many and not (self.even and count % 2)

    @property
    def arity(self) -> str:
        """The number of arguments, for people."""
        if self.maximum == self.minimum:
            return f"{self.minimum} argument{'s' if self.minimum != 1 else ''}"
        upper = "or more" if self.maximum is None else f"to {self.maximum}"
        return f"{self.minimum} {upper} arguments{', an even number' if self.even else ''}"


def single(operand: Operand) -> str | None:
    """The one text of a value; none for several, which have no order to choose by."""
    if isinstance(operand, tuple):
        return operand[0] if len(operand) == 1 else None
    return operand


def append(arguments: Sequence[Operand]) -> Operand:
    """``Append(source, suffix)``: the source with the suffix after it; none without a source."""
    source = single(arguments[0])
    return None if source is None else source + (single(arguments[1]) or "")


def coalesce(arguments: Sequence[Operand]) -> Operand:
    """``Coalesce(source, …)``: the first that has a value. Empty text is a value."""
    return next((argument for argument in arguments if argument not in (None, ())), None)


def join(arguments: Sequence[Operand]) -> Operand:
    """``Join(separator, source, …)``: the values with the separator between them.

    A multi-valued source gives every value; one without a value gives none, and no separator.
    """
    values: list[str] = []
    for argument in arguments[1:]:
        if isinstance(argument, tuple):
            values += argument
        elif argument is not None:
            values.append(argument)
    return (single(arguments[0]) or "").join(values) if values else None


def negate(arguments: Sequence[Operand]) -> Operand:
    """``Not(source)``: ``False`` for ``True``, and ``True`` for anything else."""
    return "False" if single(arguments[0]) == "True" else "True"


def switch(arguments: Sequence[Operand]) -> Operand:
    """``Switch(source, default, key, value, …)``: the value of the key that equals the source.

    Case sensitive. The first such key counts; the default without one, also for a source that
    has no value.
    """
    source = single(arguments[0])
    if source is not None:
        for key, value in zip(arguments[2::2], arguments[3::2], strict=True):
            if single(key) == source:
                return value
    return arguments[1]


def to_lower(arguments: Sequence[Operand]) -> Operand:
    """``ToLower(source)``: in lower case, by Unicode's rules, without those of a language."""
    source = single(arguments[0])
    return None if source is None else source.lower()


def to_upper(arguments: Sequence[Operand]) -> Operand:
    """``ToUpper(source)``: in upper case, by Unicode's rules, without those of a language."""
    source = single(arguments[0])
    return None if source is None else source.upper()


FUNCTIONS = MappingProxyType(
    {
        function.name: function
        for function in (
            Function("Append", 2, 2, append),
            Function("Coalesce", 1, None, coalesce),
            Function("Join", 2, None, join),
            Function("Not", 1, 1, negate),
            Function("Switch", 4, None, switch, even=True),
            Function("ToLower", 1, 1, to_lower),
            Function("ToUpper", 1, 1, to_upper),
        )
    }
)
"""By name, which is case sensitive."""
