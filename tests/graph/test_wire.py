"""What answers mean, decided from literal headers and bytes."""

from __future__ import annotations

import json
from email.utils import formatdate

import msgspec
import pytest

from provisioning.errors import (
    CredentialsRefused,
    NotFound,
    PermissionMissing,
    ProtocolError,
    Rejected,
    RemoteError,
    RemoteUnavailable,
    Throttled,
    WatermarkExpired,
)
from provisioning.graph import wire
from tests.graph.scripted import NOW

LIST = wire.Request("/users?$select=id", wire.USER_READ)
DELTA = wire.Request(
    "https://graph.microsoft.com/v1.0/users/delta?$deltatoken=abc", wire.USER_READ, delta=True
)
JSON = {"content-type": "application/json"}
ANY = msgspec.json.Decoder(dict[str, object])


def received(status: int, body: object = None, **headers: str) -> wire.Answer:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return wire.Answer(status, {**JSON, **fields}, content, NOW)


def error_body(code: str, message: str = "Something.") -> dict[str, object]:
    """The documented form (Graph: error responses and resource types)."""
    inner = {"date": "2026-01-02T03:04:05", "request-id": "b1e2f3", "client-request-id": "c"}
    return {"error": {"code": code, "message": message, "innerError": inner}}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "InvalidAuthenticationToken", CredentialsRefused),
        (403, "Authorization_RequestDenied", PermissionMissing),
        (404, "Request_ResourceNotFound", NotFound),
        (400, "Request_BadRequest", Rejected),
        (400, "Directory_ExpiredPageToken", RemoteUnavailable),
        (410, "", RemoteUnavailable),
        (429, "TooManyRequests", Throttled),
        (500, "generalException", RemoteUnavailable),
        (502, "", RemoteUnavailable),
        (503, "serviceNotAvailable", RemoteUnavailable),
        (504, "", RemoteUnavailable),
        (302, "", ProtocolError),
        (204, "", ProtocolError),
    ],
)
def test_failures_of_a_list(status: int, code: str, kind: type[RemoteError]) -> None:
    """Each status has one error, named by what happens next."""
    error = wire.failure(received(status, error_body(code)), LIST)
    assert type(error) is kind
    assert error.status == status
    assert error.request_id == "b1e2f3"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (410, ""),
        (400, "syncStateNotFound"),
        (400, "SyncStateNotFound"),
        (400, "resyncRequired"),
        (400, "Directory_ExpiredPageToken"),
    ],
)
def test_expired_watermark(status: int, code: str) -> None:
    """All that means "start over" in a delta query (Graph: delta query overview)."""
    assert type(wire.failure(received(status, error_body(code)), DELTA)) is WatermarkExpired


def test_permission_is_named() -> None:
    """The remedy names what to grant."""
    error = wire.failure(received(403, error_body("Authorization_RequestDenied")), LIST)
    assert isinstance(error, PermissionMissing)
    assert error.permission == "User.Read.All"
    assert "User.Read.All" in error.remedy


def test_503_with_a_pause_is_throttling() -> None:
    """Both ask to come back later."""
    error = wire.failure(received(503, None, retry_after="2.5"), LIST)
    assert isinstance(error, Throttled)
    assert error.retry_after == 2.5


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("10", 10.0),
        ("0.75", 0.75),
        (formatdate(NOW + 30, usegmt=True), 30.0),
        (formatdate(NOW - 30, usegmt=True), None),
        ("0", None),
        ("-5", None),
        ("inf", None),
        ("nan", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    """Seconds with a fraction, or a date (RFC 9110 section 10.2.3)."""
    assert received(429, retry_after=value).retry_after == seconds


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Bad gateway</html>",
        b'{"error": "invalid"}',
        b"\xff",
        b'{"error": {"code": null, "message": null, "innerError": null}}',
    ],
)
def test_an_error_without_the_documented_body(body: bytes) -> None:
    """A gateway answers in its own words; the status still counts."""
    error = wire.failure(received(502, body, request_id="r-1"), LIST)
    assert isinstance(error, RemoteUnavailable)
    assert error.detail == "no detail given"
    assert error.request_id == "r-1"


