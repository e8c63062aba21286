"""SCIM answers from bytes. Pure. ``wire`` is the other direction, ``failure`` reads the errors.

Servers differ in more than the RFCs allow. What can be read with one meaning is read; a list or
an object that cannot is refused, for a broken answer must not look like an empty one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

import msgspec

from provisioning.model import (
    Capabilities,
    GroupRef,
    ObjectType,
    ScimId,
    TargetObject,
    TargetPage,
    folded,
)
from provisioning.scim.attributes import AttributeReader, Document
from provisioning.scim.paths import as_boolean, lookup, parse_path

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CASE_EXACT = frozenset({"externalid", "id"})
"""Attributes compared exactly (RFC 7643 section 3.1); other strings regardless of case."""

_DIGITS = 18
"""Of a number that was written as a text. Python refuses to read one of thousands."""


class Undecodable(ValueError):
    """A body that does not hold what the request asked for."""


class NoObject(Undecodable):
    """JSON, but not a user or group: it has no id."""


def decode_document(body: bytes) -> Document:
    """The body as a JSON object. Raises ``Undecodable``."""
    try:
        document = msgspec.json.decode(body.removeprefix(_BYTE_ORDER_MARK))
    except (ValueError, RecursionError) as error:
        # The decoder's text tells what and where, and quotes nothing of the body.
        raise Undecodable(f"{len(body)} bytes that are no JSON: {error}") from None
    if not isinstance(document, dict):
        raise Undecodable("JSON, but not an object")
    return document


def decode_object(type: ObjectType, document: Document, reader: AttributeReader) -> TargetObject:
    """The user or group that the document is. Raises ``NoObject``.

    Raises ``Undecodable`` when its members or groups cannot be read.
    """
    identifier = _identifier(document.get("id") or lookup(document, "id"))
    if identifier is None:
        raise NoObject("an object without an id")
    attributes = reader.read(document)
    if type is ObjectType.GROUP:
        return TargetObject(type, identifier, attributes, members=_members(document))
    return TargetObject(type, identifier, attributes, groups=_groups(document))


def decode_resources(body: bytes) -> tuple[list[Document], int]:
    """The objects of a ListResponse and its total (RFC 7644 section 3.4.2).

    Raises ``Undecodable`` for anything else: a broken list is not an empty one.
    """
    document = decode_document(body)
    total = _count(lookup(document, "totalResults"))
    if total is None:
        raise Undecodable("a list without totalResults")
    resources = lookup(document, "Resources")
    if resources is None:
        resources = []
    if not isinstance(resources, list) or not all(isinstance(one, dict) for one in resources):
        raise Undecodable("a list whose Resources are no objects")
    return resources, total


def decode_page(type: ObjectType, body: bytes, reader: AttributeReader) -> TargetPage:
    """A page of a list. Raises ``Undecodable``."""
    resources, total = decode_resources(body)
    return TargetPage(tuple([decode_object(type, one, reader) for one in resources]), total)


def decode_matches(
    type: ObjectType, body: bytes, reader: AttributeReader, attribute: str, value: str
) -> tuple[TargetObject, ...]:
    """The objects of a filtered list whose attribute equals the value. Raises ``Undecodable``.

    Servers exist that ignore a filter they do not know, and answer with everybody.
    """
    resources, _ = decode_resources(body)
    verify = AttributeReader((attribute,))
    fold = _exact if parse_path(attribute).name.lower() in _CASE_EXACT else _composed
    wanted = fold(value)
    matches = [
        one
        for one in resources
        if isinstance(found := verify.read(one).get(attribute), str) and fold(found) == wanted
    ]
    return tuple([decode_object(type, one, reader) for one in matches])


def decode_capabilities(body: bytes) -> Capabilities:
    """What discovery offers (RFC 7643 section 5). Raises ``Undecodable``.

    What the answer leaves out keeps the default of ``Capabilities``.
    """
    document = decode_document(body)
    default = Capabilities()
    patch = _supported(lookup(document, "patch"))
    bulk = lookup(document, "bulk")
    offers_bulk = _supported(bulk) is True
    return Capabilities(
        patch=default.patch if patch is None else patch,
        bulk_operations=_member_count(bulk, "maxOperations") if offers_bulk else 0,
        bulk_payload=_member_count(bulk, "maxPayloadSize") if offers_bulk else 0,
        max_results=_member_count(lookup(document, "filter"), "maxResults") or default.max_results,
    )


def _members(document: Document) -> tuple[ScimId, ...] | None:
    entries = _entries(document, "members")
    if entries is None:
        return None
    # Some servers list a member twice when it was added twice.
    return tuple(dict.fromkeys(id for id, _ in entries))


def _groups(document: Document) -> tuple[GroupRef, ...] | None:
    entries = _entries(document, "groups")
    if entries is None:
        return None
    return tuple([GroupRef(id, _text(entry.get("display"))) for id, entry in entries])


def _entries(document: Document, name: str) -> list[tuple[ScimId, Document]] | None:
    """The entries that carry a value. ``None`` when there is no such attribute; null is empty
    (RFC 7643 section 2.5). Raises ``Undecodable`` when it is no list of objects.
    """
    entries = lookup(document, name)
    if entries is None:
        return [] if any(key.lower() == name for key in document) else None
    if not isinstance(entries, list):
        raise Undecodable(f"{name} that are no list")
    found = []
    for entry in entries:
        if entry is None:
            continue
        if not isinstance(entry, dict):
            raise Undecodable(f"{name} that are no objects")
        identifier = _identifier(entry.get("value"))
        if identifier is not None:
            found.append((identifier, entry))
    return found


def _identifier(value: Any) -> ScimId | None:
    if value.__class__ is str:
        return ScimId(value) if value else None
    if isinstance(value, int) and not isinstance(value, bool):
        return ScimId(str(value))
    return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(value: Any) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) <= _DIGITS:
        value = int(value)
    valid = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return value if valid else None


def _member_count(holder: Any, name: str) -> int:
    found = _count(lookup(holder, name)) if isinstance(holder, Mapping) else None
    return found or 0


def _supported(feature: Any) -> bool | None:
    found = as_boolean(lookup(feature, "supported")) if isinstance(feature, Mapping) else None
    return found if isinstance(found, bool) else None


def _exact(value: str) -> str:
    return value


def _composed(value: str) -> str:
    """Regardless of case, and of how a server writes an accent: as one character or as two."""
    return unicodedata.normalize("NFC", folded(unicodedata.normalize("NFC", value)))
