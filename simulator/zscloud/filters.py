"""The SCIM filter language (RFC 7644 section 3.4.2.2), as far as ZSCloud and PATCH paths use it.

Comparisons and ``and``/``or`` with parentheses are read. Which of them ZSCloud offers for a
listing is decided in ``queries``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from simulator.zscloud.errors import invalid_filter

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<bracket>[()\[\]])|(?P<word>[^\s()\[\]"]+))"""
)
_OPERATORS = ("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le")


@dataclass(frozen=True, slots=True)
class Comparison:
    """``attribute operator value``. ``quoted``: the value stood in quotation marks.

    ``attribute`` keeps its case as sent; ``operator`` is lower case; ``pr`` has an empty value.
    """

    attribute: str
    operator: str
    value: str
    quoted: bool = True


@dataclass(frozen=True, slots=True)
class Compound:
    """Two or more filters joined by ``and`` or by ``or``."""

    operator: str
    parts: tuple[Filter, ...]


Filter = Comparison | Compound


def parse_filter(text: str) -> Filter:
    """The filter that the text says. Raises ``ScimError`` 400 invalidFilter."""
    parser = _Parser(_tokens(text), text)
    found = parser.disjunction()
    parser.end()
    return found


def comparisons(filter: Filter) -> tuple[Comparison, ...]:
    """All comparisons of a filter, from left to right."""
    if isinstance(filter, Comparison):
        return (filter,)
    return tuple(item for part in filter.parts for item in comparisons(part))


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise invalid_filter(f"The filter {text!r} has an unfinished string")
        tokens.append(match.group().strip())
        position = match.end()
    return tokens


class _Parser:
    """Recursive descent; ``and`` binds closer than ``or``."""

    def __init__(self, tokens: list[str], text: str) -> None:
        self._tokens = tokens
        self._text = text
        self._next = 0

    def disjunction(self) -> Filter:
        return self._joined("or", self._conjunction)

    def end(self) -> None:
        if self._next < len(self._tokens):
            raise invalid_filter(f"The filter {self._text!r} goes on after its end")

    def _conjunction(self) -> Filter:
        return self._joined("and", self._term)

    def _joined(self, operator: str, part: Callable[[], Filter]) -> Filter:
        parts = [part()]
        while self._peek().lower() == operator:
            self._take()
            parts.append(part())
        return parts[0] if len(parts) == 1 else Compound(operator, tuple(parts))

    def _term(self) -> Filter:
        if self._peek() == "(":
            self._take()
            inner = self.disjunction()
            if self._take() != ")":
                raise invalid_filter(f"The filter {self._text!r} lacks a closing parenthesis")
            return inner
        return self._comparison()

    def _comparison(self) -> Comparison:
        attribute, operator = self._take(), self._take().lower()
        if operator == "pr":
            return Comparison(attribute, operator, "")
        if operator not in _OPERATORS:
            raise invalid_filter(f"The filter {self._text!r} has no operator {operator!r}")
        value = self._take()
        if not value.startswith('"'):
            return Comparison(attribute, operator, value, quoted=False)
        return Comparison(attribute, operator, self._string(value))

    def _string(self, literal: str) -> str:
        try:
            return str(json.loads(literal))
        except ValueError as error:
            raise invalid_filter(f"The filter {self._text!r} has a malformed string") from error

    def _peek(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        if not token:
            raise invalid_filter(f"The filter {self._text!r} is incomplete")
        self._next += 1
        return token
