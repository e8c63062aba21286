"""Values of simple expressions: literals, lists of them, and parameters by their defaults."""

from __future__ import annotations

from tree_sitter import Node

from tests.infra.bicep.source import Source, plain_string, text_of

Value = str | int | bool | list["Value"]


def value_of(source: Source, node: Node | None) -> Value | None:
    """The value that an expression has when nothing is given, else ``None``."""
    if node is None:
        return None
    if node.type == "string":
        return plain_string(node)
    if node.type in ("number", "boolean"):
        word = text_of(node)
        return int(word) if node.type == "number" else word == "true"
    if node.type == "array":
        items = [value_of(source, child) for child in node.named_children]
        return [item for item in items if item is not None]
    if node.type == "identifier":
        return _named(source, text_of(node))
    if node.type == "call_expression" and text_of(node.named_children[0]) == "string":
        inner = value_of(source, node.named_children[1].named_children[0])
        return None if inner is None else str(inner)
    return None


def _named(source: Source, name: str) -> Value | None:
    declared = {**source.of("param"), **source.of("var")}.get(name)
    return value_of(source, declared.body) if declared else None
