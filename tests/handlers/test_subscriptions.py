"""The subscriptions by timer and over HTTP, with the app's own webhook behind a socket."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest

from simulator.http import Request, Response, Server
from tests.handlers.running import Running

TENANT = "11111111-2222-4333-8444-555555555555"


class Front:
    """Hands calls to the app's functions, as the host does."""

    app: Running

    async def handle(self, request: Request) -> Response:
        path, _, query = request.url.partition("/api/")[2].partition("?")
        answer = await self.app.worker.http(
            request.method, f"/api/{path}" + (f"?{query}" if query else ""), body=request.body
        )
        return Response(answer.status, dict(answer.headers), answer.body)


@pytest.fixture
async def front() -> AsyncIterator[tuple[Front, Server]]:
    made = Front()
    async with Server(made) as server:
        yield made, server


@pytest.fixture
def settings(front: tuple[Front, Server]) -> dict[str, str]:
    return {
        "PROVISIONING_STATUS": "on",
        "ZSCLOUD_REQUESTS_PER_SECOND": "0",
        "ENTRA_TENANT_ID": TENANT,
        "NOTIFICATION_URL": f"{front[1].url}/api/notifications",
        "NOTIFICATION_CLIENT_STATE": "the-secret-of-notifications",
    }


@pytest.fixture
def connected(app: Running, front: tuple[Front, Server]) -> Running:
    front[0].app = app
    return app


async def test_the_timer_subscribes_with_a_handshake_of_the_own_webhook(
    connected: Running,
) -> None:
    await connected.worker.timer("maintenance")
    found = connected.entra.subscriptions.living()
    assert sorted(one.resource for one in found) == ["groups", "users"]
    assert {one.notification_url for one in found} == {os.environ["NOTIFICATION_URL"]}
    states = (await connected.get("status"))["subscriptions"]
    assert [(each["resource"], each["state"], each["why"]) for each in states] == [
        ("users", "active", None),
        ("groups", "active", None),
    ]
    await connected.worker.timer("maintenance")
    assert connected.entra.subscriptions.living() == found


async def test_ensured_and_listed_over_http(connected: Running) -> None:
    assert (await connected.get("subscriptions"))["items"] == []
    document = await connected.post("subscriptions/ensure")
    assert [each["action"] for each in document["items"]] == ["create", "create"]
    listed = await connected.get("subscriptions")
    assert {each["ours"] for each in listed["items"]} == {True}
    again = await connected.post("subscriptions/ensure")
    assert [each["action"] for each in again["items"]] == ["nothing", "nothing"]
    connected.entra.set(missing_permissions=["Group.Read.All"])
    unknown = await connected.call("GET", "subscriptions?resource=users")
    assert (unknown.status, unknown.json()["code"]) == (400, "InvalidRequest")


async def test_what_could_not_be_done_is_in_the_document(connected: Running) -> None:
    connected.entra.set(missing_permissions=["Group.Read.All"])
    document = await connected.post("subscriptions/ensure")
    users, groups = document["items"]
    assert (users["error"], groups["error"]["code"]) == (None, "InsufficientRights")
    assert "Group.Read.All" in groups["error"]["remedy"]


class TestWithout:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {}

    async def test_the_timer_has_nothing_to_do(self, app: Running) -> None:
        await app.worker.timer("maintenance")
        assert app.entra.requests == []
        assert (await app.get("status"))["subscriptions"] == []
