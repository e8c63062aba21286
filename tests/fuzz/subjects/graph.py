"""Answers of Graph: pages, deltas, batches, subscriptions, errors."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import msgspec
from hypothesis import strategies as st

from provisioning.errors import ConfigurationError, RemoteError
from provisioning.graph import GraphSource, bounded, rows, subscription_rows, urls, wire
from provisioning.graph.channel import Channel, RetryPolicy
from provisioning.graph.paging import Walk
from provisioning.model import (
    MANAGER,
    Assignment,
    DeltaPage,
    EntraId,
    ObjectType,
    ServicePrincipal,
    SourceGroup,
    SourceUser,
    Subscription,
)
from provisioning.operations.documents import timestamp
from tests.fuzz import typed
from tests.fuzz.driving import gathered, run
from tests.fuzz.judge import Parser
from tests.fuzz.mutations import SECRET, bodies, broken, encodable_texts, texts
from tests.fuzz.subjects.answers import headers, statuses
from tests.graph.scripted import BASE, NOW, FakeClock

_ID = "59e617e5-e447-4adc-8b88-00af644d7c92"
_USER = {
    "@odata.type": "#microsoft.graph.user",
    "id": _ID,
    "accountEnabled": True,
    "userPrincipalName": "ada@example.com",
    "department": "Sales",
    "manager": {"@odata.type": "#microsoft.graph.user", "id": _ID},
}
_GROUP = {"@odata.type": "#microsoft.graph.group", "id": _ID, "displayName": "Writers"}
_NEXT = f"{BASE}/users?$skiptoken={SECRET}"
_LINKS = (
    *(_NEXT, f"{BASE}/users?$skiptoken=b", f"{BASE}//x", "/users?$skiptoken=c", "", "http://["),
    *("https://evil.example/v1.0/users", "http://127.0.0.1:8080@evil.example/", "http://127.0.0.1"),
    *(
        "HTTP://127.0.0.1:8080/v1.0/x",
        "http://127.0.0.1:8080\\@evil/",
        "\r\n",
        "http://[::1]:8080/",
    ),
    *("http://127.0.0.1:" + "8" * 5000, "//evil.example/x", "/" + "a" * 60_000, "http://\u2100/"),
)
_SERVICE_PRINCIPAL = {
    "id": _ID,
    "appId": _ID,
    "displayName": "Zscaler ZSCloud",
    "accountEnabled": True,
    "appRoles": [{"id": _ID, "displayName": "User", "value": None, "isEnabled": True}],
}
_ASSIGNMENT = {
    "id": "x5CyxZ",
    "appRoleId": _ID,
    "principalId": _ID,
    "principalType": "User",
    "createdDateTime": "2026-01-01T00:00:00.1234567Z",
}
_DELTA_USERS = {
    "value": [
        {k: v for k, v in _USER.items() if k != "manager"},
        {"id": _ID, "@removed": {"reason": "changed"}},
        {"id": _ID, "manager@delta": [{"id": _ID}, {"id": _ID, "@removed": {"reason": "deleted"}}]},
    ],
    "@odata.deltaLink": f"{BASE}/users/delta?$deltatoken={SECRET}",
}
_DELTA_GROUPS = {
    "value": [
        {
            "id": _ID,
            "displayName": "Writers",
            "members@delta": [
                {"@odata.type": "#microsoft.graph.user", "id": _ID},
                {
                    "@odata.type": "#microsoft.graph.group",
                    "id": _ID,
                    "@removed": {"reason": "deleted"},
                },
            ],
        }
    ],
    "@odata.nextLink": _NEXT,
}
_SUBSCRIPTION = {
    "id": _ID,
    "resource": "users",
    "changeType": "updated,deleted",
    "expirationDateTime": "2026-12-31T00:00:00Z",
    "notificationUrl": "https://app.example/api/notifications",
    "lifecycleNotificationUrl": None,
    "applicationId": _ID,
    "clientState": SECRET,
}
_ERROR = {
    "error": {
        "code": "Authorization_RequestDenied",
        "message": f"Denied. Authorization: Bearer {SECRET} $deltatoken={SECRET}",
        "innerError": {"date": "2026-01-01T00:00:00", "request-id": _ID},
    }
}
_BATCH = {
    "responses": [
        {"id": "0", "status": 200, "headers": {"Content-Type": "x"}, "body": _USER},
        {"id": "1", "status": 429, "headers": {"Retry-After": "3"}, "body": _ERROR},
    ]
}

ROWS = rows.Rows(("userPrincipalName", "department", MANAGER), ("displayName", "mailNickname"))
_REQUEST = wire.Request("/x?$skiptoken=" + SECRET, wire.USER_READ, delta=True)
_KINDS = ("application/json; charset=utf-8", "text/html", "", "application/json+x")


def _answers(*documents: Any, success: int = 200) -> st.SearchStrategy[wire.Answer]:
    return st.builds(
        wire.Answer,
        statuses(success, success, 503, 400),
        headers(_KINDS),
        bodies(*documents, _ERROR, extra=_LINKS),
        st.just(NOW),
        st.booleans(),
    )


def _page(*of: Any) -> dict[str, Any]:
    return {"value": list(of), "@odata.nextLink": _NEXT}


def _decoder(
    name: str,
    decode: Callable[[wire.Answer, wire.Request], Any],
    covers: tuple[str, ...],
    gives: Any,
    *documents: Any,
    success: int = 200,
) -> Parser:
    return Parser(
        f"graph: {name}",
        ("provisioning.graph.wire:_error_of", *covers),
        _answers(*documents, success=success),
        lambda answer: decode(answer, _REQUEST),
        gives,
        (RemoteError,),
    )


class _Transport:
    """Gives the answers in turn, and the last one again and again."""

    def __init__(self, answers: list[wire.Answer]) -> None:
        self._answers = answers
        self.sent: list[str] = []

    async def send(self, request: wire.Request) -> wire.Answer:
        self.sent.append(request.url)
        return self._answers[min(len(self.sent), len(self._answers)) - 1]

    async def close(self) -> None:
        """Nothing is open."""


def _source(answers: list[wire.Answer]) -> tuple[GraphSource, _Transport]:
    source = GraphSource(
        base_url=BASE,
        service_principal_id=_ID,
        user_properties=ROWS.user_properties,
        group_properties=ROWS.group_properties,
        clock=FakeClock(),
    )
    transport = _Transport(answers)
    source._channel = Channel(transport, FakeClock(), RetryPolicy(), lambda: 0.5)
    return source, transport


_ID_ = EntraId(_ID)
_READS: dict[str, Callable[[GraphSource], Coroutine[Any, Any, Any]]] = {
    "service principal": lambda s: s.service_principal(),
    "assignments": lambda s: gathered(s.assignments()),
    "members": lambda s: gathered(s.members(_ID_)),
    "users": lambda s: s.users([_ID_, EntraId("other")]),
    "groups": lambda s: s.groups([_ID_, EntraId("other")]),
    "deleted": lambda s: s.deleted([_ID_, EntraId("other")]),
    "find user": lambda s: s.find_user("ada@example.com"),
    "find groups": lambda s: s.find_groups(_ID),
    "all users": lambda s: gathered(s.all_users()),
    "delta": lambda s: gathered(s.delta(ObjectType.GROUP, "/groups/delta")),
    "latest": lambda s: s.latest_delta(ObjectType.USER),
}
_WHOLE = (
    *(_SERVICE_PRINCIPAL, _page(_ASSIGNMENT), _page(_USER, _GROUP), _BATCH, _DELTA_GROUPS, _USER),
    *({"value": [_USER]}, {"value": [_ASSIGNMENT, _ASSIGNMENT]}, _DELTA_USERS, _GROUP),
)


def _read(given: tuple[str, list[wire.Answer]]) -> object:
    name, answers = given
    source, transport = _source(answers)
    try:
        return run(_READS[name](source))
    finally:
        for url in transport.sent:
            absolute = url if not url.startswith("/") else BASE + url
            assert absolute.startswith("http://127.0.0.1:8080/"), f"a token was sent to {url}"


def _subscriptions(answer: wire.Answer, request: wire.Request) -> rows.Page[Subscription]:
    """With what is shown of each."""
    page = subscription_rows.decode_page(answer, request)
    for each in page.value:
        typed.check((each.host, timestamp(each.expires_at)), tuple[str, str | None])
    return page


def _follow(link: str) -> None:
    walk = Walk(urls.parse_endpoint(BASE))
    walk.follow(link, _REQUEST)
    walk.take([1], wire.Request(link, wire.USER_READ))
    assert wire.Request(link, wire.USER_READ).operation


_FORMS = (
    *(
        "Authorization: Bearer {}",
        "bearer  {}",
        "...$skiptoken={}&x",
        "$deltatoken%3D{}",
        "?code={}",
    ),
    "{{'access_token={}'}}",
)
"""How a gateway may repeat what was sent."""


def _told(given: tuple[int, str, str, str]) -> None:
    status, form, before, after = given
    said = f"{before} {form.format(SECRET)} {after}"
    body = msgspec.json.encode({"error": {"code": said, "message": said}})
    fields = {"content-type": "application/json", "request-id": said}
    wire.decode(wire.Answer(status, fields, body, NOW), _REQUEST, msgspec.json.Decoder(list[int]))


def _retry_after(stated: str) -> float | None:
    wait = wire.Answer(429, {"retry-after": stated}, b"", NOW).retry_after
    assert wait is None or 0 < wait < float("inf")
    return wait


_SAID = encodable_texts("", "no such thing")
_ROWS = "provisioning.graph.rows"
_SUBSCRIPTIONS = "provisioning.graph.subscription_rows"

PARSERS = (
    _decoder(
        "service principal",
        rows.decode_service_principal,
        (f"{_ROWS}:decode_service_principal", f"{_ROWS}:_SERVICE_PRINCIPAL"),
        ServicePrincipal,
        _SERVICE_PRINCIPAL,
    ),
    _decoder(
        "assignments",
        rows.decode_assignments,
        (f"{_ROWS}:decode_assignments", f"{_ROWS}:_ASSIGNMENTS"),
        rows.Page[Assignment],
        _page(_ASSIGNMENT),
    ),
    _decoder("user", ROWS.user, (f"{_ROWS}:Rows.user", f"{_ROWS}:_ROW"), SourceUser, _USER),
    _decoder("group", ROWS.group, (f"{_ROWS}:Rows.group",), SourceGroup, _GROUP),
    _decoder(
        "users", ROWS.users, (f"{_ROWS}:Rows.users", f"{_ROWS}:_ROWS"), rows.Page, _page(_USER)
    ),
    _decoder("groups", ROWS.groups, (f"{_ROWS}:Rows.groups",), rows.Page, _page(_GROUP)),
    _decoder("members", ROWS.members, (f"{_ROWS}:Rows.members",), rows.Page, _page(_USER, _GROUP)),
    _decoder("ids", rows.decode_ids, (f"{_ROWS}:decode_ids",), rows.Page, _page(_USER)),
    _decoder(
        "ids of groups",
        rows.decode_group_ids,
        (f"{_ROWS}:decode_group_ids",),
        rows.Page,
        _page(_USER, _GROUP),
    ),
    _decoder("found", rows.decode_found, (f"{_ROWS}:decode_found",), bool, _USER),
    _decoder(
        "delta of users",
        ROWS.delta(ObjectType.USER),
        (f"{_ROWS}:Rows.delta.decode_delta", f"{_ROWS}:_DELTA"),
        DeltaPage,
        _DELTA_USERS,
    ),
    _decoder("delta of groups", ROWS.delta(ObjectType.GROUP), (), DeltaPage, _DELTA_GROUPS),
    _decoder(
        "batch",
        wire.Batch([_REQUEST, _REQUEST]).decode,
        (
            *("provisioning.graph.wire:Batch.decode", "provisioning.graph.wire:_BATCH"),
            "provisioning.graph.wire:_ERROR",
        ),
        list[wire.Answer],
        _BATCH,
    ),
    _decoder(
        "subscriptions",
        _subscriptions,
        (
            *(f"{_SUBSCRIPTIONS}:decode_page", f"{_SUBSCRIPTIONS}:_PAGE"),
            "provisioning.model.source:Subscription.host",
        ),
        rows.Page[Subscription],
        _page(_SUBSCRIPTION),
    ),
    _decoder(
        "subscription made",
        subscription_rows.decode_created,
        (f"{_SUBSCRIPTIONS}:decode_created", f"{_SUBSCRIPTIONS}:_ONE"),
        Subscription,
        _SUBSCRIPTION,
        success=201,
    ),
    _decoder(
        "subscription renewed",
        subscription_rows.decode_renewed,
        (f"{_SUBSCRIPTIONS}:decode_renewed",),
        Subscription,
        _SUBSCRIPTION,
    ),
    _decoder(
        "subscription deleted",
        subscription_rows.decode_deleted,
        (f"{_SUBSCRIPTIONS}:decode_deleted",),
        None,
        _SUBSCRIPTION,
        success=204,
    ),
    Parser(
        "graph: tokens in errors",
        ("provisioning.graph.wire:decode",),
        st.tuples(statuses(400, 403, 429), st.sampled_from(_FORMS), _SAID, _SAID),
        _told,
        None,
        (RemoteError,),
        secrets=(SECRET,),
    ),
    Parser(
        "graph: packed answer",
        ("provisioning.graph.bounded:_Unzip.__init__", "provisioning.graph.bounded:_Unzip.pieces"),
        st.builds(
            lambda body, number, whole: gzip.compress(body) if whole else broken(body, number),
            bodies(_page(_USER)),
            st.integers(0, 2**32 - 1),
            st.booleans(),
        ),
        lambda packed: b"".join(bounded._Unzip().pieces(packed)),
        bytes,
        (httpx.DecodingError,),
    ),
    Parser(
        "graph: whole reads",
        ("provisioning.graph.client:GraphSource._pages",),
        st.tuples(
            st.sampled_from(sorted(_READS)), st.lists(_answers(*_WHOLE), min_size=1, max_size=3)
        ),
        _read,
        refusals=(RemoteError, ConfigurationError),
    ),
    Parser(
        "graph: links",
        (
            *("provisioning.graph.urls:_split", "provisioning.graph.urls:_is_loopback"),
            "provisioning.graph.wire:Request.operation",
        ),
        texts(*_LINKS),
        _follow,
        None,
        (RemoteError,),
    ),
    Parser(
        "graph: endpoint",
        ("provisioning.graph.urls:parse_endpoint",),
        texts(BASE, "https://graph.microsoft.com/v1.0", *_LINKS),
        urls.parse_endpoint,
        urls.Endpoint,
    ),
    Parser(
        "graph: Retry-After",
        ("provisioning.graph.wire:Answer.retry_after", "provisioning.graph.wire:_date"),
        headers(_KINDS).map(lambda fields: fields.get("retry-after", "3")),
        _retry_after,
        float | None,
    ),
)
"""Everything that reads what Graph sends."""
