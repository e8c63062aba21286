"""References from one bulk operation to what another one creates (RFC 7644 section 3.7.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from simulator.zscloud.bulk_operation import BulkOperation
from simulator.zscloud.errors import ScimError

REFERENCE = "bulkId:"


def is_reference(value: Any) -> bool:
    """Whether a value stands for the id of what another operation creates."""
    return isinstance(value, str) and value.startswith(REFERENCE)


def references(operation: BulkOperation) -> set[str]:
    """The bulkIds that an operation refers to."""
    return set(_texts(operation.id)) | set(_texts(operation.data))


def resolved(operation: BulkOperation, ids: Mapping[str, str]) -> BulkOperation:
    """The operation with the ids of what was created. Raises ``ScimError`` 409 for a bulkId that
    names nothing.
    """
    data = _substituted(operation.data, ids)
    return replace(operation, id=_substituted(operation.id, ids), data=data)


def without_references(value: Any) -> Any:
    """The same data, without the elements of lists that hold a reference."""
    if isinstance(value, Mapping):
        return {name: without_references(item) for name, item in value.items()}
    if isinstance(value, list):
        return [without_references(item) for item in value if not _holds_reference(item)]
    return value


def _holds_reference(item: Any) -> bool:
    return is_reference(item.get("value") if isinstance(item, Mapping) else item)


def _substituted(value: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _substituted(item, ids) for name, item in value.items()}
    if isinstance(value, list):
        return [_substituted(item, ids) for item in value]
    if is_reference(value):
        bulk_id = value.removeprefix(REFERENCE)
        if bulk_id not in ids:
            raise ScimError(409, f"The bulkId {bulk_id} names no created resource")
        return ids[bulk_id]
    return value


def _texts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value.removeprefix(REFERENCE)] if is_reference(value) else []
