"""The mappings of a schema, ready to be used many times. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from provisioning.expressions import EvaluationError, Expression, Surroundings
from provisioning.mapping.mapped import FlowRules
from provisioning.mapping.object_mapping import (
    AttributeSource,
    Flow,
    MatchingAttribute,
    ObjectMapping,
    Read,
)
from provisioning.mapping.values import UnfitValueError, conversion
from provisioning.model import ObjectType
from provisioning.schema import AttributeSchema, ObjectSchema, Schema, digest
from provisioning.source_attributes import ROLES, graph_property


class CompiledSchema(msgspec.Struct, frozen=True):
    """The mappings of users and of groups. ``digest`` differs for schemas that mean something
    else.
    """

    user: ObjectMapping
    group: ObjectMapping
    digest: str = ""


def compile_schema(schema: Schema) -> CompiledSchema:
    """The mappings of a checked schema."""
    return CompiledSchema(_compile(schema.user), _compile(schema.group), digest(schema))


def _compile(schema: ObjectSchema) -> ObjectMapping:
    flows = [_flow(a, schema.type) for a in schema.attributes]
    matching = sorted(
        (a for a in schema.attributes if a.matching_priority > 0),
        key=lambda a: a.matching_priority,
    )
    names = [name for a in schema.attributes if a.expression for name in a.expression.attributes]
    names += schema.filter.attributes if schema.filter else ()
    properties = (graph_property(name) for name in names)
    return ObjectMapping(
        type=schema.type,
        source_properties=tuple(dict.fromkeys(name for name in properties if name)),
        target_paths=tuple(a.path for a in schema.attributes),
        matching=tuple(
            MatchingAttribute(a.path, a.expression.text) for a in matching if a.expression
        ),
        _flows=tuple(flow for flow in flows if flow is not None),
        rules=_rules(schema),
        filter=schema.filter,
        references=tuple(a.path for a in schema.attributes if a.type == "Reference"),
        roles=ROLES in names,
        sources=tuple(_source(a) for a in schema.attributes),
    )


def _rules(schema: ObjectSchema) -> FlowRules:
    def paths(chosen: Callable[[AttributeSchema], object]) -> tuple[str, ...]:
        return tuple(a.path for a in schema.attributes if chosen(a))

    return FlowRules(
        defaults={a.path: _default(a) for a in schema.attributes if a.default is not None},
        create_only=frozenset(paths(lambda a: a.create_only)),
        fill_only=frozenset(paths(lambda a: a.fill_only)),
        additive=frozenset(paths(lambda a: a.additive)),
        clearable=paths(lambda a: a.clear),
        keep=frozenset(paths(lambda a: not a.clear)),
        lists=frozenset(paths(lambda a: a.many and "[" not in a.path)),
        redacted=frozenset(paths(lambda a: a.expression and a.expression.redacted)),
    )


def _source(attribute: AttributeSchema) -> AttributeSource:
    expression = attribute.expression
    if expression is None:
        return AttributeSource(attribute.path, None, (), redacted=False)
    return AttributeSource(
        attribute.path, expression.text, expression.attributes, redacted=expression.redacted
    )


def _default(attribute: AttributeSchema) -> str | bool:
    default = attribute.default or ""
    return default == "True" if attribute.type == "Boolean" else default


def _flow(attribute: AttributeSchema, type: ObjectType) -> Flow | None:
    if attribute.expression is None:
        return None
    direct = attribute.direct
    read = _evaluated(attribute.expression, attribute.path) if direct is None else _property(direct)
    default = _default(attribute) if attribute.default_always else None
    return Flow(attribute.path, read, conversion(attribute, type), default)


def _property(name: str) -> Read:
    return lambda row, _: row.get(name)


def _evaluated(expression: Expression, path: str) -> Read:
    """The value of an expression; what it cannot give is a problem of this attribute alone."""

    def read(row: Mapping[str, Any], around: Surroundings) -> Any:
        if expression.random and around.seed is not None:
            seed = around.seed + b"\0" + path.encode()
            around = msgspec.structs.replace(around, seed=seed)
        try:
            return expression.evaluate(row, around)
        except EvaluationError as error:
            raise UnfitValueError(f"has no value: {error}", error.remedy, "") from error

    return read
