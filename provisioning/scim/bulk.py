"""Bulk requests as bytes, and their answers (RFC 7644 section 3.7). Pure.

Zscaler lists the endpoint without an example, so nothing is taken for granted: what an answer does
not say of an operation is not known of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from provisioning.model import (
    PLACEHOLDER,
    CreateObject,
    EntraId,
    ScimId,
    Write,
    newcomers_of,
    with_arrived,
)
from provisioning.scim.answers import Undecodable, decode_document
from provisioning.scim.attributes import Document
from provisioning.scim.paths import lookup
from provisioning.scim.wire import Command

BULK_PATH = "/Bulk"
REQUEST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"

_encode = msgspec.json.Encoder().encode
_FRAME = len(_encode({"schemas": [REQUEST_SCHEMA], "Operations": []}))
"""Bytes around the operations."""

_STATUS_DIGITS = 3
_LEAST_PARTS = 3
"""Of a path that ends in an endpoint and an id."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One write as a part of a bulk request. ``bulk_id`` is empty for all but a POST: it names
    what is created (RFC 7644 section 3.7.2), and nothing else.
    """

    command: Command
    bulk_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Result:
    """What the answer says of one operation. ``document`` is its ``response``."""

    status: int
    location: str | None
    document: Document | None


def with_references(writes: Sequence[Write]) -> list[Write]:
    """The writes, each newcomer named by the bulkId of the write that creates it (RFC 7644 section
    3.7.2). Raises ``ValueError`` for one whom no earlier write creates.
    """
    numbers: dict[EntraId, int] = {}
    named: list[Write] = []
    for number, write in enumerate(writes):
        newcomers = newcomers_of(write)
        if not numbers.keys() >= set(newcomers):
            raise ValueError("A write names as a member what no write before it creates.")
        named.append(with_arrived(write, [_placeholder(numbers[id]) for id in newcomers]))
        if isinstance(write, CreateObject) and write.made_for is not None:
            numbers[write.made_for] = number
    return named


def _placeholder(number: int) -> ScimId:
    return ScimId(f"{PLACEHOLDER}{number}")


def encode_operation(command: Command, number: int) -> Operation:
    """The operation, whose ``number`` is its own within the request."""
    bulk_id = str(number) if command.method == "POST" else ""
    document: Document = {"method": command.method, "path": command.path}
    if bulk_id:
        document["bulkId"] = bulk_id
    if command.body is not None:
        document["data"] = msgspec.Raw(command.body)
    return Operation(command, bulk_id, _encode(document))


def fitting(operations: Sequence[Operation], most_bytes: int) -> int:
    """How many of the first operations fit into a body of so many bytes."""
    size = _FRAME
    for count, operation in enumerate(operations):
        size += len(operation.body) + (count > 0)
        if size > most_bytes:
            return count
    return len(operations)


def encode_request(operations: Sequence[Operation]) -> bytes:
    """The body. Without ``failOnErrors``: every operation is to be processed."""
    bodies = [msgspec.Raw(operation.body) for operation in operations]
    return _encode({"schemas": [REQUEST_SCHEMA], "Operations": bodies})


def decode_answer(body: bytes, operations: Sequence[Operation]) -> list[Result | None]:
    """The result of each operation; ``None`` where the answer tells none, or two.

    A POST is told by its bulkId alone: told by its place, one person's account could become
    another's. The others are told by method and location, else by their place in a complete
    answer; several about one object by their place too, unless all say the same. Raises
    ``Undecodable`` when the body is no such answer.
    """
    listed = lookup(decode_document(body), "Operations")
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise Undecodable("an answer to a bulk request without its Operations")
    found: dict[int, list[Document]] = {}
    by_id = {one.bulk_id: place for place, one in enumerate(operations) if one.bulk_id}
    by_path = _by_path(operations)
    of_one: dict[tuple[str, str], dict[int, Document]] = {}
    complete = len(listed) == len(operations)
    for number, result in enumerate(listed):
        mark = (_method(result), _path(lookup(result, "location")))
        places = by_path.get(mark, [])
        place = by_id.get(_text(lookup(result, "bulkId")))
        if place is None and len(places) > 1:
            of_one.setdefault(mark, {})[number] = result
            continue
        if place is None and places:
            place = places[0]
        if place is None and complete and _may_be(result, operations[number]):
            place = number
        if place is not None:
            found.setdefault(place, []).append(result)
    for mark, results in of_one.items():
        for place, result in _among(by_path[mark], results, complete=complete):
            found.setdefault(place, []).append(result)
    return [_result(found.get(place, [])) for place in range(len(operations))]


def _by_path(operations: Sequence[Operation]) -> dict[tuple[str, str], list[int]]:
    places: dict[tuple[str, str], list[int]] = {}
    for place, operation in enumerate(operations):
        if not operation.bulk_id:
            places.setdefault(_mark(operation), []).append(place)
    return places


def _among(
    places: Sequence[int], results: Mapping[int, Document], *, complete: bool
) -> Iterable[tuple[int, Document]]:
    """Which of several operations on one object each result is of; none if that cannot be told."""
    if complete and set(places) == results.keys():
        return results.items()
    said = {_status(lookup(result, "status")) for result in results.values()}
    if len(said) == 1 and len(places) == len(results):
        return zip(places, results.values(), strict=True)
    return ()


def identifier_in(location: str | None) -> str | None:
    """The id at the end of the location of a user or group."""
    return _path(location).partition("/")[2].partition("/")[2] or None


def _result(listed: list[Document]) -> Result | None:
    if len(listed) != 1:
        return None
    (result,) = listed
    status = _status(lookup(result, "status"))
    if status is None:
        return None
    location = lookup(result, "location")
    response = lookup(result, "response")
    return Result(
        status,
        location if isinstance(location, str) and location else None,
        response if isinstance(response, dict) else None,
    )


def _may_be(result: Document, operation: Operation) -> bool:
    """Whether a result that names nothing can be that of the operation at its place."""
    if operation.bulk_id or _text(lookup(result, "bulkId")) or lookup(result, "location"):
        return False
    return _method(result) in ("", operation.command.method)


def _status(value: Any) -> int | None:
    """The RFC writes ``"201"``; its drafts wrote ``{"code": "201"}``, and some write a number."""
    if isinstance(value, dict):
        value = lookup(value, "code")
    text = _text(value).partition(" ")[0]
    is_status = len(text) == _STATUS_DIGITS and text.isascii() and text.isdecimal()
    return int(text) if is_status else None


def _mark(operation: Operation) -> tuple[str, str]:
    return operation.command.method, _path(operation.command.path)


def _method(result: Document) -> str:
    return _text(lookup(result, "method")).upper()


def _path(location: Any) -> str:
    """The end of the location, decoded: ``/Users/ID``. Empty if it is none."""
    if not isinstance(location, str):
        return ""
    try:
        parts = urlsplit(location).path.rsplit("/", 2)
    except ValueError:
        return ""
    if len(parts) < _LEAST_PARTS or parts[1].lower() not in ("users", "groups"):
        return ""
    return f"/{parts[1].lower()}/{unquote(parts[2])}"


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
