"""Bicep files as syntax trees, with what they declare."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

from tests.infra.bicep.finding import Finding

Kind = Literal["param", "var", "resource", "module", "output"]

_KINDS: Mapping[str, Kind] = {
    "parameter_declaration": "param",
    "variable_declaration": "var",
    "resource_declaration": "resource",
    "module_declaration": "module",
    "output_declaration": "output",
}
_LANGUAGE = Language(tree_sitter_bicep.language())
# The grammar is older than this statement: it is taken out before parsing, and checked apart.
_EXTENSION = re.compile(r"^extension (\w+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declared name. ``body`` is the default, the value, or the object; ``reference`` is the
    type of a resource or the path of a module.
    """

    kind: Kind
    name: str
    node: Node
    decorators: frozenset[str]
    reference: str
    body: Node | None

    @property
    def line(self) -> int:
        """The line of its name, from 1."""
        return self.node.start_point.row + 1

    @property
    def existing(self) -> bool:
        """Whether it names a resource that something else makes."""
        return any(child.type == "existing" for child in self.node.children)

    @property
    def secure(self) -> bool:
        """Whether its value is a secret."""
        return "secure" in self.decorators


@dataclass(frozen=True, slots=True)
class Source:
    """One file. ``path`` is relative to the folder of the templates."""

    path: str
    root: Node
    declarations: tuple[Declaration, ...]
    extensions: tuple[str, ...]

    def of(self, kind: Kind) -> Mapping[str, Declaration]:
        """The declarations of a kind by name."""
        return {each.name: each for each in self.declarations if each.kind == kind}

    def find(self, code: str, node: Node, message: str) -> Finding:
        """A finding at a node of this file."""
        return Finding(self.path, node.start_point.row + 1, code, message)


def read_templates(folder: Path) -> Mapping[str, str]:
    """The text of every template under a folder, by its path relative to it."""
    paths = sorted(folder.rglob("*.bicep"))
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in paths}


def parse(path: str, text: str) -> Source:
    """The tree of a file. Syntax errors stay in the tree: ``check_syntax`` finds them."""
    extensions = tuple(_EXTENSION.findall(text))
    plain = _EXTENSION.sub(lambda found: "//" + found[0][2:], text)
    root = Parser(_LANGUAGE).parse(plain.encode()).root_node
    return Source(path, root, tuple(_declarations(root)), extensions)


def check_syntax(source: Source) -> Iterator[Finding]:
    """Every place that the grammar does not take."""
    for node in walk(source.root):
        if node.is_error or node.is_missing:
            yield source.find("syntax", node, f"not understood: {text_of(node)[:60]!r}")


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it."""
    yield node
    for child in node.children:
        yield from walk(child)


def text_of(node: Node) -> str:
    """The text of a node."""
    return (node.text or b"").decode()


def plain_string(node: Node | None) -> str | None:
    """The value of a string without interpolation, else ``None``."""
    if node is None or node.type != "string":
        return None
    if any(child.type == "interpolation" for child in node.named_children):
        return None
    return text_of(node)[1:-1]


def properties(node: Node | None) -> Mapping[str, Node]:
    """The values of an object by key; those of the object in a condition or a loop."""
    while node is not None and node.type in ("if_statement", "for_statement"):
        node = node.named_children[-1]
    found: dict[str, Node] = {}
    for child in node.named_children if node is not None and node.type == "object" else ():
        if child.type == "object_property":
            key, *value = child.named_children
            found[plain_string(key) or text_of(key)] = value[-1] if value else key
    return found


def _declarations(root: Node) -> Iterator[Declaration]:
    decorators: frozenset[str] = frozenset()
    for node in root.named_children:
        if node.type == "decorators":
            decorators = frozenset(_decorators(node))
        elif node.type in _KINDS:
            yield _declaration(_KINDS[node.type], node, decorators)
        if node.type not in ("decorators", "comment"):
            decorators = frozenset()


def _decorators(node: Node) -> Iterator[str]:
    for each in walk(node):
        if each.type == "decorator":
            yield text_of(each).removeprefix("@").partition("(")[0]


def _declaration(kind: Kind, node: Node, decorators: frozenset[str]) -> Declaration:
    name, *rest = node.named_children
    reference = ""
    if kind in ("resource", "module"):
        reference = plain_string(rest[0]) or text_of(rest[0])
        rest = rest[1:]
    elif kind in ("param", "output"):
        rest = rest[1:]
    body = rest[-1] if rest else None
    return Declaration(kind, text_of(name), node, decorators, reference, body)
