"""The schema file to the schema, checked as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from provisioning.errors import ConfigurationError, Problem, cut
from provisioning.model import ObjectType
from provisioning.schema.decode import SETTING, decode, problem
from provisioning.schema.export import (
    DirectoryDefinition,
    ObjectDefinition,
    ObjectMapping,
    SynchronizationRule,
    SynchronizationSchema,
)
from provisioning.schema.model import ObjectSchema, Schema
from provisioning.schema.resolve import resolve_object

SHIPPED = Path(__file__).with_name("zscloud.json")
"""The attribute mappings of Entra's gallery application *Zscaler ZSCloud*."""

_TYPES = {"user": ObjectType.USER, "group": ObjectType.GROUP}


def load_schema(path: Path | None) -> Schema:
    """The schema of a file in the form of Entra's export; the shipped one without a path.

    Raises ``ConfigurationError`` with everything that is wrong, each with its JSON path.
    """
    export = _decoded(path or SHIPPED)
    problems: list[Problem] = []
    schema = decode(SynchronizationSchema, export, "$", problems)
    whole = not problems
    objects: dict[ObjectType, ObjectSchema] = {}
    for rule in schema.synchronization_rules if schema else ():
        for mapping in rule.object_mappings:
            assert schema is not None
            type = _object_type(mapping, objects, problems)
            if type is not None:
                source, target = _definitions(schema, rule, mapping, problems if whole else [])
                objects[type] = resolve_object(type, mapping, source, target, problems, whole=whole)
    if whole:
        problems += _missing(objects)
    if problems:
        raise ConfigurationError(tuple(problems))
    return Schema(objects[ObjectType.USER], objects[ObjectType.GROUP])


def _decoded(path: Path) -> Any:
    try:
        return msgspec.json.decode(path.read_bytes())
    except OSError as error:
        message = f"{str(path)!r} cannot be read: {error.strerror or error}."
        remedy = "Give the path of a schema file, or leave the setting empty for the shipped one."
        raise ConfigurationError((Problem(SETTING, message, remedy),)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"{str(path)!r} is not JSON: {cut(str(error))}."
        remedy = "Give a schema as Entra exports it, in JSON."
        raise ConfigurationError((Problem(SETTING, message, remedy),)) from error


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
