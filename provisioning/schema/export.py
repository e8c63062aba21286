"""A synchronization schema as Entra exports it, as far as it is used here.

Graph: synchronizationSchema, synchronizationRule, objectMapping, attributeMapping,
attributeMappingSource, filter, filterGroup, filterClause, filterOperand, directoryDefinition,
objectDefinition, attributeDefinition.
Fields that are not named here are ignored.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Located(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An object of the file. ``at`` is its JSON path, and no field of the file."""

    at: str = "$"


class AttributeMappingSource(Located, frozen=True, kw_only=True):
    """Where a value comes from. ``expression`` says the same as ``name`` and the parameters."""

    expression: str | None = None
    name: str | None = None
    type: Literal["Attribute", "Constant", "Function"] = "Function"


class AttributeMapping(Located, frozen=True, kw_only=True):
    """How one target attribute gets its value. ``whenEmpty`` is our own addition: ``clear``
    removes the target's value when the source has none; ``keep`` leaves it, as Entra does.
    ``defaultWhen`` is ours, too: Entra uses a default on a ``create`` only; ``always`` is whenever
    the source has no value.
    """

    target_attribute_name: str
    source: AttributeMappingSource | None = None
    flow_type: Literal[
        "Always", "ObjectAddOnly", "MultiValueAddOnly", "ValueAddOnly", "AttributeAddOnly"
    ] = "Always"
    flow_behavior: Literal["FlowWhenChanged", "FlowAlways"] = "FlowWhenChanged"
    default_value: str | None = None
    matching_priority: int = 0
    when_empty: Literal["clear", "keep"] = "keep"
    default_when: Literal["create", "always"] = "create"


class FilterOperand(Located, frozen=True, kw_only=True):
    """The constants of a clause; operators that take none may have empty ones."""

    values: tuple[str, ...] | None = None


class FilterClause(Located, frozen=True, kw_only=True):
    """One condition on a source attribute."""

    operator_name: str
    source_operand_name: str
    target_operand: FilterOperand | None = None


class FilterGroup(Located, frozen=True, kw_only=True):
    """Conditions that all have to be true."""

    clauses: tuple[FilterClause, ...] | None = None
    name: str | None = None


class Filter(Located, frozen=True, kw_only=True):
    """Scoping filters of an object mapping: one of the ``groups`` has to be true.

    Graph calls the other two experimental. ``categoryFilterGroups`` say whether an object belongs
    to this mapping at all. ``inputFilterGroups`` drop objects while they are read, and never
    deprovision who fails them later.
    """

    groups: tuple[FilterGroup, ...] | None = None
    category_filter_groups: list[Any] | None = None
    input_filter_groups: list[Any] | None = None


class ObjectMapping(Located, frozen=True, kw_only=True):
    """How one type of object is provisioned."""

    source_object_name: str
    target_object_name: str
    attribute_mappings: tuple[AttributeMapping, ...]
    enabled: bool = True
    flow_types: str | None = None
    scope: Filter | None = None


class SynchronizationRule(Located, frozen=True, kw_only=True):
    """Object mappings from one directory to another."""

    source_directory_name: str
    target_directory_name: str
    object_mappings: tuple[ObjectMapping, ...]


class AttributeDefinition(Located, frozen=True, kw_only=True):
    """An attribute that a directory's objects have."""

    name: str
    type: str = "String"
    multivalued: bool = False


class ObjectDefinition(Located, frozen=True, kw_only=True):
    """A type of object in a directory."""

    name: str
    attributes: tuple[AttributeDefinition, ...]


class DirectoryDefinition(Located, frozen=True, kw_only=True):
    """A directory on either side."""

    name: str
    objects: tuple[ObjectDefinition, ...]


class SynchronizationSchema(Located, frozen=True, kw_only=True):
    """The whole file."""

    directories: tuple[DirectoryDefinition, ...]
    synchronization_rules: tuple[SynchronizationRule, ...]
