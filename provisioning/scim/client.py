"""The client of ZSCloud's SCIM server: one call, one HTTP request.

It never retries, never waits, never follows a link out of an answer, and never lets the token
into an error. When to send belongs to the caller, who holds the send slot.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

import msgspec

from provisioning.errors import (
    AnswerLost,
    BatchRefused,
    EndpointGone,
    NotFound,
    ProtocolError,
    RemoteError,
    Throttled,
)
from provisioning.instrumentation import SILENT, Remote, Telemetry, present_attempt
from provisioning.model import (
    Capabilities,
    CreateObject,
    DeleteObject,
    ObjectType,
    ScimId,
    TargetObject,
    TargetPage,
    WireRequest,
    Write,
)
from provisioning.ports import Unsent
from provisioning.scim import answers, bulk, wire
from provisioning.scim.attributes import AttributeReader, Document
from provisioning.scim.failure import (
    BASE_URL_REMEDY,
    REMOTE,
    batch_refusal,
    failure,
    request_id,
    token_scrubber,
    transport_failure,
)
from provisioning.scim.transport import Answer, Closable, NotSent, Transport, TransportError

_READ_DONE = frozenset({200})
_WRITTEN = frozenset({200, 201, 204})
"""ZSCloud publishes 204 for PATCH and DELETE; others answer the same writes with 200 and 201."""

_BATCH_DONE = frozenset({200, 201, 207})
"""RFC 7644 section 3.7 has 200."""

_SINGLY = frozenset({401, 403, 405, 501})
"""Of one operation, in an answer that accepts the others: not a verdict on the token, nor on what
the server can do. Asked for by itself, it says what it means."""

_TOKEN = re.compile(r"[!-~]+")
"""What can stand in the header without being changed; the alphabet is not published."""

T = TypeVar("T")


class ScimTarget:
    """Implements ``ports.Target`` against a SCIM 2.0 server.

    ``user_attributes`` and ``group_attributes`` are the SCIM paths that are read, ``lists`` those
    of them whose values are lists. ``clock_time`` tells epoch seconds, for a Retry-After that is a
    date. ``requests`` counts what was sent, ``throttled`` the answers that said to come back later.
    Raises ``ValueError`` for a token that cannot stand in a header, and for a path that is none.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        transport: Transport,
        *,
        user_attributes: Sequence[str],
        group_attributes: Sequence[str],
        lists: Collection[str] = (),
        clock_time: Callable[[], float],
        member_add_path: bool = False,
        telemetry: Telemetry = SILENT,
    ) -> None:
        if _TOKEN.fullmatch(token) is None:
            raise ValueError("The SCIM token is empty, or holds blanks or non-ASCII characters.")
        self.requests = 0
        self.throttled = 0
        self._base_url = base_url.rstrip("/")
        self._transport = transport
        self._clock_time = clock_time
        self._member_add_path = member_add_path
        self._scrub = token_scrubber(token)
        self._telemetry = telemetry
        self._readers = {
            ObjectType.USER: AttributeReader(user_attributes, lists),
            ObjectType.GROUP: AttributeReader(group_attributes, lists),
        }
        self._read_headers = {"accept": wire.CONTENT_TYPE, "authorization": f"Bearer {token}"}
        self._write_headers = {**self._read_headers, "content-type": wire.CONTENT_TYPE}

    async def capabilities(self) -> Capabilities:
        """Discovery. Zscaler's needs no token (its page "SCIM API Examples"), others' does."""
        operation = f"GET {wire.DISCOVERY_PATH}"
        answer = await self._exchange("GET", wire.DISCOVERY_PATH, operation, self._read_headers)
        self._require_endpoint(answer, operation)
        return self._decoded(operation, lambda: answers.decode_capabilities(answer.body))

    async def page(self, type: ObjectType, start: int, count: int) -> TargetPage:
        """See ``ports.Target``. The page may be shorter than ``count``; advance by its length."""
        operation = f"GET {wire.ENDPOINT[type]}"
        answer = await self._list(wire.page_path(type, start, count), operation)
        reader = self._readers[type]
        return self._decoded(operation, lambda: answers.decode_page(type, answer.body, reader))

    async def find(self, type: ObjectType, attribute: str, value: str) -> tuple[TargetObject, ...]:
        """See ``ports.Target``. ``externalId`` compares exactly, names regardless of case."""
        operation = f"GET {wire.ENDPOINT[type]} by {attribute}"
        answer = await self._list(wire.filter_path(type, attribute, value), operation)
        reader = self._readers[type]
        return self._decoded(
            operation,
            lambda: answers.decode_matches(type, answer.body, reader, attribute, value),
        )

    async def get(self, type: ObjectType, id: ScimId) -> TargetObject:
        """See ``ports.Target``. An answer that is another object is a ``ProtocolError``."""
        path = wire.object_path(type, id)
        operation = f"GET {path}"
        answer = await self._exchange("GET", path, operation, self._read_headers)
        self._require(answer, operation)
        found = self._decoded(operation, lambda: self._object(type, answer.body))
        if found.id != id:
            raise ProtocolError(REMOTE, operation, "the answer is another object", status=200)
        return found

    async def write(self, write: Write) -> TargetObject | None:
        """See ``ports.Target``. Raises ``ValueError`` for a write that has nothing to send."""
        command = wire.encode_write(write, member_add_path=self._member_add_path)
        operation = f"{command.method} {command.path}"
        headers = self._read_headers if command.body is None else self._write_headers
        answer = await self._exchange(
            command.method, command.path, operation, headers, command.body, write=True
        )
        if answer.status not in _WRITTEN:
            raise self._failure(answer, operation, write=True)
        return self._written(write, command.type, answer, operation)

    async def write_together(
        self, writes: Sequence[Write], most_bytes: int
    ) -> list[TargetObject | RemoteError | Unsent | None]:
        """See ``ports.TargetWriter``. Raises ``ValueError`` as ``bulk.with_references`` does."""
        commands = [
            wire.encode_write(one, member_add_path=self._member_add_path)
            for one in bulk.with_references(writes)
        ]
        operations = [bulk.encode_operation(one, n) for n, one in enumerate(commands)]
        count = bulk.fitting(operations, most_bytes)
        if count == 0:
            return [Unsent.ALONE, *[Unsent.LATER] * (len(writes) - 1)]
        body = bulk.encode_request(operations[:count])
        path, operation = bulk.BULK_PATH, f"POST {bulk.BULK_PATH}"
        headers = self._write_headers
        answer = await self._exchange("POST", path, operation, headers, body, write=True)
        if answer.status not in _BATCH_DONE:
            raise self._batch_failure(answer, operation)
        try:
            results = bulk.decode_answer(answer.body, operations[:count])
        except answers.Undecodable as error:
            raise AnswerLost(REMOTE, operation, str(error), status=answer.status) from None
        told = [self._told(*each) for each in zip(writes, commands, results, strict=False)]
        return [*told, *[Unsent.LATER] * (len(writes) - count)]

    def _batch_failure(self, answer: Answer, operation: str) -> Exception:
        error = self._failure(answer, operation, write=True)
        refusal = batch_refusal(error)
        if refusal is None or not isinstance(error, RemoteError):
            return error
        return BatchRefused(REMOTE, operation, error.detail, refusal, status=answer.status)

    def _told(
        self, write: Write, command: wire.Command, result: bulk.Result | None
    ) -> TargetObject | RemoteError | Unsent | None:
        """What a result means for its write."""
        operation = f"{command.method} {command.path} in {bulk.BULK_PATH}"
        if result is None:
            return AnswerLost(REMOTE, operation, "the answer does not say what became of it")
        if result.status in _WRITTEN:
            return self._told_done(write, command.type, result, operation)
        if result.status in _SINGLY:
            return Unsent.ALONE
        body = b"" if result.document is None else msgspec.json.encode(result.document)
        error = self._failure(Answer(result.status, {}, body), operation, write=True)
        assert isinstance(error, RemoteError)
        return error

    def _told_done(
        self, write: Write, type: ObjectType, result: bulk.Result, operation: str
    ) -> TargetObject | RemoteError | None:
        if not isinstance(write, CreateObject):
            return None
        located = bulk.identifier_in(result.location)
        try:
            shown = None if result.document is None else self._shown(type, result.document)
        except answers.Undecodable:
            shown = None
        if shown is None and located is not None:
            return TargetObject(type, ScimId(located), {})
        if shown is None or located not in (None, shown.id):
            return AnswerLost(REMOTE, operation, "created, but not which", status=result.status)
        return shown

    def _shown(self, type: ObjectType, document: Document) -> TargetObject:
        return answers.decode_object(type, document, self._readers[type])

    def encoded(self, write: Write) -> WireRequest:
        """See ``ports.TargetEncoder``."""
        command = wire.encode_write(write, member_add_path=self._member_add_path)
        body = None if command.body is None else answers.decode_document(command.body)
        return WireRequest(command.method, command.path, body)

    async def close(self) -> None:
        """Closes the transport, if it is one that holds connections."""
        if isinstance(self._transport, Closable):
            await self._transport.close()

    async def _exchange(
        self,
        method: str,
        path: str,
        operation: str,
        headers: dict[str, str],
        body: bytes | None = None,
        *,
        write: bool = False,
    ) -> Answer:
        self.requests += 1
        template, url = wire.path_template(path), self._base_url + path
        try:
            with self._telemetry.request(
                Remote.ZSCLOUD, method, template, present_attempt()
            ) as exchange:
                answer = await self._transport.request(method, url, headers, body)
                exchange.answered(answer.status)
                return answer
        except TransportError as error:
            if isinstance(error, NotSent):
                self.requests -= 1
            # Without the cause: its text has not been scrubbed.
            raise transport_failure(error, operation, write=write, scrub=self._scrub) from None

    async def _list(self, path: str, operation: str) -> Answer:
        answer = await self._exchange("GET", path, operation, self._read_headers)
        self._require_endpoint(answer, operation)
        return answer

    def _require_endpoint(self, answer: Answer, operation: str) -> None:
        """The same of what is always there: without it, this is another server's URL."""
        try:
            self._require(answer, operation)
        except NotFound as error:
            raise EndpointGone(
                REMOTE, operation, error.detail, status=error.status, remedy=BASE_URL_REMEDY
            ) from None

    def _require(self, answer: Answer, operation: str) -> None:
        """Raises unless the answer is a successful one to a read."""
        if answer.status not in _READ_DONE:
            raise self._failure(answer, operation, write=False)

    def _failure(self, answer: Answer, operation: str, *, write: bool) -> Exception:
        error = failure(answer, operation, write=write, now=self._clock_time(), scrub=self._scrub)
        error.request_id = request_id(answer, self._scrub)
        if isinstance(error, Throttled):
            self.throttled += 1
        return error

    def _decoded(self, operation: str, decode: Callable[[], T]) -> T:
        try:
            return decode()
        except answers.Undecodable as error:
            raise ProtocolError(REMOTE, operation, str(error), status=200) from None

    def _object(self, type: ObjectType, body: bytes) -> TargetObject:
        return self._shown(type, answers.decode_document(body))

    def _written(
        self, write: Write, type: ObjectType, answer: Answer, operation: str
    ) -> TargetObject | None:
        """The object in the answer to a write that the server says it has done."""
        created = isinstance(write, CreateObject)
        if not answer.body:
            if created and "location" not in answer.headers:
                raise AnswerLost(REMOTE, operation, "created, but not which", status=answer.status)
            return None
        try:
            document = answers.decode_document(answer.body)
            shown = answers.decode_object(type, document, self._readers[type])
        except answers.NoObject as error:
            if not created:
                return None
            raise AnswerLost(REMOTE, operation, str(error), status=answer.status) from None
        except answers.Undecodable as error:
            # Not the server's own words, it may be a proxy's: then nothing was done.
            raise AnswerLost(REMOTE, operation, str(error), status=answer.status) from None
        meant = isinstance(write, CreateObject) or shown.id == write.id
        return shown if meant and not isinstance(write, DeleteObject) else None
