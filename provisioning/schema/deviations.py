"""Where this program does with an export of Entra something else than Entra does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from provisioning.expressions import FUNCTIONS
from provisioning.expressions.syntax import Call, Comparison, Node
from provisioning.schema.model import AttributeSchema, ObjectSchema, Schema


class Deviation(msgspec.Struct, frozen=True):
    """What is other than in Entra, and at which JSON paths or for which targets."""

    subject: str
    where: tuple[str, ...]
    what: str


def deviations(schema: Schema, export: Any) -> tuple[Deviation, ...]:
    """All of them, for a schema and the export that it was read from."""
    return (*_functions(schema), *_flows(export), *_values(schema), *_filters(schema))


def _functions(schema: Schema) -> Iterator[Deviation]:
    used: dict[str, list[str]] = {}
    for attribute in _attributes(schema):
        for name in _calls(attribute.expression.node) if attribute.expression else ():
            used.setdefault(name, []).append(attribute.path)
    for name, paths in sorted(used.items()):
        if FUNCTIONS[name].deviation:
            yield Deviation(name, tuple(dict.fromkeys(paths)), FUNCTIONS[name].deviation)


def _calls(node: Node) -> Iterator[str]:
    if isinstance(node, Call):
        yield node.name
        for argument in node.arguments:
            yield from _calls(argument)
    elif isinstance(node, Comparison):
        yield from _calls(node.left)
        yield from _calls(node.right)


def _flows(export: Any) -> Iterator[Deviation]:
    always = [
        item["targetAttributeName"]
        for rule in export["synchronizationRules"]
        for mapping in rule["objectMappings"]
        for item in mapping["attributeMappings"]
        if item.get("flowBehavior") == "FlowAlways"
    ]
    if always:
        what = "It is written when it differs from what ZSCloud has, not with every cycle."
        yield Deviation("FlowAlways", tuple(dict.fromkeys(always)), what)


def _values(schema: Schema) -> Iterator[Deviation]:
    cleared = [a.path for a in _attributes(schema) if a.clear]
    if cleared:
        what = "Without a value in Entra, ZSCloud loses its value too; Entra keeps it for ever."
        yield Deviation("whenEmpty", tuple(cleared), what)
    several = [each for each in (schema.user, schema.group) if _matching(each) > 1]
    for each in several:
        what = "An account that is linked once is found by its id, also when these values change."
        yield Deviation("matchingPriority", (each.type.value,), what)


def _matching(schema: ObjectSchema) -> int:
    return sum(attribute.matching_priority > 0 for attribute in schema.attributes)


def _filters(schema: Schema) -> Iterator[Deviation]:
    clauses = [
        clause
        for each in (schema.user, schema.group)
        if each.filter is not None
        for group in each.filter.written
        for clause in group.clauses
    ]
    ours = dict.fromkeys(clause.name for clause in clauses if clause.operator.addition)
    if ours:
        what = "Entra has no such operator: the file cannot be given back to it."
        yield Deviation("operators", tuple(ours), what)
    if clauses:
        what = (
            "Who is left out leaves as ON_OUT_OF_FILTER says, and the brake counts it. A clause "
            "that cannot be decided takes nobody out."
        )
        yield Deviation("scoping filter", tuple(clause.at for clause in clauses[:1]), what)


def _attributes(schema: Schema) -> Iterator[AttributeSchema]:
    yield from schema.user.attributes
    yield from schema.group.attributes
