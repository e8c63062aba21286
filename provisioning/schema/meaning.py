"""What a schema means, as text: the same for two files that only look different.

White space in expressions, the order of mappings, groups and clauses, and names mean nothing.
"""

from __future__ import annotations

import hashlib

from provisioning.expressions import Expression
from provisioning.expressions.syntax import Attribute, Blank, Call, Comparison, Node, Text
from provisioning.schema.model import AttributeSchema, ObjectSchema, Schema
from provisioning.scoping import ScopingFilter, WrittenGroup


def digest(schema: Schema) -> str:
    """Differs for schemas of different meaning."""
    text = "\n".join(_object_text(each) for each in (schema.user, schema.group))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def expression_text(expression: Expression | None) -> str | None:
    """The expression in one form of writing; ``None`` for no source."""
    return None if expression is None else _node_text(expression.node)


def group_text(group: WrittenGroup) -> str:
    """A group of clauses, without its name."""
    return " and ".join(sorted({clause.text for clause in group.clauses}))


def filter_texts(filter: ScopingFilter | None) -> frozenset[str]:
    """The groups of a filter, one of which has to be true; none when there is no filter."""
    return frozenset() if filter is None else frozenset(map(group_text, filter.written))


def _object_text(schema: ObjectSchema) -> str:
    attributes = sorted(map(_attribute_text, schema.attributes))
    return "\n".join([schema.type.value, *attributes, *sorted(filter_texts(schema.filter))])


def _attribute_text(attribute: AttributeSchema) -> str:
    parts = (
        attribute.path,
        attribute.type,
        expression_text(attribute.expression),
        attribute.default,
        attribute.create_only,
        attribute.clear,
        attribute.matching_priority,
        attribute.default_always,
        attribute.many,
        attribute.additive,
        attribute.fill_only,
    )
    return " ".join(map(repr, parts))


def _node_text(node: Node) -> str:
    if isinstance(node, Attribute):
        return f"[{node.name}]"
    if isinstance(node, Text):
        escaped = node.value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(node, Blank):
        return ""
    if isinstance(node, Call):
        return f"{node.name}({', '.join(map(_node_text, node.arguments))})"
    if isinstance(node, Comparison):
        return f"{_node_text(node.left)} {node.operator} {_node_text(node.right)}"
    return node.value
