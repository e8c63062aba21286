"""What a function is: its parameters, what it gives, and how it deviates from Entra's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from provisioning.expressions.operands import Operand
from provisioning.expressions.readers import ANY, Reader
from provisioning.expressions.surroundings import Surroundings

Row = Mapping[str, Any]
"""The source attributes by name."""

Evaluate = Callable[[Row, Surroundings], Operand]
"""From the source attributes and the surroundings to the value."""

Check = Callable[[Sequence[Any]], str | None]
"""What is wrong with the arguments of a call together, if anything. See ``Function.check``."""


class Parameter(msgspec.Struct, frozen=True):
    """One argument: its name in Entra's reference, and how its value is read.

    ``optional`` may be left out at the end. One that is not ``blank`` must not be left blank
    between commas. Only a ``condition`` takes a comparison, only ``raw`` an attribute as Graph
    gives it.
    """

    name: str
    reader: Reader = ANY
    optional: bool = False
    blank: bool = True
    condition: bool = False
    raw: bool = False


class Function(msgspec.Struct, frozen=True):
    """A function of the language.

    ``repeated`` of the last parameters may come any number of times. ``evaluate`` takes the
    arguments as their readers gave them; with ``surrounded`` the surroundings come first, and
    with ``placed`` which of such functions it is in the expression, from 1. ``build`` makes the
    evaluation of one that evaluates its arguments itself. ``check`` sees the arguments before any
    object: constants as read, ``UNKNOWN_YET`` for what depends on the object, ``ABSENT`` for what
    is blank; with ``tells_blank`` ``evaluate`` sees that too, else ``None``. ``refused`` says why
    it cannot be used. ``grows`` bounds what it gives. ``deviation`` is where it is other than
    Entra's.
    """

    name: str
    parameters: tuple[Parameter, ...]
    gives: str
    evaluate: Callable[..., Operand] | None = None
    build: Callable[[Sequence[Evaluate]], Evaluate] | None = None
    repeated: int = 0
    surrounded: bool = False
    placed: bool = False
    grows: bool = False
    tells_blank: bool = False
    check: Check | None = None
    refused: str = ""
    remedy: str = ""
    deviation: str = ""

    @property
    def minimum(self) -> int:
        """The least number of arguments."""
        return sum(not parameter.optional for parameter in self.parameters)

    @property
    def maximum(self) -> int | None:
        """The largest number of arguments; ``None`` for any."""
        return None if self.repeated else len(self.parameters)

    def accepts(self, count: int) -> bool:
        """Whether that many arguments fit."""
        if self.repeated:
            return count >= self.minimum and (count - self.minimum) % self.repeated == 0
        return self.minimum <= count <= len(self.parameters)

    def parameter(self, index: int) -> Parameter:
        """The parameter of an argument, from 0."""
        size = len(self.parameters)
        if index < size or not self.repeated:
            return self.parameters[index]
        return self.parameters[size - self.repeated + (index - size) % self.repeated]

    @property
    def arity(self) -> str:
        """The number of arguments, for people."""
        least, most = self.minimum, self.maximum
        if most == least:
            return f"{least or 'no'} argument{'s' if least != 1 else ''}"
        upper = "or more" if most is None else f"to {most}"
        return f"{least} {upper} arguments{', an even number' if self.repeated == 2 else ''}"

    @property
    def signature(self) -> str:
        """The function as it is written: ``Mid(source, start, length)``, options in brackets."""
        words = [f"[{p.name}]" if p.optional else p.name for p in self.parameters]
        return f"{self.name}({', '.join([*words, '…'] if self.repeated else words)})"
