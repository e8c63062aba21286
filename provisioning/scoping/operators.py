"""The operators of clauses, by name.

Entra: "Scoping users or groups to be provisioned with scoping filters" names fourteen and says
what each of them means. The others are additions of ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum

import msgspec

from provisioning.dotnet_regex import InvalidPattern
from provisioning.errors import cut
from provisioning.scoping.dates import date_of, moment_of
from provisioning.scoping.patterns import compile_pattern
from provisioning.scoping.values import Context, Scalar, text_of

Test = Callable[[Scalar, Context], bool]
"""Whether one value of an attribute satisfies a clause. Raises ``Undecided``."""

_INTEGER = re.compile(r"-?[0-9]{1,40}")


class Quantifier(Enum):
    """How many values of a multi-valued attribute have to satisfy a clause."""

    ANY = "ANY"
    ALL = "ALL"


UNSAID = Quantifier.ALL
"""Of an operator without one (Graph: filterOperatorSchema, multivaluedComparisonType)."""


class InvalidOperandError(Exception):
    """A constant that the operator cannot take: what is wrong, and what to write."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class Asks(Enum):
    """What an operator looks at."""

    VALUE = "value"
    PRESENCE = "presence"
    MEMBERSHIP = "membership"


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """An operator. ``addition``: Entra has none of that name. ``negated`` of presence and
    membership: it is true where they are not. ``build`` makes the test of one value from the
    constant, and raises ``InvalidOperandError``; ``operand``: there has to be a constant.
    """

    name: str
    asks: Asks = Asks.VALUE
    addition: bool = False
    negated: bool = False
    operand: bool = True
    build: Callable[[str], Test] | None = None


class NamedOperator(msgspec.Struct, frozen=True):
    """An operator as a clause names it: ``NOT EQUALS``, or ``ANY STARTS_WITH``."""

    operator: Operator
    quantifier: Quantifier | None = None

    @property
    def name(self) -> str:
        """With its quantifier, where it has one."""
        quantifier = "" if self.quantifier is None else f"{self.quantifier.value} "
        return quantifier + self.operator.name


def operator_named(name: str) -> NamedOperator | None:
    """The operator of a name; case, spaces, underscores and hyphens do not matter."""
    folded = _folded(name)
    if folded in _BY_NAME:
        return NamedOperator(_BY_NAME[folded])
    for quantifier in Quantifier:
        found = _BY_NAME.get(folded.removeprefix(quantifier.value))
        if folded.startswith(quantifier.value) and found and found.asks is Asks.VALUE:
            return NamedOperator(found, quantifier)
    return None


def _folded(name: str) -> str:
    return "".join(character for character in name.upper() if character not in " _-")


# --- tests of one value --------------------------------------------------------------------------


def _text(compare: Callable[[str, str], bool]) -> Callable[[str], Test]:
    """A comparison of the value's text with the constant: exact, and case counts."""

    def build(operand: str) -> Test:
        return lambda value, _: compare(text_of(value), operand)

    return build


def _integers(compare: Callable[[int, int], bool]) -> Callable[[str], Test]:
    """A comparison of integers; a value that is none is never greater nor less."""

    def build(operand: str) -> Test:
        limit = _integer(operand)
        if limit is None:
            raise InvalidOperandError(f"{cut(operand, 60)!r} is no integer.", "Write an integer.")

        def test(value: Scalar, _: Context) -> bool:
            number = _integer(text_of(value))
            return number is not None and compare(number, limit)

        return test

    return build


def _integer(text: str) -> int | None:
    return int(text) if _INTEGER.fullmatch(text) else None


def _pattern(*, matches: bool) -> Callable[[str], Test]:
    def build(operand: str) -> Test:
        try:
            found = compile_pattern(operand)
        except InvalidPattern as error:
            message = f"{cut(operand, 60)!r} is no regular expression: {error}"
            raise InvalidOperandError(message, error.remedy) from error
        return lambda value, _: found(text_of(value)) is matches

    return build


def _date(*, before: bool) -> Callable[[str], Test]:
    def build(operand: str) -> Test:
        moment = moment_of(operand.strip())
        if moment is None:
            raise InvalidOperandError(
                f"{cut(operand, 60)!r} is no date.",
                "Write a date (2026-01-31), a moment (2026-01-31T08:00:00Z) or now-30d.",
            )

        def test(value: Scalar, context: Context) -> bool:
            date = date_of(text_of(value))
            if date is None:
                return False
            limit = moment(context.now)
            return date < limit if before else date > limit

        return test

    return build


def _flag(*, wanted: bool) -> Callable[[str], Test]:
    """Only a Boolean value counts, and no text that reads like one."""
    return lambda _: lambda value, _: value is wanted


OPERATORS = (
    Operator(name="EQUALS", build=_text(lambda value, operand: value == operand)),
    Operator(name="NOT EQUALS", build=_text(lambda value, operand: value != operand)),
    Operator(name="INCLUDES", build=_text(lambda value, operand: operand in value)),
    Operator(name="ENDS_WITH", build=_text(str.endswith)),
    Operator(name="REGEX MATCH", build=_pattern(matches=True)),
    Operator(name="NOT REGEX MATCH", build=_pattern(matches=False)),
    Operator(name="GREATER_THAN", build=_integers(int.__gt__)),
    Operator(name="GREATER_THAN_OR_EQUALS", build=_integers(int.__ge__)),
    Operator(name="IS NULL", asks=Asks.PRESENCE, negated=True, operand=False),
    Operator(name="IS NOT NULL", asks=Asks.PRESENCE, operand=False),
    Operator(name="IS TRUE", operand=False, build=_flag(wanted=True)),
    Operator(name="IS FALSE", operand=False, build=_flag(wanted=False)),
    Operator(name="&", build=_text(lambda value, operand: value in operand)),
    Operator(name="!&", build=_text(lambda value, operand: value not in operand)),
    Operator(name="STARTS_WITH", addition=True, build=_text(str.startswith)),
    Operator(name="LESS_THAN", addition=True, build=_integers(int.__lt__)),
    Operator(name="LESS_THAN_OR_EQUALS", addition=True, build=_integers(int.__le__)),
    Operator(name="BEFORE", addition=True, build=_date(before=True)),
    Operator(name="AFTER", addition=True, build=_date(before=False)),
    Operator(name="MEMBER_OF", asks=Asks.MEMBERSHIP, addition=True),
    Operator(name="NOT MEMBER_OF", asks=Asks.MEMBERSHIP, addition=True, negated=True),
)
"""Every operator, in the order of the documentation."""

_BY_NAME = {_folded(operator.name): operator for operator in OPERATORS}
