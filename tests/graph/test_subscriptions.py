"""Subscriptions over the wire: what is sent, and what the answers mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from provisioning.errors import (
    Conflict,
    HandshakeFailed,
    NotFound,
    PermissionMissing,
    ProtocolError,
    QuotaReached,
    Rejected,
    RemoteUnavailable,
)
from provisioning.graph import GraphSubscriptions
from provisioning.model import Subscription
from tests.graph.scripted import BASE, NOW, FakeClock, Script, answer, page, refusal, source_for

URL = "https://app.example.com/api/notifications"
SECRET = "a-secret-that-nobody-sees"


def row(id: str = "1", **changes: Any) -> dict[str, Any]:
    """As Graph shows one."""
    return {
        "id": id,
        "resource": "users",
        "changeType": "updated,deleted",
        "clientState": None,
        "notificationUrl": URL,
        "lifecycleNotificationUrl": URL,
        "expirationDateTime": "2025-10-09T08:53:20.1234567Z",
        "applicationId": "app",
        "notificationQueryOptions": None,
        **changes,
    }


def given(*steps: httpx.Response | Exception, clock: FakeClock | None = None) -> Any:
    script = Script(*steps)
    return source_for(script, clock).subscriptions(), script


async def create(graph: GraphSubscriptions, resource: str = "users") -> Subscription:
    return await graph.create(resource, url=URL, secret=SECRET, until=NOW + 3600)


async def test_the_list_is_read_to_its_end() -> None:
    graph, script = given(
        page([row("1")], f"{BASE}/subscriptions?$skiptoken=2"),
        page([], f"{BASE}/subscriptions?$skiptoken=3"),
        page([row("2", resource="/Groups/", changeType="Deleted, updated", applicationId=None)]),
    )
    first, second = await graph.list()
    assert first == Subscription(
        id="1",
        resource="users",
        change_types=frozenset({"updated", "deleted"}),
        notification_url=URL,
        lifecycle_url=URL,
        expires_at=pytest.approx(NOW + 0.123457, abs=1e-5),
        application_id="app",
    )
    assert (second.resource, second.change_types) == ("groups", first.change_types)
    assert [url.partition("?")[0] for url in script.urls] == ["/subscriptions"] * 3


async def test_one_to_something_else_has_no_url() -> None:
    graph, _ = given(page([row(notificationUrl=None, lifecycleNotificationUrl=None)]))
    [one] = await graph.list()
    assert (one.notification_url, one.lifecycle_url) == ("", None)


@pytest.mark.parametrize(
    "link", ["https://elsewhere.example.com/v1.0/subscriptions", f"{BASE}/subscriptions?a=1"]
)
async def test_links_that_lead_elsewhere_or_in_a_ring(link: str) -> None:
    graph, _ = given(page([], link), page([], link))
    with pytest.raises(ProtocolError, match="link"):
        await graph.list()


async def test_creation_says_all_that_cannot_be_added_later() -> None:
    graph, script = given(answer(row(), 201))
    made = await create(graph)
    assert made.id == "1"
    assert script.requests[0].method == "POST"
    assert script.body(0) == {
        "changeType": "updated,deleted",
        "resource": "users",
        "notificationUrl": URL,
        "lifecycleNotificationUrl": URL,
        "expirationDateTime": "2025-10-09T09:53:20Z",
        "clientState": SECRET,
    }


@pytest.mark.parametrize(
    ("refused", "kind", "words"),
    [
        (refusal(409, "Conflict", "Subscription Id 5 already exists"), Conflict, "Id 5"),
        (refusal(403, "ExtensionError", "The limit of 100 is reached."), QuotaReached, "100"),
        (refusal(403, "Authorization_RequestDenied", "No."), PermissionMissing, "No"),
        (
            refusal(400, "ValidationError", "Subscription validation request timed out."),
            HandshakeFailed,
            "timed out",
        ),
        (
            refusal(400, "InvalidRequest", "Subscription validation request failed. Must respond"),
            HandshakeFailed,
            "failed",
        ),
        (refusal(400, "InvalidRequest", "Bad changeType."), Rejected, "Bad changeType"),
    ],
)
async def test_refusals(refused: httpx.Response, kind: type[Exception], words: str) -> None:
    graph, script = given(refused)
    with pytest.raises(kind, match=words) as raised:
        await create(graph)
    assert type(raised.value) is kind
    assert SECRET not in str(raised.value)
    assert script.done


async def test_the_permission_is_that_of_the_resource() -> None:
    for resource, permission in {"users": "User.Read.All", "groups": "Group.Read.All"}.items():
        graph, _ = given(refusal(403, "Authorization_RequestDenied", "No."))
        with pytest.raises(PermissionMissing) as raised:
            await create(graph, resource)
        assert raised.value.permission == permission


async def test_a_key_in_an_address_is_not_shown() -> None:
    text = "The address https://app.example.com/api?x=1&code=SECRETKEY is taken."
    graph, _ = given(refusal(400, "InvalidRequest", text))
    with pytest.raises(Rejected) as raised:
        await create(graph)
    assert "SECRETKEY" not in str(raised.value)


async def test_renewal_sends_the_end_alone() -> None:
    graph, script = given(answer(row(expirationDateTime="2025-10-09T09:53:20Z")))
    renewed = await graph.renew("1", until=NOW + 3600)
    assert renewed.expires_at == NOW + 3600
    assert (script.requests[0].method, script.urls) == ("PATCH", ["/subscriptions/1"])
    assert script.body(0) == {"expirationDateTime": "2025-10-09T09:53:20Z"}
    graph, _ = given(refusal(404, "ResourceNotFound"))
    with pytest.raises(NotFound):
        await graph.renew("1", until=NOW)


@pytest.mark.parametrize("gone", [httpx.Response(204), refusal(404, "ResourceNotFound")])
async def test_deletion_is_done_when_it_is_gone(gone: httpx.Response) -> None:
    graph, script = given(gone)
    await graph.delete("1")
    assert (script.requests[0].method, script.urls) == ("DELETE", ["/subscriptions/1"])


async def test_an_id_cannot_lead_elsewhere() -> None:
    graph, script = given(httpx.Response(204))
    await graph.delete("../users/1?x")
    assert script.requests[0].url.path.startswith("/v1.0/subscriptions(")


@pytest.mark.parametrize(
    ("call", "done"),
    [
        (create, answer(row(), 201)),
        (lambda graph: graph.renew("1", until=NOW), answer(row())),
        (lambda graph: graph.delete("1"), httpx.Response(204)),
        (lambda graph: graph.list(), page([])),
    ],
)
async def test_a_busy_graph_is_asked_again(
    call: Callable[[GraphSubscriptions], Any], done: httpx.Response
) -> None:
    clock = FakeClock()
    busy = refusal(429, "TooManyRequests", retry_after="7")
    graph, script = given(busy, httpx.ReadTimeout("late"), refusal(503), done, clock=clock)
    await call(graph)
    assert script.done
    assert clock.slept[0] == 7


async def test_a_graph_that_stays_away() -> None:
    graph, _ = given(*[refusal(500)] * 20)
    with pytest.raises(RemoteUnavailable):
        await graph.list()


async def test_a_refusal_is_not_its_own_cause() -> None:
    """Whoever follows the causes of an error would never come to an end."""
    graph, _ = given(refusal(400, "InvalidRequest", "Bad changeType."))
    with pytest.raises(Rejected) as raised:
        await create(graph)
    assert raised.value.__cause__ is not raised.value
