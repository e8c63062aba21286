"""The webhook inside the real worker: the handshake, the checks, and what it puts on the queue."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from provisioning.bootstrap import services
from provisioning.errors import QueueUnavailable, StoreUnavailable
from provisioning.notifications import known_subscriptions
from provisioning.notifications.message import HINTS, HintMessage, decode
from provisioning.operations import notifications
from provisioning.queues.embedded import EmbeddedQueue
from provisioning.state.sqlite import SqliteStore
from provisioning.subscribed import Subscribed
from simulator.entra import EntraSimulator, Tenant
from simulator.entra.properties import timestamp
from simulator.http import Request
from tests.handlers.running import ROOT, Running
from tests.notifications.payloads import (
    GROUPS,
    SECRET,
    TENANT,
    USERS,
    body,
    id_of,
    item,
    lifecycle,
)

OLD = "the-secret-before-this-one"


class Clock:
    """Epoch seconds that move when told to."""

    def __init__(self) -> None:
        self.now = time.time()

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError


class Graph:
    """A simulated tenant that calls the app in the worker."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.tenant = Tenant.empty()
        self.ada = self.tenant.add_user("ada@example.com", displayName="Ada")
        self.staff = self.tenant.add_group("Staff", [])
        self.simulator = EntraSimulator(self.tenant, clock=self.clock, post=self._post)
        self._app: Running | None = None

    async def subscribe(self, app: Running, secret: str = SECRET) -> list[str]:
        """Makes both subscriptions, which shakes hands, and stores them as known. Their ids."""
        self._app = app
        job = (await services()).job()
        ids = []
        for resource in ("users", "groups"):
            url = "https://app.example.com/api/notifications"
            body = {
                "changeType": "updated,deleted",
                "notificationUrl": url,
                "lifecycleNotificationUrl": url,
                "resource": resource,
                "expirationDateTime": timestamp(self.clock.now + 86_400),
                "clientState": secret,
            }
            answer = await self.simulator.handle(
                Request("POST", "/v1.0/subscriptions", {}, json.dumps(body).encode())
            )
            assert answer.status == 201, answer.body
            ids.append(json.loads(answer.body)["id"])
            await job.store.write([job.subscribed.put(subscribed(resource, ids[-1]))])
        return ids

    async def deliver(self, after: float = 10.0) -> int:
        """Sends what is due so many seconds later; how many were accepted."""
        self.clock.now += after
        return await self.simulator.notifier.deliver()

    async def _post(
        self, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        assert self._app is not None
        path = url.removeprefix("https://app.example.com")
        answer = await self._app.worker.http("POST", path, headers, body)
        return answer.status, answer.headers, answer.body


def subscribed(resource: str, id: str) -> Subscribed:
    return Subscribed(
        resource=resource, id=id, url="", secret_digest="", created_at=0, expires_at=2e10
    )


@pytest.fixture
def settings(settings: dict[str, str]) -> dict[str, str]:
    return {
        **settings,
        "ENTRA_TENANT_ID": TENANT,
        "NOTIFICATION_URL": "http://127.0.0.1:1/api/notifications",
        "NOTIFICATION_CLIENT_STATE": f"{SECRET},{OLD}",
    }


@pytest.fixture
async def hook(app: Running) -> Running:
    """The app with both subscriptions known."""
    job = (await services()).job()
    for resource, id in (("users", USERS), ("groups", GROUPS)):
        await job.store.write([job.subscribed.put(subscribed(resource, id))])
    return app


async def post(app: Running, *items: Any) -> int:
    answer = await app.call("POST", "notifications", body(items))
    assert answer.body == b""
    return answer.status


def _ago(seconds: float) -> str:
    at = datetime.fromtimestamp(time.time() - seconds, UTC)
    return at.isoformat().replace("+00:00", "Z")


async def queued(app: Running) -> list[HintMessage]:
    """What is on the hints queue, taken off it."""
    found = []
    for message in await app.queues.receive(HINTS, 32, 60.0):
        await app.queues.delete(HINTS, message)
        found.append(decode(message.text.encode()))
    return found


async def counts(app: Running) -> Any:
    """What status says of notifications when all that was counted is stored."""
    await notifications.settle()
    return (await app.get("status"))["notifications"]


# --- the handshake -----------------------------------------------------------------------------


async def test_the_handshake_gives_the_decoded_token_back(app: Running) -> None:
    token = "Validation: Testing client application reachability, id 1+2=3 & more"
    answer = await app.call("POST", f"notifications?validationToken={quote(token, safe='')}")
    assert (answer.status, answer.body.decode()) == (200, token)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "token",
    ["<script>alert(1)</script>", "a>b", "x" * 1025, "\u00e4" * 513, "line\nbreak", "\x00", ""],
)
async def test_a_token_that_is_none_is_refused(app: Running, token: str) -> None:
    path = f"notifications?code=k&validationToken={quote(token, safe='')}"
    answer = await app.call("POST", path)
    assert answer.status == 400
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not token or token.encode() not in answer.body


