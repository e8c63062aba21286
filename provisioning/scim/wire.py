"""SCIM requests as bytes. Pure: no await, no clock, no HTTP. ``answers`` is the other direction.

RFC 7644 (protocol), RFC 7643 (schema), and Zscaler's page "SCIM API Examples" where it differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, assert_never
from urllib.parse import quote

import msgspec

from provisioning.model import (
    AddMembers,
    Attributes,
    CreateObject,
    DeleteObject,
    MemberRemoval,
    ObjectType,
    RemoveMembers,
    ReplaceObject,
    ScimId,
    UpdateObject,
    Write,
    newcomers_of,
)
from provisioning.scim.attributes import Document, encode_attributes, encode_value
from provisioning.scim.paths import CORE_SCHEMA, AttributePath, parse_path

CONTENT_TYPE = "application/scim+json"
PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
DISCOVERY_PATH = "/ServiceProviderConfig"
ENDPOINT = {ObjectType.USER: "/Users", ObjectType.GROUP: "/Groups"}

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Command:
    """One write as an HTTP request. ``path`` is relative to the base URL and encoded."""

    method: str
    path: str
    body: bytes | None
    type: ObjectType


def object_path(type: ObjectType, id: ScimId) -> str:
    """Where the object lives."""
    return f"{ENDPOINT[type]}/{quote(id, safe='')}"


def page_path(type: ObjectType, start: int, count: int) -> str:
    """A page of the list from the 1-based ``start`` on (RFC 7644 section 3.4.2.4)."""
    return f"{ENDPOINT[type]}?startIndex={start}&count={count}"


def filter_path(type: ObjectType, attribute: str, value: str) -> str:
    """The list narrowed by equality (RFC 7644 section 3.4.2.2)."""
    expression = f"{parse_path(attribute).text} eq {_literal(value)}"
    return f"{ENDPOINT[type]}?filter={quote(expression, safe='')}"


def path_template(path: str) -> str:
    """The path of a request without query and id: it names nobody."""
    endpoint, _, id = path.partition("?")[0][1:].partition("/")
    return f"/{endpoint}/{{id}}" if id else f"/{endpoint}"


def encode_write(write: Write, *, member_add_path: bool = False) -> Command:
    """The write as its one request.

    ``member_add_path`` adds members with path ``members`` instead of the form without a path that
    Zscaler publishes. Raises ``ValueError`` for a write that says nothing, for a removal in
    the form ``PUT``, which is a ``ReplaceObject``, and for one that names what other writes create.
    """
    if newcomers_of(write):
        raise ValueError("A write that names what others create goes with those, in a batch.")
    match write:
        case CreateObject():
            body = _document(write.type, write.attributes, write.members or None)
            return Command("POST", ENDPOINT[write.type], body, write.type)
        case ReplaceObject():
            body = _document(write.type, write.attributes, write.members)
            return Command("PUT", object_path(write.type, write.id), body, write.type)
        case UpdateObject():
            return _patch(write.type, write.id, _attribute_operations(write))
        case AddMembers():
            operations = _member_addition(write.members, with_path=member_add_path)
            return _patch(ObjectType.GROUP, write.id, operations)
        case RemoveMembers():
            operations = _member_removal(write.members, write.form)
            operations += _member_addition(write.added, with_path=member_add_path)
            return _patch(ObjectType.GROUP, write.id, operations)
        case DeleteObject():
            return Command("DELETE", object_path(write.type, write.id), None, write.type)
        case _:
            assert_never(write)


def _document(type: ObjectType, attributes: Attributes, members: Sequence[ScimId] | None) -> bytes:
    values, extensions = encode_attributes(attributes)
    document: Document = {"schemas": [CORE_SCHEMA[type], *extensions], **values}
    if type is ObjectType.GROUP and members is not None:
        document["members"] = _references(members)
    return _encode(document)


def _patch(type: ObjectType, id: ScimId, operations: list[Document]) -> Command:
    if not operations:
        raise ValueError(f"A PATCH of {type.value} {id} without an operation is not valid.")
    body = _encode({"schemas": [PATCH_SCHEMA], "Operations": operations})
    return Command("PATCH", object_path(type, id), body, type)


def _attribute_operations(write: UpdateObject) -> list[Document]:
    """One operation for each attribute: some servers apply only the first of a merged one."""
    operations: list[Document] = []
    for text, value in write.values.items():
        path = parse_path(text)
        if text in write.several:
            operations += _elements_anew(path, value, were_there=write.several[text])
        elif value is None:
            operations.append({"op": "remove", "path": text})
        else:
            operation = {"op": "replace", "path": text, "value": encode_value(path, value)}
            operations.append(operation)
    return operations


def _elements_anew(path: AttributePath, value: Any, *, were_there: bool) -> list[Document]:
    """Several elements that one path selects have no operation that sets them: those that are
    there are removed, the others added beside what the path does not select.
    """
    where = path.text[: path.text.rindex("]") + 1]
    operations: list[Document] = [{"op": "remove", "path": where}] if were_there else []
    if value is not None:
        document, _ = encode_attributes({path.text: value})
        holder = document if path.schema is None else document[path.schema]
        name = path.name if path.schema is None else f"{path.schema}:{path.name}"
        operations.append({"op": "add", "path": name, "value": holder[path.name]})
    return operations


def _member_addition(members: Sequence[ScimId], *, with_path: bool) -> list[Document]:
    if not members:
        return []
    references = _references(members)
    if with_path:
        return [{"op": "add", "path": "members", "value": references}]
    return [{"op": "add", "value": {"members": references}}]


def _member_removal(members: Sequence[ScimId], form: MemberRemoval) -> list[Document]:
    if form is MemberRemoval.PUT:
        raise ValueError("Members are removed by PUT with a ReplaceObject of the whole group.")
    # Without a member the path alone would empty the group (RFC 7644 section 3.5.2.2).
    if not members:
        return []
    if form is MemberRemoval.VALUE:
        return [{"op": "remove", "path": "members", "value": _references(members)}]
    return [{"op": "remove", "path": f"members[value eq {_literal(member)}]"} for member in members]


def _references(members: Sequence[ScimId]) -> list[Document]:
    return [{"value": member} for member in members]


def _literal(value: str) -> str:
    """The value as a filter compares it: a JSON string (RFC 7644 section 3.4.2.2)."""
    return _encode(value).decode()
