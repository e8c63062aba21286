"""One object mapping of the file to what it means, with its expressions compiled."""

from __future__ import annotations

from provisioning.errors import Problem, cut
from provisioning.expressions import (
    ADDITIVE,
    Expression,
    InvalidExpression,
    compile_expression,
    text_expression,
)
from provisioning.model import MANAGER, ObjectType
from provisioning.schema.checks import completeness, flow_problems, object_problems
from provisioning.schema.decode import MAX_PROBLEMS, SETTING, problem
from provisioning.schema.export import (
    AttributeDefinition,
    AttributeMapping,
    AttributeMappingSource,
    ObjectDefinition,
    ObjectMapping,
)
from provisioning.schema.filters import resolve_filter
from provisioning.schema.model import MEMBERS, AttributeSchema, ObjectSchema
from provisioning.source_attributes import COMPUTED

_TYPES = ("String", "Boolean", "DateTime", "Integer")
"""Types of target attributes, all of which are written as text but the Boolean."""


def resolve_object(
    type: ObjectType,
    mapping: ObjectMapping,
    source: ObjectDefinition | None,
    target: ObjectDefinition | None,
    problems: list[Problem],
    *,
    whole: bool,
) -> ObjectSchema:
    """The meaning of an object mapping; what is wrong with it is added to ``problems``.

    ``whole`` is false when parts of the file could not be read: then nothing is called missing.
    """
    problems += object_problems(mapping)
    known = {a.name for a in source.attributes} | COMPUTED if source else None
    defined = {a.name: a for a in target.attributes} if target else None
    attributes: list[AttributeSchema] = []
    seen: set[str] = set()
    for item in mapping.attribute_mappings:
        if len(problems) >= MAX_PROBLEMS:
            break
        definition = _target(item, type, defined, seen, problems)
        seen.add(item.target_attribute_name)
        expression = _expression(item, known, problems)
        if definition is not None and item.target_attribute_name != MEMBERS:
            attributes.append(_attribute(item, definition, expression))
            problems += flow_problems(item, definition, type)
    if whole:
        problems += completeness(type, mapping, seen, attributes)
    filter = resolve_filter(type, mapping.scope, source, problems, whole=whole)
    return ObjectSchema(type, tuple(attributes), filter)


def _attribute(
    item: AttributeMapping, definition: AttributeDefinition, expression: Expression | None
) -> AttributeSchema:
    return AttributeSchema(
        path=item.target_attribute_name,
        type=definition.type,
        expression=expression,
        default=item.default_value or None,
        create_only=item.flow_type == "ObjectAddOnly",
        clear=item.when_empty == "clear",
        matching_priority=item.matching_priority,
        at=item.at,
        default_always=item.default_when == "always",
        many=definition.multivalued or "[" in definition.name,
        additive=item.flow_type == "MultiValueAddOnly"
        or (expression is not None and ADDITIVE in expression.functions),
        fill_only=item.flow_type in ("ValueAddOnly", "AttributeAddOnly"),
    )


def _target(
    item: AttributeMapping,
    type: ObjectType,
    defined: dict[str, AttributeDefinition] | None,
    seen: set[str],
    problems: list[Problem],
) -> AttributeDefinition | None:
    """The definition of the target attribute, if it can be written."""
    name, at = item.target_attribute_name, f"{item.at}.targetAttributeName"
    definition = (defined or {}).get(name)
    if name in seen:
        problems.append(problem(at, f"{name!r} is mapped a second time.", "Keep one mapping."))
        return None
    if definition is None:
        if defined is not None:
            remedy = "Correct the name, or define it in $.directories."
            message = f"{cut(name, 100)!r} is not defined for the target object."
            problems.append(problem(at, message, remedy))
        return None
    if name == MEMBERS and type is ObjectType.GROUP:
        source = item.source
        if source is None or (source.expression or f"[{source.name}]").strip() != "[members]":
            problems.append(problem(at, "members can be mapped from [members] only."))
        return definition
    if definition.type == "Reference" and _is_manager(name) and type is ObjectType.USER:
        source = item.source
        if source is None or (source.expression or f"[{source.name}]").strip() != f"[{MANAGER}]":
            problems.append(problem(at, f"{name!r} can be mapped from [{MANAGER}] only."))
        return definition
    if definition.type not in _TYPES:
        message = f"{name!r} is of type {definition.type}; {', '.join(_TYPES)} are possible."
        problems.append(problem(at, message, "Remove the mapping."))
        return None
    return definition


def _is_manager(name: str) -> bool:
    """The one reference of users (RFC 7643 section 4.3)."""
    return name.rpartition(":")[2] == MANAGER


def _expression(
    item: AttributeMapping, known: set[str] | None, problems: list[Problem]
) -> Expression | None:
    """The compiled source; ``None`` for no source, and for one that is wrong."""
    if item.source is None:
        return None
    at = f"{item.source.at}.expression"
    try:
        expression = _compiled(item.source, f"{SETTING} {at}")
    except InvalidExpression as error:
        problems += error.problems
        return None
    for name in expression.attributes:
        if known is not None and name not in known:
            message = f"the source attribute {cut(name, 100)!r} is not defined."
            remedy = "Correct the name (case counts), or define it in $.directories."
            problems.append(problem(at, message, remedy))
    return expression


def _compiled(source: AttributeMappingSource, field: str) -> Expression:
    text = (source.expression or "").strip()
    if source.type == "Attribute":
        text = text or f"[{source.name or ''}]"
    elif source.type == "Constant" and not text.startswith('"'):
        return text_expression(text or source.name or "")
    return compile_expression(text, field)
