"""The webhook inside the real worker: the handshake, the checks, and what it puts on the queue."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import Any
from urllib.parse import quote

import pytest

from provisioning.bootstrap import services
from provisioning.errors import QueueUnavailable, StoreUnavailable
from provisioning.hint_message import HINTS, HintMessage, decode
from provisioning.queues.embedded import EmbeddedQueue
from provisioning.state.sqlite import SqliteStore
from provisioning.subscribed import Subscribed
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
        row = job.subscribed.put(
            Subscribed(
                resource=resource, id=id, url="", secret_digest="", created_at=0, expires_at=2e10
            )
        )
        await job.store.write([row])
    return app


async def post(app: Running, *items: Any) -> int:
    answer = await app.call("POST", "notifications", body(items))
    assert answer.body == b""
    return answer.status


async def queued(app: Running) -> list[HintMessage]:
    """What is on the hints queue, taken off it."""
    found = []
    for message in await app.queues.receive(HINTS, 32, 60.0):
        await app.queues.delete(HINTS, message)
        found.append(decode(message.text.encode()))
    return found


# --- the handshake -----------------------------------------------------------------------------


async def test_the_handshake_gives_the_decoded_token_back(app: Running) -> None:
    token = "Validation: Testing client application reachability, id 1+2=3 & more"
    answer = await app.call("POST", f"notifications?validationToken={quote(token, safe='')}")
    assert (answer.status, answer.body.decode()) == (200, token)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "token", ["<script>alert(1)</script>", "a>b", "x" * 1025, "line\nbreak", "\x00"]
)
async def test_a_token_that_is_none_is_refused(app: Running, token: str) -> None:
    answer = await app.call("POST", f"notifications?validationToken={quote(token, safe='')}")
    assert answer.status == 400
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert token.encode() not in answer.body


async def test_without_a_token_it_is_a_batch(app: Running) -> None:
    answer = await app.call("POST", "notifications")
    assert answer.status == 202


def test_the_handshake_imports_nothing_for_itself() -> None:
    """A cold start has ten seconds in all."""
    code = (
        "import asyncio, sys, azure.functions as func\n"
        "from handlers.notifications import notifications\n"
        "req = func.HttpRequest('POST', '/api/notifications', body=b'',\n"
        "                       params={'validationToken': 'abc'})\n"
        "call = notifications._function.get_user_function()\n"
        "answer = asyncio.run(call(req))\n"
        "assert (answer.status_code, answer.get_body()) == (200, b'abc')\n"
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
    counted = (await hook.get("status"))["notifications"]
    assert (counted["accepted"], sum(counted["dropped"].values())) == (0, 1)


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
    from provisioning.operations import notifications

    monkeypatch.setattr(notifications, "_READ_AGAIN", 0.0)
    assert await post(hook, item(1)) == 202
    job = (await services()).job()
    new = Subscribed(
        resource="users",
        id=id_of(7),
        url="",
        secret_digest="",
        created_at=0,
        expires_at=2e10,
    )
    await job.store.write([job.subscribed.put(new)])
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
    monkeypatch.undo()
    assert [set(message.users) for message in await queued(hook)] == [{id_of(1)}]


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
    assert await (await services()).job().notified.refused() == {USERS}


class TestNotConfigured:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"PROVISIONING_STATUS": "on"}

    async def test_nothing_is_believed(self, app: Running) -> None:
        assert await post(app, item(1)) == 202
        assert await queued(app) == []
        assert (await app.get("status"))["notifications"]["dropped"] == {"not_configured": 1}


class TestBrokenSettings:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"MEMBER_BATCH_SIZE": "many"}

    async def test_graph_is_asked_to_send_again(self, app: Running) -> None:
        answer = await app.call("POST", "notifications", body([item(1)]))
        assert answer.status == 503
