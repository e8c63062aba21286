"""Each address as it is called, each answer as it is meant, and rows that cannot be read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from provisioning.errors import (
    ConfigurationError,
    Conflict,
    CredentialsRefused,
    HandshakeFailed,
    NotFound,
    PermissionMissing,
    ProtocolError,
    QuotaReached,
    Rejected,
    RemoteError,
    RemoteUnavailable,
    Throttled,
    WatermarkExpired,
)
from provisioning.graph import rows, subscription_rows, urls, wire
from provisioning.model import EntraId, ObjectType, SourceGroup, SourceUser
from tests.graph.scripted import NOW

USER, GROUP = ObjectType.USER, ObjectType.GROUP
REQUEST = wire.Request("/users?$select=id", wire.USER_READ)
DELTA = wire.Request("/users/delta?$deltatoken=abc", wire.USER_READ, delta=True)
JSON = {"content-type": "application/json"}
ANY = msgspec.json.Decoder(dict[str, Any])


def answer(status: int, body: Any = None, **headers: str) -> wire.Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {name.replace("_", "-"): text for name, text in headers.items()}
    return wire.Answer(status, {**JSON, **fields}, content, NOW)


# --- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            urls.service_principal("s"),
            "/servicePrincipals/s?$select=id,appId,displayName,accountEnabled,appRoles",
        ),
        (urls.assignments("s"), "/servicePrincipals/s/appRoleAssignedTo?$top=999"),
        (
            urls.members("g", ("id", "manager", "mail")),
            "/groups/g/members?$select=id,mail&$top=999",
        ),
        (urls.listing(USER, ("id", "id")), "/users?$select=id&$top=999"),
        (
            urls.listing(USER, ("id", "manager")),
            "/users?$select=id&$expand=manager($select=id)&$top=999",
        ),
        (urls.single(GROUP, "g", ("id", "a/b")), "/groups/g?$select=id,a/b"),
        (urls.single(USER, "jo@x.org", ("a b",)), "/users/jo@x.org?$select=a%20b"),
        (urls.single(USER, "$jo@x.org", ("id",)), "/users(%27%24jo%40x.org%27)?$select=id"),
        (urls.single(USER, "delta", ("id",)), "/users(%27delta%27)?$select=id"),
        (urls.single(USER, "o'x", ("id",)), "/users(%27o%27%27x%27)?$select=id"),
        (
            urls.groups_named("A/B'C", ("id",)),
            "/groups?$filter=displayName%20eq%20%27A%2FB%27%27C%27&$select=id&$top=999",
        ),
        (urls.deleted_item("u"), "/directory/deletedItems/u?$select=id"),
        (urls.subscriptions(), "/subscriptions"),
        (urls.subscription("1"), "/subscriptions/1"),
        (
            urls.latest_delta(GROUP, ("displayName", "members"), ()),
            "/groups/delta?$deltatoken=latest&$select=displayName,members",
        ),
        (
            urls.latest_delta(USER, ("mail",), ("a", "b/c")),
            (
                "/users/delta?$deltatoken=latest&$select=mail"
                "&$filter=id%20eq%20%27a%27%20or%20id%20eq%20%27b%2Fc%27"
            ),
        ),
    ],
)
def test_what_is_called(url: str, expected: str) -> None:
    assert url == expected
    assert (urls.PAGE_SIZE, urls.BATCH_SIZE, urls.FILTER_IDS) == (999, 20, 50)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Graph.Microsoft.com/v1.0/", ("https", "graph.microsoft.com", 443)),
        ("https://graph.microsoft.com:1/v1.0X", ("https", "graph.microsoft.com", 1)),
        ("http://localhost:8080", ("http", "localhost", 8080)),
        ("http://127.0.0.1/v1.0", ("http", "127.0.0.1", 80)),
        ("http://[::1]:8080/", ("http", "::1", 8080)),
    ],
)
def test_where_graph_is(url: str, origin: tuple[str, str, int]) -> None:
    endpoint = urls.parse_endpoint(url)
    assert (endpoint.scheme, endpoint.host, endpoint.port) == origin
    assert endpoint.url == url.rstrip("/")
    assert endpoint.loopback is (origin[0] == "http")
    assert endpoint.scope == f"https://{origin[1]}/.default"
    assert endpoint.absolute("/users") == f"{endpoint.url}/users"
    assert endpoint.absolute("https://x/users") == "https://x/users"
    assert endpoint.admits(f"{url}/next?$skiptoken=1")


@pytest.mark.parametrize(
    "url",
    [
        *("", "graph.microsoft.com", "ftp://graph.microsoft.com", "https://", "https://x:0"),
        *("https://user@x", "https://x:99999", "https://x\\y", "https://x/ y", "https://x/\x07"),
        *("https://x?a=b", "https://x#a", "http://graph.microsoft.com", "http://10.0.0.1"),
        *("https://x:a", "https://[::1"),
    ],
)
def test_where_graph_is_not(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        urls.parse_endpoint(url)
    (problem,) = caught.value.problems
    assert problem.field == "GRAPH_BASE_URL"
    assert problem.message.startswith("is ")
    assert problem.remedy.startswith("Use https://graph.microsoft.com/v1.0,")


def test_a_link_elsewhere_is_not_followed() -> None:
    endpoint = urls.parse_endpoint("https://graph.microsoft.com/v1.0")
    assert endpoint.admits("https://GRAPH.microsoft.com:443/beta/x")
    for link in ("http://graph.microsoft.com/", "https://x/", "https://graph.microsoft.com:444/"):
        assert not endpoint.admits(link)
    assert not endpoint.admits("https://graph.microsoft.com\\@x/")
    assert urls.names_user("a-b_1")
    assert urls.names_user("a@b")
    assert not any(urls.names_user(text) for text in ("delta", "a b", "a@b@c", "a/b@c", ""))


# --- requests and answers ------------------------------------------------------------------------


def test_a_request_says_what_it_accepts_and_how_urgent_it_is() -> None:
    assert REQUEST.operation == "GET /users"
    assert (REQUEST.headers, REQUEST.body, REQUEST.delta) == (
        {"Accept": "application/json"},
        b"",
        False,
    )
    post = wire.Request("https://g/v1.0/x?t=1", wire.USER_READ, "POST", b"{}", low_priority=True)
    assert post.operation == "POST /v1.0/x"
    assert post.headers == {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "x-ms-throttle-priority": "low",
    }


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [
        ("2.5", 2.5),
        ("0", None),
        ("-1", None),
        ("inf", None),
        ("nan", None),
        ("x", None),
        ("", None),
    ],
)
def test_a_pause_that_is_asked_for(stated: str, seconds: float | None) -> None:
    assert answer(429, retry_after=stated).retry_after == seconds


def error(code: str | None, message: str | None = "alas") -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (199, "x", ProtocolError),
        (302, "x", ProtocolError),
        (400, "x", Rejected),
        (400, "SyncStateNotFound", RemoteUnavailable),
        (400, "resyncRequired", RemoteUnavailable),
        (400, "Directory_ExpiredPageToken", RemoteUnavailable),
        (401, "x", CredentialsRefused),
        (403, "x", PermissionMissing),
        (404, "x", NotFound),
        (404, "syncStateNotFound", NotFound),
        (409, "x", Conflict),
        (410, "x", RemoteUnavailable),
        (418, "x", Rejected),
        (429, "x", Throttled),
        (499, "x", Rejected),
        (500, "x", RemoteUnavailable),
        (503, "x", RemoteUnavailable),
        (599, "x", RemoteUnavailable),
    ],
)
def test_what_a_status_means(status: int, code: str, kind: type[RemoteError]) -> None:
    found = wire.failure(answer(status, error(code)), REQUEST)
    assert isinstance(found, kind)
    assert (found.remote, found.operation, found.status) == ("Graph", "GET /users", status)
    assert found.detail == f"{code}: alas"
    assert not isinstance(found, WatermarkExpired)


@pytest.mark.parametrize(("status", "code"), [(410, ""), (400, "syncStateNotFound")])
def test_a_token_that_is_too_old(status: int, code: str) -> None:
    found = wire.failure(answer(status, error(code)), DELTA)
    assert isinstance(found, WatermarkExpired)
    assert (found.remote, found.operation, found.status) == ("Graph", "GET /users/delta", status)


def test_a_throttled_request_may_be_sent_again_after_its_pause() -> None:
    for status, headers, seconds in (
        (429, {}, 0.0),
        (429, {"retry_after": "7"}, 7.0),
        (503, {"retry_after": "7"}, 7.0),
    ):
        found = wire.failure(answer(status, error("x"), **headers), REQUEST)
        assert isinstance(found, Throttled)
        assert (found.retry_after, found.status, found.operation) == (seconds, status, "GET /users")
    assert not isinstance(wire.failure(answer(500, retry_after="7"), REQUEST), Throttled)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (error("code", "text"), "code: text"),
        (error(None, "text"), "text"),
        (error("code", None), "code"),
        ({}, "no detail given"),
        (b"<html>", "no detail given"),
        (error("x", "Bearer abc and eyJx.y.z"), "x: Bearer [removed] and [removed]"),
        (error("x", "a?$skiptoken=abc&b=1"), "x: a?$skiptoken=[removed]&b=1"),
    ],
)
def test_what_an_error_says(body: Any, detail: str) -> None:
    assert wire.failure(answer(400, body), REQUEST).detail == detail


def test_the_request_id_that_support_asks_for() -> None:
    inner = {"error": {"code": "x", "innerError": {"request-id": "inner"}}}
    assert wire.failure(answer(400, inner), REQUEST).request_id == "inner"
    assert wire.failure(answer(400, inner, request_id="outer"), REQUEST).request_id == "outer"
    assert wire.failure(answer(400, {}), REQUEST).request_id is None
    assert wire.failure(answer(400, {"error": {"innerError": [1]}}), REQUEST).request_id is None
    long = wire.failure(answer(400, {}, request_id="x" * 70), REQUEST).request_id
    assert long == "x" * 64


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON ;odata.metadata=minimal"])
def test_json_is_known_by_its_type(kind: str) -> None:
    assert wire.decode(answer(200, {"a": 1}, content_type=kind), REQUEST, ANY) == {"a": 1}


def test_what_is_no_answer_says_why() -> None:
    def refused(said: wire.Answer) -> ProtocolError:
        with pytest.raises(ProtocolError) as caught:
            wire.decode(said, REQUEST, ANY)
        assert (caught.value.remote, caught.value.operation) == ("Graph", "GET /users")
        return caught.value

    assert refused(answer(200, {}, content_type="text/html")).detail == "content type text/html"
    assert refused(answer(200, {}, content_type="")).detail == "content type missing"
    bare = wire.Answer(200, {}, b"{}", NOW)
    assert refused(bare).detail == "content type missing"
    broken = refused(answer(200, b'{"a":'))
    assert isinstance(broken, wire.Undecodable)
    assert broken.detail.startswith("truncated or no JSON: ")
    assert not isinstance(refused(answer(200, [1])), wire.Undecodable)


def test_several_reads_in_one_request() -> None:
    first = wire.Request("/users/a", wire.USER_READ, low_priority=True)
    batch = wire.Batch((first, REQUEST))
    assert (batch.request.url, batch.request.method) == ("/$batch", "POST")
    assert batch.request.permission == wire.USER_READ
    assert batch.request.low_priority
    assert json.loads(batch.request.body) == {
        "requests": [
            {"id": "0", "method": "GET", "url": "/users/a"},
            {"id": "1", "method": "GET", "url": "/users?$select=id"},
        ]
    }
    items = [
        {"id": "1", "status": 404, "headers": {"Retry-After": 3}},
        {"id": "0", "status": 200, "body": {"a": 1}},
    ]
    one, other = batch.decode(answer(200, {"responses": items}), batch.request)
    assert one == wire.Answer(200, {}, b'{"a":1}'.replace(b":", b": "), NOW, embedded=True)
    assert other == wire.Answer(404, {"retry-after": "3"}, b"null", NOW, embedded=True)
    assert wire.decode(one, REQUEST, ANY) == {"a": 1}
    for wrong in (items[:1], [items[0], {"id": "7", "status": 200}]):
        with pytest.raises(ProtocolError) as caught:
            batch.decode(answer(200, {"responses": wrong}), batch.request)
        assert caught.value.operation == "POST /$batch"


# --- rows ----------------------------------------------------------------------------------------

ROWS = rows.Rows(("userPrincipalName", "manager", "mail"), ("displayName",))
JO = {"id": "u", "userPrincipalName": "jo@x.org", "accountEnabled": True, "mail": None}


def test_what_is_asked_for() -> None:
    always = ("id", "accountEnabled", "userPrincipalName")
    assert ROWS.select(USER) == (*always, "userPrincipalName", "manager", "mail")
    assert ROWS.select(GROUP) == ("id", "displayName")
    assert ROWS.select_delta(USER) == ("accountEnabled", "userPrincipalName", "manager", "mail")
    assert ROWS.select_delta(GROUP) == ("displayName", "members")


@pytest.mark.parametrize(("manager", "id"), [({"id": "m"}, "m"), (None, None)])
def test_a_user_with_a_manager(manager: Any, id: str | None) -> None:
    found = ROWS.user(answer(200, {**JO, "manager": manager}), REQUEST)
    attributes = {"userPrincipalName": "jo@x.org", "mail": None, "manager": id}
    assert found == SourceUser(EntraId("u"), True, attributes)
    assert ROWS.user(answer(200, JO), REQUEST).attributes["manager"] is None
    page = ROWS.users(answer(200, {"value": [JO], "@odata.nextLink": "n"}), REQUEST)
    assert (page.value[0].id, page.next_link) == ("u", "n")


def test_groups_and_their_pages() -> None:
    sales = {"id": "g", "displayName": "Sales"}
    expected = SourceGroup(EntraId("g"), {"displayName": "Sales"})
    assert ROWS.group(answer(200, sales), REQUEST) == expected
    page = ROWS.groups(answer(200, {"value": [sales]}), REQUEST)
    assert (page.value, page.next_link) == ([expected], None)


@pytest.mark.parametrize(
    "row",
    [
        {**JO, "accountEnabled": None},
        {**JO, "userPrincipalName": None},
        {**JO, "userPrincipalName": ""},
    ],
)
def test_a_user_without_what_every_user_has(row: dict[str, Any]) -> None:
    with pytest.raises(PermissionMissing) as caught:
        ROWS.user(answer(200, row), REQUEST)
    assert caught.value.permission == "User.Read.All"
    assert caught.value.operation == "GET /users"
    assert caught.value.detail == "user u came without userPrincipalName or accountEnabled"


def test_a_group_without_a_name() -> None:
    with pytest.raises(PermissionMissing) as caught:
        ROWS.group(answer(200, {"id": "g"}), REQUEST)
    assert caught.value.permission == "GroupMember.Read.All"
    assert caught.value.detail == "group g came without displayName"


def test_the_enterprise_application() -> None:
    roles = [
        {"id": "1", "displayName": "One", "value": "one", "isEnabled": True},
        {"id": "2", "displayName": None, "value": "two", "isEnabled": False},
        {"id": "3"},
    ]
    body = {"id": "s", "appId": "a", "appRoles": roles}
    found = rows.decode_service_principal(answer(200, body), REQUEST)
    assert [(r.id, r.value, r.display_name, r.enabled) for r in found.app_roles] == [
        ("1", "one", "One", True),
        ("2", "two", "two", False),
        ("3", None, "3", True),
    ]
    assert (found.id, found.app_id, found.display_name, found.enabled) == ("s", "a", "", True)
    off = rows.decode_service_principal(answer(200, {**body, "accountEnabled": False}), REQUEST)
    assert not off.enabled


def delta(type: ObjectType, row: dict[str, Any]) -> Any:
    page = {"value": [row], "@odata.deltaLink": "d"}
    return ROWS.delta(type)(answer(200, page), REQUEST).rows[0]


@pytest.mark.parametrize(
    ("entries", "manager"),
    [
        ([{"id": "m"}], "m"),
        ([{"id": "l", "@removed": {"reason": "deleted"}}, {"id": "m"}], "m"),
        ([{"id": "m"}, {"id": "l", "@removed": {"reason": "deleted"}}], "m"),
        ([{"id": "l"}, {"id": "k"}, {"id": "m"}], "m"),
        ([{"id": "l", "@removed": {"reason": "deleted"}}], None),
        ([], None),
    ],
)
def test_a_change_of_the_manager(entries: list[Any], manager: str | None) -> None:
    assert delta(USER, {"id": "u", "manager@delta": entries}).attributes == {"manager": manager}
    assert delta(USER, {"id": "u"}).attributes == {}


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        ({"manager@delta": {}}, "manager@delta of u is no list of objects"),
        ({"manager@delta": [{"id": "m"}, 1]}, "manager@delta of u is no list of objects"),
        ({"members@delta": {}}, "members@delta of u is no list of objects"),
        ({"members@delta": [1]}, "members@delta of u is no list of objects"),
        ({"members@delta": [{"id": "m"}]}, "member m without @odata.type"),
        ({"@removed": {"reason": "other"}}, "@removed of u without a known reason"),
        ({"@removed": 1}, "@removed of u without a known reason"),
        ({"id": ""}, "an object without id"),
    ],
)
def test_a_row_that_cannot_be_read_says_why(row: dict[str, Any], detail: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        delta(USER, {"id": "u", **row})
    assert (caught.value.operation, caught.value.detail) == ("GET /users", detail)


def test_whether_an_object_is_there() -> None:
    assert rows.decode_found(answer(200, {"id": "u"}), REQUEST)
    with pytest.raises(ProtocolError) as caught:
        rows.decode_found(answer(200, {}), REQUEST)
    assert caught.value.detail == "an object without id"


# --- subscriptions -------------------------------------------------------------------------------


def test_a_subscription_is_told_of_changes_and_deletions() -> None:
    request = subscription_rows.create_request("groups", "https://here", "secret", NOW + 0.9)
    assert json.loads(request.body) == {
        "changeType": "updated,deleted",
        "resource": "groups",
        "notificationUrl": "https://here",
        "lifecycleNotificationUrl": "https://here",
        "expirationDateTime": datetime.fromtimestamp(NOW, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "clientState": "secret",
    }
    assert request.permission == "Group.Read.All"


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (403, "limit reached", QuotaReached),
        (403, "the Quota", QuotaReached),
        (403, "denied", PermissionMissing),
        (400, "ValidationError", HandshakeFailed),
        (400, "Subscription validation request timed out", HandshakeFailed),
        (400, "limit", Rejected),
    ],
)
def test_why_no_subscription_was_made(status: int, message: str, kind: type[RemoteError]) -> None:
    request = subscription_rows.create_request("users", "https://here", "secret", NOW)
    said = answer(status, error("x", message), request_id="r")
    with pytest.raises(kind) as caught:
        subscription_rows.decode_created(said, request)
    found = caught.value
    assert (found.remote, found.operation, found.status) == ("Graph", "POST /subscriptions", status)
    assert found.detail == f"x: {message}"
    assert found.request_id == "r"
