"""What an object mapping must not say, beyond the form of the file."""

from __future__ import annotations

from provisioning.errors import Problem
from provisioning.model import ObjectType
from provisioning.schema.decode import problem
from provisioning.schema.export import AttributeDefinition, AttributeMapping, ObjectMapping
from provisioning.schema.model import MEMBERS, NAME, AttributeSchema

_NEEDED = {
    ObjectType.USER: ("userName", "displayName", "active"),
    ObjectType.GROUP: ("displayName", MEMBERS),
}
"""Attributes without a mapping of which nothing works: names, and the switch for leavers."""

_ALL_FLOWS = {"add", "update", "delete"}


def needed(type: ObjectType) -> frozenset[str]:
    """Attributes that are never cleared."""
    return frozenset((*_NEEDED[type], "externalId"))


def object_problems(mapping: ObjectMapping) -> list[Problem]:
    """What an object mapping asks for and does not get. Ignoring it would provision too much."""
    found: list[Problem] = []
    if not mapping.enabled:
        found.append(
            problem(
                f"{mapping.at}.enabled",
                "a mapping of users or groups cannot be switched off in this version.",
                "Set it to true.",
            )
        )
    flows = {word.strip().lower() for word in (mapping.flow_types or "").split(",")} - {""}
    if flows and flows != _ALL_FLOWS:
        found.append(
            problem(
                f"{mapping.at}.flowTypes",
                f"{mapping.flow_types!r} cannot be limited here.",
                "Write Add,Update,Delete; the settings ON_UNASSIGN and its siblings decide what "
                "happens to those who leave.",
            )
        )
    return found


def flow_problems(
    item: AttributeMapping, definition: AttributeDefinition, type: ObjectType
) -> list[Problem]:
    """What the flow of one attribute must not be: an object keeps what it needs."""
    return [*_source_problems(item, type), *_value_problems(item, definition, type)]


def _source_problems(item: AttributeMapping, type: ObjectType) -> list[Problem]:
    name, at = item.target_attribute_name, f"{item.at}.source"
    if item.source is None:
        if name not in _NEEDED[type]:
            return []
        return [problem(at, f"{name!r} needs a source.", "Map it from a source attribute.")]
    text = (item.source.expression or f"[{item.source.name}]").strip()
    if name == "active" and text == "[IsSoftDeleted]":
        # Entra's SCIM page labels the mapping so, and means its negation.
        message = "[IsSoftDeleted] as it is would switch off everybody who is to have access."
        return [problem(f"{at}.expression", message, "Write Not([IsSoftDeleted]).")]
    return []


def _value_problems(
    item: AttributeMapping, definition: AttributeDefinition, type: ObjectType
) -> list[Problem]:
    name, at = item.target_attribute_name, item.at
    found: list[Problem] = []
    clear = item.when_empty == "clear"
    if clear and item.flow_type == "ObjectAddOnly":
        message = "an attribute that is written on creation only cannot be cleared later."
        found.append(problem(f"{at}.whenEmpty", message, "Write keep, or flowType Always."))
    if clear and (name in _NEEDED[type] or name == "externalId"):
        message = f"{name!r} must never be cleared."
        found.append(problem(f"{at}.whenEmpty", message, "Write keep, or remove the field."))
    if name == "active" and item.flow_type != "Always":
        message = f"'active' with {item.flow_type} would never switch a leaver off."
        found.append(problem(f"{at}.flowType", message, "Write Always."))
    if item.matching_priority < 0:
        message = f"{item.matching_priority} is negative."
        remedy = "Write 0 for an attribute that does not match, else 1, 2 and so on."
        found.append(problem(f"{at}.matchingPriority", message, remedy))
    if definition.type == "Boolean" and item.default_value not in (None, "", "True", "False"):
        message = f"{item.default_value!r} is no Boolean."
        found.append(problem(f"{at}.defaultValue", message, "Write True, False or null."))
    return found


def completeness(
    type: ObjectType, mapping: ObjectMapping, seen: set[str], attributes: list[AttributeSchema]
) -> list[Problem]:
    """What must be mapped: names, the switch for leavers, members, and what ZSCloud finds by."""
    at = f"{mapping.at}.attributeMappings"
    missing = [name for name in _NEEDED[type] if name not in seen]
    found = [problem(at, f"{name!r} is not mapped.", "Add its mapping.") for name in missing]
    by_name = next((a for a in attributes if a.path == NAME[type]), None)
    if by_name is not None and by_name.matching_priority == 0:
        message = f"{NAME[type]!r} is no matching attribute."
        remedy = f"Give {NAME[type]} a matchingPriority above 0: ZSCloud's names are unique."
        found.append(problem(at, message, remedy))
    for each in attributes:
        if each.matching_priority > 0 and not _can_match(each):
            message = f"{each.path!r} cannot be matched by: it needs one text, and a source."
            remedy = "Write matchingPriority 0, or match by an attribute of type String."
            found.append(problem(f"{each.at}.matchingPriority", message, remedy))
    return found


def _can_match(attribute: AttributeSchema) -> bool:
    """Whether ZSCloud can be asked for objects with its value (RFC 7644 section 3.4.2.2)."""
    named = attribute.path in NAME.values()  # Of a name without a source much is said already.
    has_source = attribute.expression is not None or named
    return attribute.type == "String" and has_source and not attribute.many