async def test_the_longest_token_is_taken(app: Running) -> None:
    token = "x" * 1024
    answer = await app.call("POST", f"notifications?validationToken={token}")
    assert (answer.status, answer.body.decode()) == (200, token)


async def test_without_a_token_it_is_a_batch(app: Running) -> None:
    answer = await app.call("POST", "notifications")
    assert answer.status == 202


def test_the_handshake_imports_nothing_for_itself() -> None:
    """A cold start has ten seconds in all."""
    code = (
        "import asyncio, sys, time, azure.functions as func\n"
        "from handlers.notifications import notifications\n"
        "req = func.HttpRequest('POST', '/api/notifications', body=b'',\n"
        "                       params={'validationToken': 'abc'})\n"
        "call = notifications._function.get_user_function()\n"
        "answer = asyncio.run(call(req, None))\n"
        "assert (answer.status_code, answer.get_body()) == (200, b'abc')\n"
        "began = time.perf_counter()\n"
        "for _ in range(200): asyncio.run(call(req, None))\n"
        "assert time.perf_counter() - began < 200 * 0.02\n"
        "heavy = ('provisioning', 'msgspec', 'aiohttp', 'azure.storage', 'azure.data', 'msgraph')\n"
        "print([name for name in sys.modules if name.startswith(heavy)])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


# --- batches -----------------------------------------------------------------------------------


async def test_a_batch_becomes_one_message(hook: Running) -> None:
    items = [item(1), item(2, "Group"), item(1), item(3, clientState="x" * 20)]
    assert await post(hook, *items) == 202
    [message] = await queued(hook)
    assert (set(message.users), set(message.groups)) == ({id_of(1)}, {id_of(2)})
    assert abs(message.told - time.time()) < 60


@pytest.mark.parametrize(
    "wrong",
    [
        item(clientState="x" * 20),
        item(subscriptionId=id_of(9)),
        item(tenantId=id_of(9)),
        item(resource="Sites/1", resourceData=None),
        "text",
    ],
)
async def test_what_is_not_ours_is_answered_like_the_rest(hook: Running, wrong: Any) -> None:
    assert await post(hook, wrong) == 202
    assert await queued(hook) == []
    counted = await counts(hook)
    assert (counted["accepted"], sum(counted["dropped"].values())) == (0, 1)


async def test_a_subscription_newer_than_what_was_read_just_now_is_left_to_the_feeds(
    hook: Running,
) -> None:
    """Secret and tenant are ours: what cannot be looked up at once is not forgotten."""
    assert await post(hook, item(1, subscriptionId=id_of(9))) == 202
    assert await queued(hook) == []
    assert await post(hook, item(2, subscriptionId=id_of(9))) == 202
    [message] = await queued(hook)
    assert (message.users, message.feeds) == ({}, True)
    assert (await counts(hook))["dropped"] == {"subscription": 2}


async def test_repeated_and_out_of_order_is_the_same_hint(hook: Running) -> None:
    early, late = item(1), item(1)
    early["resourceData"]["eventTime"] = _ago(60)
    late["resourceData"]["eventTime"] = _ago(10)
    assert await post(hook, late, early, late) == 202
    assert await post(hook, early) == 202
    first, second = await queued(hook)
    for message in (first, second):
        assert message.users == {id_of(1): pytest.approx(60_000, abs=2_000)}


@pytest.mark.parametrize("text", [b"{", b"[1, 2]", b"\xff", b"x" * 10_000_000])
async def test_what_is_no_batch_is_answered_like_the_rest(hook: Running, text: bytes) -> None:
    answer = await hook.call("POST", "notifications", text)
    assert (answer.status, answer.body) == (202, b"")
    assert await queued(hook) == []


async def test_of_a_thousand_and_one_items_the_last_is_left_to_the_feeds(hook: Running) -> None:
    assert await post(hook, *(item(number) for number in range(1001))) == 202
    [message] = await queued(hook)
    assert (len(message.users), message.feeds) == (1000, True)


async def test_both_secrets_are_taken_while_one_replaces_the_other(hook: Running) -> None:
    assert await post(hook, item(1, clientState=OLD), item(2)) == 202
    [message] = await queued(hook)
    assert set(message.users) == {id_of(1), id_of(2)}


async def test_lifecycle_events_go_the_same_way(hook: Running) -> None:
    assert await post(hook, lifecycle("reauthorizationRequired")) == 202
    [message] = await queued(hook)
    assert message.lifecycle == {USERS: "reauthorizationRequired"}


async def test_a_subscription_that_was_just_made_is_known_at_once(
    hook: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_subscriptions, "AGAIN", 0.0)
    assert await post(hook, item(1)) == 202
    job = (await services()).job()
    await job.store.write([job.subscribed.put(subscribed("users", id_of(7)))])
    assert await post(hook, item(2, subscriptionId=id_of(7))) == 202
    assert {id for message in await queued(hook) for id in message.users} == {id_of(1), id_of(2)}


async def test_a_queue_that_is_down_makes_graph_send_again(
    hook: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as down:

        async def fail(*_: Any, **__: Any) -> None:
            raise QueueUnavailable("The queue is down.")

        down.setattr(EmbeddedQueue, "send", fail)
        answer = await hook.call("POST", "notifications", body([item(1)]))
        assert (answer.status, answer.headers["retry-after"]) == (503, "10")
    assert await post(hook, item(1)) == 202
    assert [set(message.users) for message in await queued(hook)] == [{id_of(1)}]


async def test_a_store_that_is_away_loses_no_hint(
    hook: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue of the embedded kind lies in a file of its own: only the state is away here."""
    scan = SqliteStore.scan

    async def fail(self: SqliteStore, table: str, *rest: Any, **more: Any) -> Any:
        if table.startswith("queue/"):
            return await scan(self, table, *rest, **more)
        raise StoreUnavailable("The state store is away.")

    monkeypatch.setattr(SqliteStore, "scan", fail)
    assert await post(hook, item(1, subscriptionId=id_of(9))) == 202
    assert await post(hook, item(2, clientState="x" * 20)) == 202
    monkeypatch.undo()
    assert [set(message.users) for message in await queued(hook)] == [{id_of(1)}]


async def test_a_store_that_hangs_makes_nobody_wait_for_it(
    hook: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls to Azure's storage are repeated for up to 40 seconds; Graph waits for 10."""
    monkeypatch.setattr(known_subscriptions, "PATIENCE", 0.05)
    hanging = asyncio.Event()

    async def hang(self: SqliteStore, rows: Any) -> None:
        if not rows[0].table.startswith("queue/"):
            await hanging.wait()
        await write(self, rows)

    async def hang_too(self: SqliteStore, table: str, *rest: Any, **more: Any) -> Any:
        if table.startswith("queue/"):
            return await scan(self, table, *rest, **more)
        return await hanging.wait()

    write, scan = SqliteStore.write, SqliteStore.scan
    monkeypatch.setattr(SqliteStore, "write", hang)
    monkeypatch.setattr(SqliteStore, "scan", hang_too)
    began = time.monotonic()
    for number in range(5):
        assert await post(hook, item(number)) == 202
    assert time.monotonic() - began < 2.0
    monkeypatch.undo()
    hanging.set()
    found = {id for message in await queued(hook) for id in message.users}
    assert found == {id_of(number) for number in range(5)}


async def test_no_remote_system_is_asked(hook: Running) -> None:
    await post(hook, item(1), lifecycle("missed"))
    assert (list(hook.entra.requests), list(hook.zscloud.requests)) == ([], [])


async def test_a_flood_is_answered_and_makes_few_messages(hook: Running) -> None:
    await asyncio.gather(*(post(hook, item(number % 50)) for number in range(300)))
    messages = await queued(hook)
    assert len(messages) < 30
    assert {id for message in messages for id in message.users} == {id_of(n) for n in range(50)}


async def test_a_wrong_secret_of_a_subscription_of_ours_is_remembered(hook: Running) -> None:
    await post(hook, item(1, clientState="x" * 20))
    await notifications.settle()
    assert await (await services()).job().notified.refused() == {USERS}


class TestNotConfigured:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"PROVISIONING_STATUS": "on"}

    async def test_nothing_is_believed(self, app: Running) -> None:
        assert await post(app, item(1)) == 202
        assert await queued(app) == []
        assert (await counts(app))["dropped"] == {"not_configured": 1}


class TestBrokenSettings:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"MEMBER_BATCH_SIZE": "many"}

    async def test_graph_is_asked_to_send_again(self, app: Running) -> None:
        answer = await app.call("POST", "notifications", body([item(1)]))
        assert answer.status == 503


class TestGraphAsSender:
    """The simulated tenant subscribes, shakes hands and tells, through the app's own endpoint."""

    @pytest.fixture
    def graph(self) -> Graph:
        return Graph()

    @pytest.fixture
    def settings(self, settings: dict[str, str], graph: Graph) -> dict[str, str]:
        return {**settings, "ENTRA_TENANT_ID": graph.tenant.id}

    async def test_what_changes_is_told(self, app: Running, graph: Graph) -> None:
        await graph.subscribe(app)
        graph.simulator.set(notification_duplicate_share=1.0, notification_reorder=True)
        graph.tenant.update_user(graph.ada, department="Finance")
        graph.tenant.add_member(graph.staff, graph.ada)
        assert await graph.deliver() == 4
        [message] = await queued(app)
        assert (set(message.users), set(message.groups)) == ({graph.ada}, {graph.staff})
        counted = await counts(app)
        assert (counted["accepted"], counted["dropped"]) == (4, {})

    async def test_lifecycle_events_come_to_the_same_address(
        self, app: Running, graph: Graph
    ) -> None:
        ids = await graph.subscribe(app)
        assert await graph.simulator.notifier.lifecycle("reauthorizationRequired") == 2
        told = [message.lifecycle for message in await queued(app)]
        assert {id for each in told for id in each} == set(ids)

    async def test_what_the_queue_did_not_take_comes_again(
        self, app: Running, graph: Graph, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await graph.subscribe(app)
        graph.tenant.delete(graph.ada)
        with monkeypatch.context() as down:

            async def fail(*_: Any, **__: Any) -> None:
                raise QueueUnavailable("The queue is down.")

            down.setattr(EmbeddedQueue, "send", fail)
            assert await graph.deliver() == 0
        assert graph.simulator.notifier.pending == 1
        assert await graph.deliver(after=15.0) == 1
        assert [set(message.users) for message in await queued(app)] == [{graph.ada}]

    async def test_a_subscription_with_another_secret_is_noticed_and_not_believed(
        self, app: Running, graph: Graph
    ) -> None:
        users, _ = await graph.subscribe(app, "a-secret-of-somebody-else")
        graph.tenant.update_user(graph.ada, department="Finance")
        assert await graph.deliver() == 1
        assert await queued(app) == []
        assert (await counts(app))["dropped"] == {"client_state": 1}
        assert await (await services()).job().notified.refused() == {users}