def test_no_token_in_messages() -> None:
    """Bearer, page and delta tokens are taken out; long texts are cut."""
    message = (
        "Bearer abc.def seen with eyJhbGciOi.eyJzdWIiOi.c2ln at "
        "https://graph.microsoft.com/v1.0/users/delta?$deltatoken=SECRET1&$skiptoken=SECRET2 "
        + "x"
        * 1000
    )
    text = str(wire.failure(received(400, error_body("Request_BadRequest", message)), DELTA))
    for secret in ("abc.def", "eyJ", "SECRET1", "SECRET2", "deltatoken=abc"):
        assert secret not in text
    assert len(text) < 500


@pytest.mark.parametrize("kind", ["text/html", ""])
def test_wrong_content_type(kind: str) -> None:
    """A page of a proxy is no answer, whatever its status."""
    answer = wire.Answer(200, {"content-type": kind, "request-id": "r-2"}, b"{}", NOW)
    with pytest.raises(ProtocolError, match="content type") as caught:
        wire.decode(answer, LIST, ANY)
    assert caught.value.request_id == "r-2"


@pytest.mark.parametrize("body", [b'{"value": [{"id": "a"', b"", b'{"value": "\xff"}'])
def test_truncated_json_is_worth_another_try(body: bytes) -> None:
    """A text that breaks off is told apart from one of the wrong shape."""
    with pytest.raises(wire.Undecodable):
        wire.decode(received(200, body), LIST, ANY)


def test_wrong_shape_is_not_tried_again() -> None:
    """A list where an object belongs stays wrong."""
    with pytest.raises(ProtocolError) as caught:
        wire.decode(received(200, b"[]"), LIST, ANY)
    assert not isinstance(caught.value, wire.Undecodable)


BATCH_ANSWER = b"""{"responses": [
  {"id": "1", "status": 429, "headers": {"Retry-After": "7"},
   "body": {"error": {"code": "TooManyRequests", "message": "Too many."}}},
  {"id": "0", "status": 200, "headers": {"Content-Type": "application/json"},
   "body": {"id": "a"}}
]}"""


def test_batch() -> None:
    """Items are numbered; answers are put in order; each keeps its own headers."""
    batch = wire.Batch([LIST, LIST])
    assert json.loads(batch.request.body) == {
        "requests": [
            {"id": "0", "method": "GET", "url": "/users?$select=id"},
            {"id": "1", "method": "GET", "url": "/users?$select=id"},
        ]
    }
    assert batch.request.headers["Content-Type"] == "application/json"
    first, second = batch.decode(received(200, BATCH_ANSWER), batch.request)
    assert wire.decode(first, LIST, ANY) == {"id": "a"}
    assert (second.status, second.retry_after) == (429, 7.0)


@pytest.mark.parametrize("ids", [["0"], ["0", "0"], ["0", "5"]])
def test_batch_with_a_missing_answer(ids: list[str]) -> None:
    """Silence about one object is not its absence."""
    body = {"responses": [{"id": id, "status": 404} for id in ids]}
    batch = wire.Batch([LIST, LIST])
    with pytest.raises(ProtocolError, match="answer"):
        batch.decode(received(200, body), batch.request)


def test_background_reads_are_marked() -> None:
    """Graph throttles them first."""
    assert "x-ms-throttle-priority" not in LIST.headers
    marked = wire.Request("/users", wire.USER_READ, low_priority=True)
    assert marked.headers["x-ms-throttle-priority"] == "low"
    assert wire.Batch([marked]).request.low_priority


DEEP = b"[" * 100_000


def test_json_that_nests_without_end_is_no_answer() -> None:
    with pytest.raises(ProtocolError, match="recursion"):
        wire.decode(received(200, b'{"value":' + DEEP), LIST, ANY)


def test_an_error_that_nests_without_end_has_no_details() -> None:
    error = wire.failure(received(500, b'{"error":{"innerError":' + DEEP), LIST)
    assert isinstance(error, RemoteUnavailable)
    assert error.detail == "no detail given"


def test_an_id_is_shown_without_a_token_in_it() -> None:
    id = "https://graph.microsoft.com/v1.0/users?$skiptoken=abc"
    error = wire.blanked(received(200), LIST, id)
    assert "abc" not in str(error)
