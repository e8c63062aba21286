"""The schema file to the schema, checked as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from provisioning.errors import ConfigurationError, Problem, cut
from provisioning.model import ObjectType
from provisioning.schema.decode import MAX_PROBLEMS, decode, problem
from provisioning.schema.export import (
    DirectoryDefinition,
    ObjectDefinition,
    ObjectMapping,
    SynchronizationRule,
    SynchronizationSchema,
)
from provisioning.schema.model import ObjectSchema, Schema
from provisioning.schema.reading import read_export
from provisioning.schema.resolve import resolve_object

MAX_MAPPINGS = 100
"""Attribute mappings of one object mapping. ZSCloud has ten attributes."""

MAX_CLAUSES = 200
"""Clauses of one filter."""

SHIPPED = Path(__file__).with_name("zscloud.json")
"""The attribute mappings of Entra's gallery application *Zscaler ZSCloud*."""

_TYPES = {"user": ObjectType.USER, "group": ObjectType.GROUP}


def load_schema(path: Path | None) -> Schema:
    """The schema of a file in the form of Entra's export; the shipped one without a path.

    Raises ``ConfigurationError`` with everything that is wrong, each with its JSON path.
    """
    return schema_of(read_export(path or SHIPPED))


def schema_of(export: Any) -> Schema:
    """The schema of an export that was read. Raises as ``load_schema`` does."""
    problems: list[Problem] = []
    schema = decode(SynchronizationSchema, export, "$", problems)
    whole = not problems
    if schema is not None and (too_many := tuple(_too_many(schema))):
        raise ConfigurationError(_bounded([*too_many, *problems]))
    objects: dict[ObjectType, ObjectSchema] = {}
    for rule in schema.synchronization_rules if schema else ():
        for mapping in rule.object_mappings:
            assert schema is not None
            if len(problems) >= MAX_PROBLEMS:
                break
            type = _object_type(mapping, objects, problems)
            if type is not None:
                source, target = _definitions(schema, rule, mapping, problems if whole else [])
                objects[type] = resolve_object(type, mapping, source, target, problems, whole=whole)
    if whole:
        problems += _missing(objects)
    if problems:
        raise ConfigurationError(_bounded(problems))
    return Schema(objects[ObjectType.USER], objects[ObjectType.GROUP])


def _bounded(problems: list[Problem]) -> tuple[Problem, ...]:
    if len(problems) <= MAX_PROBLEMS:
        return tuple(problems)
    message = f"has more than {MAX_PROBLEMS} problems; the others are not shown."
    return (*problems[:MAX_PROBLEMS], problem("$", message, "Correct these first."))


def _too_many(schema: SynchronizationSchema) -> Iterator[Problem]:
    """What would take too long to compile, and what no principal's evaluation should cost."""
    mappings = [each for rule in schema.synchronization_rules for each in rule.object_mappings]
    for mapping in mappings:
        groups = () if mapping.scope is None else mapping.scope.groups or ()
        for what, number, most in (
            ("attribute mappings", len(mapping.attribute_mappings), MAX_MAPPINGS),
            ("clauses", sum(len(group.clauses or ()) for group in groups), MAX_CLAUSES),
        ):
            if number > most:
                message = f"has {number} {what}; at most {most} are allowed."
                yield problem(mapping.at, message, "Remove what is not used.")


def _object_type(
    mapping: ObjectMapping, seen: dict[ObjectType, ObjectSchema], problems: list[Problem]
) -> ObjectType | None:
    """What the mapping is about; ``None`` when it is not to be used."""
    type = _TYPES.get(mapping.source_object_name.lower())
    if type is None and mapping.enabled:
        problems.append(
            problem(
                f"{mapping.at}.sourceObjectName",
                f"{cut(mapping.source_object_name, 60)!r} cannot be provisioned.",
                "Use User and Group; set enabled to false for other object mappings.",
            )
        )
    if type in seen:
        problems.append(
            problem(
                mapping.at,
                f"is a second mapping of {mapping.source_object_name} objects.",
                "Keep one object mapping for users and one for groups.",
            )
        )
        return None
    return type


def _definitions(
    schema: SynchronizationSchema,
    rule: SynchronizationRule,
    mapping: ObjectMapping,
    problems: list[Problem],
) -> tuple[ObjectDefinition | None, ObjectDefinition | None]:
    """The definitions of the mapping's objects in their directories."""
    found = []
    for directory, name in (
        (rule.source_directory_name, mapping.source_object_name),
        (rule.target_directory_name, mapping.target_object_name),
    ):
        definition = _definition(schema.directories, directory, name)
        if definition is None:
            problems.append(
                problem(
                    mapping.at,
                    f"the object {cut(name, 60)!r} of directory {cut(directory, 60)!r} has no "
                    "definition.",
                    "Add it to $.directories, or export the schema with its directories.",
                )
            )
        found.append(definition)
    return found[0], found[1]


def _definition(
    directories: tuple[DirectoryDefinition, ...], directory: str, name: str
) -> ObjectDefinition | None:
    for candidate in directories:
        if candidate.name == directory:
            for definition in candidate.objects:
                if definition.name == name:
                    return definition
    return None


def _missing(objects: dict[ObjectType, ObjectSchema]) -> list[Problem]:
    return [
        problem(
            "$.synchronizationRules",
            f"has no object mapping of {name.capitalize()} objects.",
            "Users and groups both need one.",
        )
        for name, type in _TYPES.items()
        if type not in objects
    ]
