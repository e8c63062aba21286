"""What error answers say, how long they ask us to wait, and what must never get out."""

import json
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.errors import (
    Conflict,
    CredentialsRefused,
    EndpointGone,
    ProtocolError,
    Rejected,
    Throttled,
)
from provisioning.model import CreateObject, DeleteObject, ObjectType, ScimId, UpdateObject
from provisioning.scim.failure import retry_after, token_scrubber
from provisioning.scim.transport import Answer, AnswerBroken, NotSent
from tests.scim.scripted import NOW, TOKEN, answer, scripted

USER = ObjectType.USER
ID = ScimId("u1")
CREATE = CreateObject(USER, {"userName": "a@example.com"})
UPDATE = UpdateObject(USER, ID, {"active": False})


def scim_error(status: int, detail: str, scim_type: str | None = None) -> Answer:
    """An error body of RFC 7644 section 3.12."""
    schema = "urn:ietf:params:scim:api:messages:2.0:Error"
    document = {"schemas": [schema], "status": str(status), "detail": detail}
    return answer(status, document if scim_type is None else {**document, "scimType": scim_type})


async def test_error_bodies_are_read() -> None:
    """RFC 7644 section 3.12; the cloud API's ``message``; else the text itself."""
    target, _ = scripted(
        scim_error(400, "no such domain", "invalidValue"),
        scim_error(409, "Admin user cannot be deleted"),
        answer(400, {"message": "bad"}),
        answer(400, b"plain\ntext"),
        answer(400, b"x" * 1000),
        answer(400, b"x" * 70_000),
    )
    with pytest.raises(Rejected, match="no such domain") as rejected:
        await target.write(CREATE)
    assert rejected.value.scim_type == "invalidValue"
    with pytest.raises(Conflict, match="Admin user cannot be deleted"):
        await target.write(DeleteObject(USER, ID))
    for text in ("bad", "plain text", "x…", "70000 bytes"):
        with pytest.raises(Rejected) as rejected:
            await target.write(CREATE)
        assert text in rejected.value.detail
        assert len(rejected.value.detail) <= 300


@pytest.mark.parametrize(
    ("headers", "id"),
    [
        ({"x-request-id": "abc-1"}, "abc-1"),
        ({"request-id": "abc-2", "x-correlation-id": "abc-3"}, "abc-2"),
        ({"x-correlation-id": f"{TOKEN} {'x' * 100}"}, f"[credentials] {'x' * 50}"),
        ({"x-request-id": ""}, None),
        ({}, None),
    ],
)
async def test_what_the_server_calls_the_request(headers: dict[str, str], id: str | None) -> None:
    target, _ = scripted(Answer(400, headers, b""))
    with pytest.raises(Rejected) as rejected:
        await target.write(CREATE)
    assert rejected.value.request_id == id


async def test_refusals_say_what_to_do() -> None:
    """The token's setting and its button; the URL's setting for a list that is not there."""
    target, _ = scripted(answer(401), answer(404), answer(302))
    with pytest.raises(CredentialsRefused) as refused:
        await target.write(CREATE)
    assert "ZSCLOUD_SCIM_TOKEN" in refused.value.remedy
    assert "Generate Token" in refused.value.remedy
    for error in (EndpointGone, ProtocolError):
        with pytest.raises(error) as raised:
            await target.page(USER, 1, 10)
        assert "ZSCLOUD_SCIM_BASE_URL" in raised.value.remedy


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [
        ("7", 7.0),
        (" 2.5 ", 2.5),
        (".5", 1.0),
        ("0 seconds", 1.0),
        ("12 seconds", 12.0),
        ("3s", 3.0),
        ("0", 1.0),
        ("100000", 300.0),
        ("9" * 400, 300.0),
        (formatdate(NOW + 30, usegmt=True), 30.0),
        (formatdate(NOW - 30, usegmt=True), 1.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 300.0),
        ("soon", 1.0),
        ("-5", 1.0),
        ("nan", 1.0),
        ("2026-01-01T00:00:00Z", 1.0),
        ("", 1.0),
    ],
)
async def test_retry_after_in_all_its_forms(stated: str, seconds: float) -> None:
    """In the header, or in the body as Zscaler's cloud API has it; on 429 and on 503."""
    in_body = {"message": "Rate Limit (1/SECOND) exceeded", "Retry-After": stated}
    target, _ = scripted(
        answer(429, retry_after=stated),
        answer(429, in_body),
        answer(503, retry_after=stated),
        answer(429, in_body, retry_after="unreadable"),
    )
    for _ in range(4):
        with pytest.raises(Throttled) as throttled:
            await target.write(UPDATE)
        assert throttled.value.retry_after == pytest.approx(seconds)
    assert (target.requests, target.throttled) == (4, 4)


def test_retry_after_that_is_not_named() -> None:
    """No time is no time: a 503 without it is not throttling."""
    assert retry_after(answer(503), NOW) is None
    assert retry_after(answer(503, {"retry-after": 4}), NOW) == 4.0


@given(st.text() | st.from_regex(r"\A[0-9., :GMTa-z+-]{0,30}\Z"))
def test_any_retry_after_is_survived(stated: str) -> None:
    """Whatever a header holds, the wait is between the least and the most."""
    wait = retry_after(Answer(429, {"retry-after": stated}, b""), NOW)
    assert wait is not None
    assert 1.0 <= wait <= 300.0


ECHOES = [
    TOKEN,
    f"Authorization: Bearer {TOKEN}",
    json.dumps({"detail": f"bad header Authorization: Bearer {TOKEN}"}),
    json.dumps({"headers": {"authorization": f"Bearer {TOKEN}"}}),
    json.dumps({"message": TOKEN * 3, "scimType": TOKEN}),
    "x" * 290 + TOKEN,
    "GET /?authorization=Bearer%20s3cret%2Btoken%2Fwith%3Dsigns",
    "<b>authorization</b>: bearer   s3cret+token/with=sig",
    "{'Authorization': 's3cret+token/with=sig'}",
    TOKEN.replace("/", "\\/"),
]


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("status", [400, 401, 404, 409, 429, 500, 302])
async def test_an_echoed_token_does_not_get_out(status: int, echo: str) -> None:
    """Whole, cut off by the server, or encoded: not in message, detail or type."""
    target, _ = scripted(answer(status, echo.encode()), AnswerBroken(echo), NotSent(echo))
    for _ in range(3):
        with pytest.raises(Exception) as raised:  # noqa: PT011 - any error must be clean
            await target.write(CREATE)
        said = f"{raised.value} {raised.value!r} {vars(raised.value)}"
        assert "s3cret" not in said
        assert raised.value.__cause__ is None


@given(st.text(), st.text())
def test_the_token_is_scrubbed_wherever_it_stands(before: str, after: str) -> None:
    """In any text."""
    assert TOKEN not in token_scrubber(TOKEN)(before + TOKEN + after)
