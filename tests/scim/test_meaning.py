"""What each answer means, and each write as its request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provisioning.errors import (
    AnswerLost,
    Conflict,
    CredentialsRefused,
    NotFound,
    NotReached,
    ProtocolError,
    Rejected,
    RemoteError,
    RemoteUnavailable,
    Throttled,
)
from provisioning.model import (
    AddMembers,
    CreateObject,
    DeleteObject,
    MemberRemoval,
    ObjectType,
    RemoveMembers,
    ReplaceObject,
    ScimId,
    TargetObject,
    UpdateObject,
    Write,
)
from provisioning.scim.answers import decode_matches, decode_object
from provisioning.scim.attributes import AttributeReader
from provisioning.scim.failure import (
    BASE_URL_REMEDY,
    CREDENTIALS_REMEDY,
    failure,
    retry_after,
    token_scrubber,
    transport_failure,
)
from provisioning.scim.paths import ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA
from provisioning.scim.transport import Answer, AnswerTooLarge, NotSent, TransportError
from provisioning.scim.wire import (
    CONTENT_TYPE,
    DISCOVERY_PATH,
    encode_write,
    filter_path,
    object_path,
    page_path,
)

NOW = 1_800_000_000.0
USER, GROUP = ObjectType.USER, ObjectType.GROUP
ID = ScimId("u/1")


def answer(status: int, body: Any = None, **headers: str) -> Answer:
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return Answer(status, {name.replace("_", "-"): text for name, text in headers.items()}, data)


def meant(said: Answer, *, write: bool) -> RemoteError:
    return failure(said, "create a user", write=write, now=NOW, scrub=lambda text: f"<{text}>")


def shown(error: RemoteError) -> tuple[type[RemoteError], str, str, str, int | None]:
    return type(error), error.remote, error.operation, error.detail, error.status


@pytest.mark.parametrize(
    ("status", "read", "written"),
    [
        (100, ProtocolError, ProtocolError),
        (199, ProtocolError, ProtocolError),
        (200, ProtocolError, AnswerLost),
        (201, ProtocolError, AnswerLost),
        (299, ProtocolError, AnswerLost),
        (399, ProtocolError, ProtocolError),
        (400, Rejected, Rejected),
        (401, CredentialsRefused, CredentialsRefused),
        (403, CredentialsRefused, CredentialsRefused),
        (404, NotFound, NotFound),
        (408, RemoteUnavailable, RemoteUnavailable),
        (409, Conflict, Conflict),
        (413, Rejected, Rejected),
        (428, Rejected, Rejected),
        (429, Throttled, Throttled),
        (430, Rejected, Rejected),
        (499, Rejected, Rejected),
        (500, RemoteUnavailable, AnswerLost),
        (501, Rejected, Rejected),
        (502, RemoteUnavailable, AnswerLost),
        (503, RemoteUnavailable, AnswerLost),
        (599, RemoteUnavailable, AnswerLost),
        (600, ProtocolError, AnswerLost),
    ],
)
def test_what_a_status_means(
    status: int, read: type[RemoteError], written: type[RemoteError]
) -> None:
    """A write may have been executed by whoever answers so, unless the answer says otherwise."""
    said = answer(status, {"detail": "alas"})
    for write, kind in ((False, read), (True, written)):
        detail = "a redirect, which is not followed" if status == 399 else "<alas>"
        assert shown(meant(said, write=write)) == (kind, "ZSCloud", "create a user", detail, status)


def test_a_redirect_is_not_followed() -> None:
    error = meant(answer(300), write=True)
    detail = "a redirect, which is not followed"
    assert shown(error) == (ProtocolError, "ZSCloud", "create a user", detail, 300)
    assert error.remedy == BASE_URL_REMEDY
    assert meant(answer(401), write=False).remedy == CREDENTIALS_REMEDY
    assert " ZSCLOUD_SCIM_TOKEN." in CREDENTIALS_REMEDY
    assert " ZSCLOUD_SCIM_BASE_URL " in BASE_URL_REMEDY


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {}, 1.0),
        (429, {"retry_after": "7"}, 7.0),
        (429, {"retry_after": "soon"}, 1.0),
        (429, {"retry_after": "301"}, 300.0),
        (429, {"retry_after": "300"}, 300.0),
        (503, {"retry_after": "7"}, 7.0),
    ],
)
def test_a_pause_that_is_asked_for(status: int, headers: dict[str, str], seconds: float) -> None:
    error = meant(answer(status, {"detail": "wait"}, **headers), write=True)
    assert shown(error) == (Throttled, "ZSCloud", "create a user", "<wait>", status)
    assert isinstance(error, Throttled)
    assert error.retry_after == seconds
    assert not isinstance(meant(answer(500, retry_after="7"), write=False), Throttled)


def test_a_pause_in_the_body_counts_where_the_header_says_nothing() -> None:
    body = {"Retry-After": "9 seconds"}
    assert retry_after(answer(429, body), NOW) == 9.0
    assert retry_after(answer(429, {"retry-after": 9}), NOW) == 9.0
    assert retry_after(answer(429, body, **{"retry-after": "4"}), NOW) == 4.0
    assert retry_after(answer(429, body, **{"retry-after": "x"}), NOW) == 9.0
    assert retry_after(answer(429, {"Retry-After": "x"}), NOW) == 1.0
    assert retry_after(answer(429, [1]), NOW) is None
    assert retry_after(answer(429, {}), NOW) is None
    date = "Fri, 15 Jan 2027 08:00:30 GMT"
    assert retry_after(answer(429, **{"retry-after": date}), NOW) == 30.0


@pytest.mark.parametrize(
    ("body", "detail", "scim_type"),
    [
        (b"", "no further detail", None),
        ({"detail": "a", "message": "b", "scimType": "t"}, "<a>", "<t>"),
        ({"Detail": "a"}, "<a>", None),
        ({"message": "b"}, "<b>", None),
        ({"detail": "", "message": "b"}, "<b>", None),
        ({"detail": 7, "scimType": 7}, '<{"detail": 7, "scimType": 7}>', None),
        (["a"], '<["a"]>', None),
        (b"caf\xe9", "<caf\ufffd>", None),
        (b"x" * 65_537, "an error body of 65537 bytes", None),
    ],
)
def test_what_an_error_says(body: Any, detail: str, scim_type: str | None) -> None:
    error = meant(answer(400, body), write=True)
    assert isinstance(error, Rejected)
    assert (error.detail, error.scim_type) == (detail, scim_type)
    assert meant(answer(400, b"x" * 65_536), write=True).detail.startswith("<xxx")


@pytest.mark.parametrize(
    ("error", "read", "written"),
    [
        (NotSent("alas"), NotReached, NotReached),
        (AnswerTooLarge("alas"), ProtocolError, AnswerLost),
        (TransportError("alas"), RemoteUnavailable, AnswerLost),
    ],
)
def test_what_a_missing_answer_means(
    error: TransportError, read: type[RemoteError], written: type[RemoteError]
) -> None:
    for write, kind in ((False, read), (True, written)):
        found = transport_failure(error, "read users", write=write, scrub=lambda text: f"<{text}>")
        assert shown(found) == (kind, "ZSCloud", "read users", "<alas>", None)


@pytest.mark.parametrize("token", ["a/b+c d&", 'quo"te\\', "x", "%2F", "<é>"])
def test_a_token_is_found_as_it_looks_elsewhere(token: str) -> None:
    from html import escape
    from urllib.parse import quote

    scrub = token_scrubber(token)
    in_json = json.dumps(token, ensure_ascii=False)[1:-1]
    spellings = [token, quote(token), quote(token, safe=""), in_json, escape(token)]
    for text in (*spellings, in_json.replace("/", "\\/")):
        assert scrub(f"1{text}2") == "1[credentials]2"


def test_a_header_is_taken_out_whatever_the_token() -> None:
    scrub = token_scrubber("secret")
    assert scrub("Authorization: Bearer xyz, 1") == "[credentials], 1"


# --- requests ------------------------------------------------------------------------------------

PATCH = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]
A, B = ScimId("a"), ScimId("b")
DEPARTMENT = f"{ENTERPRISE_SCHEMA}:department"
WORK = 'emails[type eq "work"].value'
TAGS = f'{ENTERPRISE_SCHEMA}:tags[type eq "x"].value'


@pytest.mark.parametrize(
    ("write", "method", "path", "body", "type"),
    [
        (
            CreateObject(USER, {"userName": "jo", DEPARTMENT: "S"}),
            *("POST", "/Users"),
            {
                "schemas": [USER_SCHEMA, ENTERPRISE_SCHEMA],
                "userName": "jo",
                ENTERPRISE_SCHEMA: {"department": "S"},
            },
            USER,
        ),
        (
            CreateObject(GROUP, {"displayName": "S"}, (A,)),
            *("POST", "/Groups"),
            {"schemas": [GROUP_SCHEMA], "displayName": "S", "members": [{"value": "a"}]},
            GROUP,
        ),
        (
            CreateObject(GROUP, {"displayName": "S"}),
            *("POST", "/Groups"),
            {"schemas": [GROUP_SCHEMA], "displayName": "S"},
            GROUP,
        ),
        (
            ReplaceObject(GROUP, ID, {"displayName": "S"}, ()),
            *("PUT", "/Groups/u%2F1"),
            {"schemas": [GROUP_SCHEMA], "displayName": "S", "members": []},
            GROUP,
        ),
        (
            ReplaceObject(USER, ID, {"userName": "jo"}, (A,)),
            *("PUT", "/Users/u%2F1"),
            {"schemas": [USER_SCHEMA], "userName": "jo"},
            USER,
        ),
        (
            UpdateObject(USER, ID, {"title": "Boss", "nickName": None, WORK: "a"}),
            *("PATCH", "/Users/u%2F1"),
            {
                "schemas": PATCH,
                "Operations": [
                    {"op": "replace", "path": "title", "value": "Boss"},
                    {"op": "remove", "path": "nickName"},
                    {"op": "replace", "path": WORK, "value": "a"},
                ],
            },
            USER,
        ),
        (
            UpdateObject(USER, ID, {WORK: ["a"], TAGS: ["b"]}, {WORK: True, TAGS: False}),
            *("PATCH", "/Users/u%2F1"),
            {
                "schemas": PATCH,
                "Operations": [
                    {"op": "remove", "path": 'emails[type eq "work"]'},
                    {"op": "add", "path": "emails", "value": [{"type": "work", "value": "a"}]},
                    {
                        "op": "add",
                        "path": f"{ENTERPRISE_SCHEMA}:tags",
                        "value": [{"type": "x", "value": "b"}],
                    },
                ],
            },
            USER,
        ),
        (
            UpdateObject(USER, ID, {WORK: None}, {WORK: True}),
            *("PATCH", "/Users/u%2F1"),
            {"schemas": PATCH, "Operations": [{"op": "remove", "path": 'emails[type eq "work"]'}]},
            USER,
        ),
        (
            AddMembers(ID, (A, B)),
            *("PATCH", "/Groups/u%2F1"),
            {
                "schemas": PATCH,
                "Operations": [
                    {"op": "add", "value": {"members": [{"value": "a"}, {"value": "b"}]}}
                ],
            },
            GROUP,
        ),
        (
            RemoveMembers(ID, (A, B), MemberRemoval.FILTER),
            *("PATCH", "/Groups/u%2F1"),
            {
                "schemas": PATCH,
                "Operations": [
                    {"op": "remove", "path": 'members[value eq "a"]'},
                    {"op": "remove", "path": 'members[value eq "b"]'},
                ],
            },
            GROUP,
        ),
        (
            RemoveMembers(ID, (A,), MemberRemoval.VALUE),
            *("PATCH", "/Groups/u%2F1"),
            {
                "schemas": PATCH,
                "Operations": [{"op": "remove", "path": "members", "value": [{"value": "a"}]}],
            },
            GROUP,
        ),
        (DeleteObject(USER, ID), *("DELETE", "/Users/u%2F1"), None, USER),
    ],
)
def test_a_write_is_one_request(
    write: Write, method: str, path: str, body: Any, type: ObjectType
) -> None:
    command = encode_write(write)
    assert (command.method, command.path, command.type) == (method, path, type)
    assert (None if command.body is None else json.loads(command.body)) == body


def test_members_are_added_with_a_path_where_that_is_asked_for() -> None:
    command = encode_write(AddMembers(ID, (A,)), member_add_path=True)
    assert json.loads(command.body or b"")["Operations"] == [
        {"op": "add", "path": "members", "value": [{"value": "a"}]}
    ]


@pytest.mark.parametrize(
    "write",
    [
        UpdateObject(USER, ID, {}),
        UpdateObject(USER, ID, {WORK: None}, {WORK: False}),
        AddMembers(ID, ()),
        RemoveMembers(ID, (), MemberRemoval.FILTER),
        RemoveMembers(ID, (), MemberRemoval.VALUE),
    ],
)
def test_a_write_that_says_nothing_is_refused(write: Write) -> None:
    """Without a member the path alone would empty the group."""
    with pytest.raises(ValueError, match="without an operation"):
        encode_write(write)


def test_members_leave_by_put_only_with_the_whole_group() -> None:
    with pytest.raises(ValueError, match="ReplaceObject"):
        encode_write(RemoveMembers(ID, (A,), MemberRemoval.PUT))


def test_where_things_are() -> None:
    assert object_path(GROUP, ID) == "/Groups/u%2F1"
    assert page_path(USER, 101, 50) == "/Users?startIndex=101&count=50"
    assert filter_path(USER, "userName", 'a"b/c') == (
        "/Users?filter=userName%20eq%20%22a%5C%22b%2Fc%22"
    )
    assert DISCOVERY_PATH == "/ServiceProviderConfig"
    assert CONTENT_TYPE == "application/scim+json"


def test_an_object_is_known_by_its_id_in_any_case() -> None:
    reader = AttributeReader(["userName"])
    assert decode_object(USER, {"ID": "1", "userName": "jo"}, reader) == TargetObject(
        USER, ScimId("1"), {"userName": "jo"}
    )
    group = decode_object(GROUP, {"id": 7, "members": [{"value": "a"}, {"value": "a"}]}, reader)
    assert group == TargetObject(GROUP, ScimId("7"), {}, (ScimId("a"),))


@pytest.mark.parametrize(
    ("attribute", "value", "found"),
    [("userName", "JO", 1), ("externalId", "JO", 0), ("id", "A", 0), ("id", "a", 1)],
)
def test_a_filter_that_the_server_ignores(attribute: str, value: str, found: int) -> None:
    users = [{"id": "a", "userName": "jo", "externalId": "jo"}, {"id": "b", "userName": "kim"}]
    body = json.dumps({"totalResults": 2, "Resources": users}).encode()
    reader = AttributeReader(["userName"])
    assert len(decode_matches(USER, body, reader, attribute, value)) == found
