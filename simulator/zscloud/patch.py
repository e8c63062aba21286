"""The PATCH engine (RFC 7644 section 3.5.2) on JSON documents.

Group members have their own engine, ``members``: ZSCloud treats them apart.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.zscloud.document import Document, attribute_of, find
from simulator.zscloud.errors import (
    ScimError,
    invalid_path,
    invalid_syntax,
    invalid_value,
    mutability,
)
from simulator.zscloud.filters import Comparison, Filter
from simulator.zscloud.paths import Path, parse_path
from simulator.zscloud.schema import READ_ONLY_COMMON, Attribute, ResourceSchema

_OPS = ("add", "replace", "remove")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation with its path. ``value`` is None where there is none."""

    op: str
    path: Path
    value: Any


def operations_of(body: Mapping[str, Any], resource: ResourceSchema) -> list[Operation]:
    """The operations of a PatchOp body; those without a path become one for each attribute.

    Raises ``ScimError`` 400.
    """
    listed = find(body, "Operations")
    if not isinstance(listed, list) or not listed:
        raise invalid_syntax("A PATCH body has Operations", "empty_operations")
    operations: list[Operation] = []
    for item in listed:
        operations.extend(_operations(item, resource))
    return operations


def _operations(item: Any, resource: ResourceSchema) -> list[Operation]:
    if not isinstance(item, Mapping):
        raise invalid_syntax("An operation is an object")
    op = find(item, "op")
    if not isinstance(op, str) or op.lower() not in _OPS:
        raise invalid_syntax(f"An operation adds, replaces or removes; not {op!r}", "unknown_op")
    path, value = find(item, "path"), find(item, "value")
    if path is not None and not isinstance(path, str):
        raise invalid_path("A path is a string")
    if path:
        return [Operation(op.lower(), parse_path(path, resource), value)]
    if op.lower() == "remove":
        raise ScimError(400, "A removal needs a path", "noTarget", "remove_without_path")
    if not isinstance(value, Mapping):
        raise invalid_value("Without a path the value is an object of attributes")
    return [
        Operation(op.lower(), parse_path(name, resource), attribute_value)
        for name, attribute_value in value.items()
        if name.lower() != "schemas"
    ]


def patched(document: Mapping[str, Any], operations: Iterable[Operation]) -> Document:
    """The document after the operations, all or none. Raises ``ScimError`` 400."""
    result = copy.deepcopy(dict(document))
    for operation in operations:
        _apply(result, operation)
    return result


def _apply(document: Document, operation: Operation) -> None:
    path = operation.path
    if path.name.lower() in READ_ONLY_COMMON:
        raise mutability(f"{path.name} is read-only")
    in_extension = path.schema.id.startswith("urn:ietf:params:scim:schemas:extension:")
    container = document.setdefault(path.schema.id, {}) if in_extension else document
    if not path.name:
        _apply_extension(container, operation)
    else:
        _apply_attribute(container, operation)
    if in_extension and not container:
        del document[path.schema.id]


def _apply_extension(container: Document, operation: Operation) -> None:
    """The path is the URN of an extension: its attributes are set, or all removed."""
    schema = operation.path.schema
    if operation.op == "remove" or operation.value is None:
        container.clear()
        return
    if not isinstance(operation.value, Mapping):
        raise invalid_value("The value of an extension is an object of attributes")
    for name, value in operation.value.items():
        _apply_attribute(container, Operation(operation.op, Path(schema, name), value))


def _apply_attribute(container: Document, operation: Operation) -> None:
    path = operation.path
    attribute = attribute_of(path.schema, path.name) or Attribute(path.name)
    if attribute.mutability == "readOnly":
        raise mutability(f"{attribute.name} is read-only")
    unassigns = operation.op == "remove" or operation.value is None
    if path.filter is not None:
        _apply_filtered(container, attribute, operation)
    elif path.sub_attribute:
        _apply_sub_attribute(container, attribute, operation)
    elif unassigns:
        if attribute.required:
            raise mutability(f"{attribute.name} is required")
        container.pop(attribute.name, None)
    elif attribute.multi_valued and operation.op == "add":
        present = container.setdefault(attribute.name, [])
        added = _items(attribute, operation.value)
        present.extend(item for item in added if item not in present)
    elif attribute.multi_valued:
        container[attribute.name] = _items(attribute, operation.value)
    elif attribute.type == "complex":
        container[attribute.name] = _merged(attribute, container.get(attribute.name), operation)
    else:
        container[attribute.name] = operation.value


