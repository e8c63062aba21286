"""The protocol of Graph without I/O: requests, answers, and what an answer means.

Pure. Details of errors are cut, and tokens are taken out of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from provisioning.errors import (
    Conflict,
    CredentialsRefused,
    NotFound,
    PermissionMissing,
    ProtocolError,
    Rejected,
    RemoteError,
    RemoteUnavailable,
    Throttled,
    WatermarkExpired,
    cut,
)

GRAPH = "Graph"
APPLICATION_READ = "Application.Read.All"
USER_READ = "User.Read.All"
GROUP_MEMBER_READ = "GroupMember.Read.All"
GROUP_READ = "Group.Read.All"
DELETED_ITEMS_READ = "User.Read.All (for a deleted group: Group.Read.All)"
"""Application permissions, least ones (Graph permissions reference)."""

_EXPIRED = {"syncstatenotfound", "resyncrequired", "directory_expiredpagetoken"}
_SECRET = re.compile(
    r"(\bbearer\s+)\S+|\beyJ[\w-]+(?:\.[\w-]*)+"
    r"|((?:token|[?&]code)(?:=|%3D))[^&\s\"']+",
    re.IGNORECASE,
)

T = TypeVar("T")
Decode = Callable[["Answer", "Request"], T]
"""Makes a value of an answer, or raises what the answer means."""


class Undecodable(ProtocolError):
    """An answer whose JSON breaks off: a truncated read, worth another try."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``url`` is relative to the endpoint, or a link that an answer gave.

    ``permission`` is what a 403 lacks; ``delta`` marks requests whose token may be too old.
    """

    url: str
    permission: str
    method: str = "GET"
    body: bytes = b""
    delta: bool = False
    low_priority: bool = False

    @property
    def operation(self) -> str:
        """What errors call the request. Never the query: it holds tokens."""
        return f"{self.method} {cut(urlsplit(self.url).path, 200)}"

    @property
    def headers(self) -> dict[str, str]:
        """Header fields beside authentication (Graph: throttling, request priority).

        Delta reads do not ask for ``Prefer: return=minimal``: without it a row shows every
        selected property that was ever set, so that it can be applied as the state of the object.
        """
        fields = {"Accept": "application/json"}
        if self.body:
            fields["Content-Type"] = "application/json"
        if self.low_priority:
            fields["x-ms-throttle-priority"] = "low"
        return fields


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, received at ``time`` (epoch seconds). Header names are lower case.

    ``embedded`` answers are items of a ``$batch`` answer.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    time: float
    embedded: bool = False

    @property
    def date(self) -> float | None:
        """When it was sent, by the sender's clock (epoch seconds); ``None`` if it does not say."""
        return _date(self.headers.get("date", ""))

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait, stated as a number (with a fraction) or as a date (RFC 9110 10.2.3).

        ``None`` when there is none, or none in the future.
        """
        value = self.headers.get("retry-after", "")
        seconds = _seconds(value)
        if seconds is None:
            date = _date(value)
            if date is None:
                return None
            seconds = date - self.time
        return seconds if 0 < seconds < float("inf") else None


class _ErrorDetail(msgspec.Struct):
    code: str | None = None
    message: str | None = None
    inner: Any = msgspec.field(default=None, name="innerError")


class _ErrorBody(msgspec.Struct):
    error: _ErrorDetail = msgspec.field(default_factory=_ErrorDetail)


class _BatchItem(msgspec.Struct):
    id: str
    status: int
    headers: dict[str, Any] = msgspec.field(default_factory=dict)
    body: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"null"))


class _BatchBody(msgspec.Struct):
    responses: list[_BatchItem]


@dataclass(frozen=True, slots=True)
class Batch:
    """Up to 20 reads in one request (Graph: JSON batching)."""

    items: Sequence[Request]
    request: Request = field(init=False)

    def __post_init__(self) -> None:
        entries = [
            {"id": str(n), "method": item.method, "url": item.url}
            for n, item in enumerate(self.items)
        ]
        body = msgspec.json.encode({"requests": entries})
        first = self.items[0]
        request = Request(
            "/$batch", first.permission, "POST", body, low_priority=first.low_priority
        )
        object.__setattr__(self, "request", request)

    def decode(self, answer: Answer, request: Request) -> list[Answer]:
        """The answers in the order of the items; they may come in any order.

        Raises ``ProtocolError`` when one is missing.
        """
        found = {item.id: item for item in decode(answer, request, _BATCH).responses}
        if len(found) < len(self.items):
            raise malformed(answer, request, f"{len(found)} answers to {len(self.items)} requests")
        try:
            return [_embedded(found[str(n)], answer) for n in range(len(self.items))]
        except KeyError as error:
            raise malformed(answer, request, f"no answer to request {error}") from error


_ERROR = msgspec.json.Decoder(_ErrorBody)
_BATCH = msgspec.json.Decoder(_BatchBody)


def _embedded(item: _BatchItem, outer: Answer) -> Answer:
    headers = {name.lower(): str(value) for name, value in item.headers.items()}
    return Answer(item.status, headers, bytes(item.body), outer.time, embedded=True)


def decode(
    answer: Answer, request: Request, decoder: msgspec.json.Decoder[T], *, success: int = 200
) -> T:
    """The body of a success. Raises what the status means, or ``ProtocolError``."""
    if answer.status != success:
        raise failure(answer, request)
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not answer.embedded:
        raise malformed(answer, request, f"content type {kind or 'missing'}")
    try:
        return decoder.decode(answer.body)
    except (msgspec.ValidationError, RecursionError) as error:
        raise malformed(answer, request, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _identified(
            Undecodable(GRAPH, request.operation, f"truncated or no JSON: {error}"), answer
        ) from error


def malformed(answer: Answer, request: Request, detail: str) -> ProtocolError:
    """The error of an answer that is no valid answer."""
    return _identified(ProtocolError(GRAPH, request.operation, scrub(detail)), answer)


def blanked(
    answer: Answer,
    request: Request,
    id: str,
    *,
    permission: str = USER_READ,
    what: str = "userPrincipalName or accountEnabled",
) -> PermissionMissing:
    """The error of an object whose properties Graph withholds: a missing permission comes back as
    nulls, not as an error (Graph: limited information for inaccessible member objects).
    """
    kind = "user" if permission == USER_READ else "group"
    detail = scrub(f"{kind} {id} came without {what}")
    return _identified(PermissionMissing(request.operation, permission, detail), answer)


def failure(answer: Answer, request: Request) -> RemoteError:
    """What an answer that is no success means (Graph: error responses; throttling; delta query)."""
    error = _error_of(answer)
    detail = scrub(": ".join(filter(None, (error.code, error.message)))) or "no detail given"
    return _identified(_classified(answer, request, error.code or "", detail), answer, error)


def _classified(answer: Answer, request: Request, code: str, detail: str) -> RemoteError:
    status, operation = answer.status, request.operation
    if status == 429 or (status == 503 and answer.retry_after is not None):
        wait = answer.retry_after or 0.0
        return Throttled(GRAPH, operation, detail, status=status, retry_after=wait)
    if status == 403:
        return PermissionMissing(operation, request.permission, detail, status=status)
    if status == 410 or (status == 400 and code.lower() in _EXPIRED):
        # A page token of a plain list is no watermark: the list is simply read again.
        expired = WatermarkExpired if request.delta else RemoteUnavailable
        return expired(GRAPH, operation, detail, status=status)
    kind = _BY_STATUS.get(status) or _by_class(status)
    return kind(GRAPH, operation, detail, status=status)


_BY_STATUS = {401: CredentialsRefused, 404: NotFound, 409: Conflict}


def _by_class(status: int) -> type[RemoteError]:
    if status >= 500:
        return RemoteUnavailable
    return Rejected if status >= 400 else ProtocolError


def _error_of(answer: Answer) -> _ErrorDetail:
    """The documented error body; a gateway's own page has none."""
    try:
        return _ERROR.decode(answer.body).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _ErrorDetail()


RemoteErrorT = TypeVar("RemoteErrorT", bound=RemoteError)


def _identified(
    error: RemoteErrorT, answer: Answer, detail: _ErrorDetail | None = None
) -> RemoteErrorT:
    """The error with the request id that Microsoft's support asks for."""
    inner = detail.inner if detail is not None and isinstance(detail.inner, dict) else {}
    value = answer.headers.get("request-id") or inner.get("request-id")
    error.request_id = scrub(str(value))[:64] if value else None
    return error


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _seconds(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def scrub(text: str) -> str:
    """The text without bearer, delta and page tokens."""
    return _SECRET.sub(r"\1\2[removed]", text)
