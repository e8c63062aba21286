"""Text of an expression to its tree.

The grammar is in ``expressions.lark``. Positions count characters from 1.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from provisioning.errors import Problem, ProvisioningError, cut

if TYPE_CHECKING:
    from lark import Lark, Token
    from lark.exceptions import UnexpectedInput

MAX_LENGTH = 10_000
"""Characters of one expression (Entra: known issues for provisioning)."""

MAX_DEPTH = 50
"""Functions within functions. Entra states none; this one bounds our own recursion."""

_LOGIC = re.compile(r"(and|or)\b|&", re.IGNORECASE)
_LEXED = re.compile(
    r"""(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*\(|"(?:\\.|[^"\\])*"|\[[^\[\]"]+\]|[,)]""", re.DOTALL
)
_NO_LOGIC = "There is no AND and no OR: nest IIF, one for each condition."
_ESCAPED = re.compile(r'\\(["\\])')
_REMEDY = (
    'Write Function(argument, …), [attribute] or "text"; within text, a quote is \\" '
    "and a backslash is \\\\."
)


class InvalidExpression(ProvisioningError):
    """An expression cannot be used. Carries everything that is wrong with it."""

    code = "InvalidExpression"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        text = "; ".join(f"{p.field}: {p.message}" for p in problems)
        super().__init__(text, remedy="; ".join(p.remedy for p in problems))


class Text(msgspec.Struct, frozen=True):
    """A text or number as written; its value is text."""

    value: str
    position: int


class Attribute(msgspec.Struct, frozen=True):
    """A source attribute, ``[name]``."""

    name: str
    position: int


class Word(msgspec.Struct, frozen=True):
    """A word without quotes: a truth value, or the name of a way to compare."""

    value: str
    position: int


class Comparison(msgspec.Struct, frozen=True):
    """Two values and what is asked of them. ``depth`` is that of the deeper one."""

    operator: str
    left: Node
    right: Node
    position: int
    depth: int


class Blank(msgspec.Struct, frozen=True):
    """An argument that was left out between commas. Its value is none."""

    position: int


class Call(msgspec.Struct, frozen=True):
    """A function with its arguments. ``depth`` is 1 for one without functions inside."""

    name: str
    arguments: tuple[Node, ...]
    position: int
    depth: int


Node = Text | Attribute | Word | Blank | Call | Comparison

WORDS = ("True", "False", "vbTextCompare", "vbBinaryCompare")
"""All words there are. Case counts."""


def parse(text: str, field: str) -> Node:
    """The tree of an expression.

    Raises ``InvalidExpression`` under the name ``field`` for wrong syntax, and for an expression
    that is too long or too deep.
    """
    if len(text) > MAX_LENGTH:
        raise _invalid(
            field,
            f"the expression has {len(text)} characters; at most {MAX_LENGTH} are allowed.",
            "Shorten the expression.",
        )
    from lark.exceptions import UnexpectedInput

    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        raise _invalid(field, *_what(error, text)) from error
    node = tree.children[0]
    assert isinstance(node, Text | Attribute | Word | Call)
    if isinstance(node, Call) and node.depth > MAX_DEPTH:
        raise _invalid(
            field,
            f"functions are nested {node.depth} deep; at most {MAX_DEPTH} are allowed.",
            "Nest fewer functions.",
        )
    return node


@cache
def _parser() -> Lark:
    """Built at the first expression: lark is loaded by who needs it, and once."""
    from lark import Lark, Token, Transformer, v_args

    class Builder(Transformer[Token, Node]):
        """Builds the nodes while parsing, innermost first."""

        def ATTRIBUTE(self, token: Token) -> Node:  # noqa: N802 - named by its terminal
            return Attribute(token[1:-1].strip(), _position(token))

        def TEXT(self, token: Token) -> Node:  # noqa: N802
            # Entra escapes the quote and the backslash; any other backslash stands for itself.
            return Text(_ESCAPED.sub(r"\1", token[1:-1]), _position(token))

        def NUMBER(self, token: Token) -> Node:  # noqa: N802
            return Text(str(token), _position(token))

        def HEX(self, token: Token) -> Node:  # noqa: N802
            return Text(str(int(token[2:], 16)), _position(token))

        @v_args(inline=True)
        def word(self, token: Token) -> Node:
            return Word(str(token), _position(token))

        @v_args(inline=True)
        def comparison(self, left: Node, operator: Token, right: Node) -> Node:
            depth = max(_depth(left), _depth(right))
            return Comparison(str(operator), left, right, left.position, depth)

        @v_args(inline=True)
        def call(self, name: Token, *parts: Node | Token) -> Node:
            arguments = _arguments(name, parts)
            inner = max((_depth(argument) for argument in arguments), default=0)
            return Call(str(name), arguments, _position(name), inner + 1)

    grammar = Path(__file__).with_name("expressions.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", transformer=Builder())


def _depth(node: Node) -> int:
    return node.depth if isinstance(node, Call | Comparison) else 0


def _position(token: Token) -> int:
    return (token.start_pos or 0) + 1


def _arguments(name: Token, parts: tuple[Node | Token, ...]) -> tuple[Node, ...]:
    """Arguments between the commas; one that is missing becomes ``Blank``."""
    arguments: list[Node] = []
    pending: Node | None = None
    after = _position(name) + len(name)
    for part in parts:
        if isinstance(part, Node):
            pending = part
            continue
        arguments.append(pending or Blank(after))
        pending, after = None, _position(part) + 1
    if arguments or pending is not None:
        arguments.append(pending or Blank(after))
    return tuple(arguments)


def _what(error: UnexpectedInput, text: str) -> tuple[str, str]:
    """What is wrong, and what to do."""
    from lark.exceptions import UnexpectedToken

    token = error.token if isinstance(error, UnexpectedToken) else None
    if token is not None and token.type == "$END":
        where = _where(text, len(text))
        return f"the expression ends too early, at character {len(text) + 1}{where}.", _REMEDY
    at = error.pos_in_stream or 0
    message = f"unexpected {cut(text[at:], 20)!r} at character {at + 1}{_where(text, at)}."
    return message, _NO_LOGIC if _LOGIC.match(text, at) else _REMEDY


def _where(text: str, end: int) -> str:
    """The function and its argument that a position is in, as far as the text before it tells."""
    open_calls: list[tuple[str, int]] = []
    for found in _LEXED.finditer(text, 0, end):
        if found["name"] is not None:
            open_calls.append((found["name"], 1))
        elif found[0] == "," and open_calls:
            name, argument = open_calls[-1]
            open_calls[-1] = (name, argument + 1)
        elif found[0] == ")" and open_calls:
            open_calls.pop()
    if not open_calls:
        return ""
    name, argument = open_calls[-1]
    return f", in argument {argument} of {cut(name, 40)}"


def _invalid(field: str, message: str, remedy: str) -> InvalidExpression:
    return InvalidExpression((Problem(field, message, remedy),))
