"""What a schema may say, and is mostly not meant: warnings, each with what to write instead."""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.errors import Problem, cut
from provisioning.model import ObjectType
from provisioning.schema.checks import needed
from provisioning.schema.model import AttributeSchema, ObjectSchema, Schema
from provisioning.schema.properties import ALWAYS_SET, PROPERTIES, is_extension
from provisioning.scoping import MEMBER_OF
from provisioning.source_attributes import graph_property


def warnings(schema: Schema) -> tuple[Problem, ...]:
    """Everything that is worth a look, each with its JSON path."""
    return tuple(_both(schema))


def _both(schema: Schema) -> Iterator[Problem]:
    for each in (schema.user, schema.group):
        for attribute in each.attributes:
            yield from _never_cleared(attribute, each.type)
            yield from _empty_matching(attribute, each.type)
            for name in attribute.expression.attributes if attribute.expression else ():
                yield from _unknown_to_graph(name, each.type, f"{attribute.at}.source.expression")
        yield from _filter(each)


def _never_cleared(attribute: AttributeSchema, type: ObjectType) -> Iterator[Problem]:
    expression, path = attribute.expression, attribute.path
    if expression is None or attribute.clear or attribute.create_only or path in needed(type):
        return
    if any(name not in ALWAYS_SET[type] for name in expression.attributes):
        yield Problem(
            f"{attribute.at}.whenEmpty",
            f"{path} keeps its last value in ZSCloud when it has none in Entra any more.",
            'Add "whenEmpty": "clear" if ZSCloud is to lose it too.',
        )


def _empty_matching(attribute: AttributeSchema, type: ObjectType) -> Iterator[Problem]:
    if attribute.matching_priority <= 0 or attribute.expression is None:
        return
    names = attribute.expression.attributes
    if names and ALWAYS_SET[type].isdisjoint(names):
        yield Problem(
            f"{attribute.at}.matchingPriority",
            f"{attribute.path} may have no value: it is made of {', '.join(names)} only, which "
            "Entra does not ask for.",
            "Match by what everybody has, such as userPrincipalName, or add it with Coalesce.",
        )


def _unknown_to_graph(name: str, type: ObjectType, at: str) -> Iterator[Problem]:
    property = graph_property(name)
    if property is None or property in PROPERTIES[type] or is_extension(name):
        return
    yield Problem(
        at,
        f"Graph has no property {cut(name, 60)!r} of a {type.value} that could be read: the next "
        "cycle may fail.",
        "Correct the name.",
    )


def _filter(schema: ObjectSchema) -> Iterator[Problem]:
    groups = () if schema.filter is None else schema.filter.written
    clauses = [clause for group in groups for clause in group.clauses]
    asked = {clause.attribute for clause in clauses if clause.asks_null}
    for clause in clauses:
        name = clause.attribute
        if clause.attribute != MEMBER_OF:
            yield from _unknown_to_graph(name, schema.type, f"{clause.at}.sourceOperandName")
        if clause.null_fails and name not in asked and name not in ALWAYS_SET[schema.type]:
            yield Problem(
                clause.at,
                f"{cut(name, 60)} is often empty, and no value makes the clause false: who has "
                "none is left out.",
                f"If that is not meant, add a group with {cut(name, 60)} IS NULL.",
            )