def _merged(attribute: Attribute, present: Any, operation: Operation) -> Any:
    """A complex value keeps the sub-attributes that the operation does not name."""
    if not isinstance(operation.value, Mapping):
        raise invalid_value(f"{attribute.name} is an object")
    merged = dict(present or {})
    for name, value in operation.value.items():
        _set(merged, _sub_name(attribute, name), value)
    return merged


def _apply_sub_attribute(container: Document, attribute: Attribute, operation: Operation) -> None:
    if attribute.type != "complex":
        raise invalid_path(f"{attribute.name} has no parts")
    name = _sub_name(attribute, operation.path.sub_attribute)
    value = None if operation.op == "remove" else operation.value
    if not attribute.multi_valued:
        _set(container.setdefault(attribute.name, {}), name, value)
        return
    items = container.setdefault(attribute.name, [])
    if not items and value is not None:
        items.append({})
    for item in items:
        _set(item, name, value)


def _apply_filtered(container: Document, attribute: Attribute, operation: Operation) -> None:
    condition = operation.path.filter
    if not attribute.multi_valued or condition is None:
        raise invalid_path(f"{attribute.name} is not multi-valued")
    items: list[Document] = container.setdefault(attribute.name, [])
    chosen = [item for item in items if matches(item, condition)]
    if operation.op == "remove" and not operation.path.sub_attribute:
        container[attribute.name] = [item for item in items if item not in chosen]
        return
    if not chosen:
        chosen = [_new_item(attribute, operation, condition)]
        items.extend(chosen)
    for item in chosen:
        _change_item(item, attribute, operation)


def _new_item(attribute: Attribute, operation: Operation, condition: Filter) -> Document:
    """The value that an addition implies; Entra adds ``emails[type eq "work"].value`` this way."""
    if operation.op != "add" or not isinstance(condition, Comparison):
        raise ScimError(400, f"No value of {attribute.name} fits the filter", "noTarget", "")
    return {_sub_name(attribute, condition.attribute): condition.value}


def _change_item(item: Document, attribute: Attribute, operation: Operation) -> None:
    if operation.path.sub_attribute:
        value = None if operation.op == "remove" else operation.value
        _set(item, _sub_name(attribute, operation.path.sub_attribute), value)
        return
    if not isinstance(operation.value, Mapping):
        raise invalid_value(f"A value of {attribute.name} is an object")
    for name, value in operation.value.items():
        _set(item, _sub_name(attribute, name), value)


def matches(item: Mapping[str, Any], condition: Filter) -> bool:
    """Whether a complex value fits a filter in brackets; only ``eq`` and ``ne`` are offered."""
    if not isinstance(condition, Comparison):
        results = [matches(item, part) for part in condition.parts]
        return all(results) if condition.operator == "and" else any(results)
    if condition.operator not in ("eq", "ne"):
        raise invalid_path(f"A path filter has no {condition.operator}")
    value = find(item, condition.attribute)
    text = str(value).lower() if isinstance(value, bool) else value
    return (text == condition.value) == (condition.operator == "eq")


def _sub_name(attribute: Attribute, name: str) -> str:
    sub = attribute.sub_attribute(name)
    return name if sub is None else sub.name


def _set(container: Document, name: str, value: Any) -> None:
    if value is None:
        container.pop(name, None)
    else:
        container[name] = value


def _items(attribute: Attribute, value: Any) -> list[Any]:
    """One value or several; every multi-valued attribute of ZSCloud is complex."""
    items = list(value) if isinstance(value, list) else [value]
    if not all(isinstance(item, Mapping) for item in items):
        raise invalid_value(f"A value of {attribute.name} is an object")
    return items
