"""Rows as entities of Azure: the value in binary properties, in pieces that Azure takes. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from provisioning.state.azure.partitions import Place, key_at

PIECE = 64 * 1024
"""Bytes that one property may hold (Azure: Understanding the Table service data model)."""

LARGEST_VALUE = 11 * PIECE
"""Bytes that one row may hold. An entity may have 1 MiB; Azurite counts it as Base64."""

_KEY = "key"
_OVERHEAD = 1500
"""Bytes of one operation of a transaction beside its value: headers, address, both keys."""

Entity = Mapping[str, Any]


class Send(NamedTuple):
    """One operation of a transaction. ``entity`` ``None`` deletes.

    With an ``etag`` it takes effect on that very version of the entity only. A delete without one
    fails when there is no entity.
    """

    place: Place
    entity: Entity | None
    etag: str | None = None


def entity_of(place: Place, key: str, value: bytes) -> dict[str, Any]:
    """The entity of a row. Its value is in ``v0``, ``v1`` and so on; an empty one has none."""
    entity: dict[str, Any] = {"PartitionKey": place.partition, "RowKey": place.row}
    if place.is_cut:
        entity[_KEY] = key
    for number, start in enumerate(range(0, len(value), PIECE)):
        entity[f"v{number}"] = value[start : start + PIECE]
    return entity


def check_value(table: str, value: bytes | None) -> None:
    """Raises ``ValueError`` for a value that no entity can hold."""
    if value is not None and len(value) > LARGEST_VALUE:
        raise ValueError(
            f"A row of table {table} has {len(value)} bytes; at most {LARGEST_VALUE} can be stored."
        )


def place_in(entity: Entity) -> Place:
    """Where the entity is stored."""
    return Place(entity["PartitionKey"], entity["RowKey"])


def key_in(entity: Entity) -> str:
    """The key of an entity."""
    return str(entity[_KEY]) if _KEY in entity else key_at(entity["RowKey"])


def value_in(entity: Entity) -> bytes:
    """The value of an entity."""
    first = entity.get("v0", b"")
    if "v1" not in entity:
        return bytes(first)
    pieces = [first]
    while (piece := entity.get(f"v{len(pieces)}")) is not None:
        pieces.append(piece)
    return b"".join(pieces)


def sent_size(value: bytes | None) -> int:
    """About how many bytes writing a row takes: values are sent as Base64."""
    return _OVERHEAD + len(value or b"") * 4 // 3


def digest(value: bytes) -> bytes:
    """What stands for a value that is only compared."""
    return hashlib.blake2b(value, digest_size=16).digest()
