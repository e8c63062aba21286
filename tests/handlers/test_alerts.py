"""Alarms in the app: after work, by timers, from the poison handler, and over HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from provisioning.cycle import CycleRun
from simulator.http import Request, Response, Server
from tests.handlers.running import Running
from tests.support.mail_server import MailServer, serving


class Hook:
    """Takes alarms, or answers with a status of its own."""

    def __init__(self) -> None:
        self.documents: list[dict[str, Any]] = []
        self.status = 202

    async def handle(self, request: Request) -> Response:
        if self.status == 202:
            self.documents.append(json.loads(request.body))
        return Response(self.status, {}, b"no such hook")

    @property
    def said(self) -> list[tuple[str, str]]:
        return [(each["code"], each["state"]) for each in self.documents]


@pytest.fixture
async def hook() -> AsyncIterator[tuple[Hook, str]]:
    made = Hook()
    async with Server(made) as server:
        yield made, f"{server.url}/hook"


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    async with serving() as server:
        yield server


@pytest.fixture
def settings(hook: tuple[Hook, str], mail: MailServer) -> dict[str, str]:
    return {
        "PROVISIONING_STATUS": "on",
        "ZSCLOUD_REQUESTS_PER_SECOND": "0",
        "ALERT_WEBHOOK": hook[1],
        "SMTP_URL": mail.url,
        "ALERT_EMAIL": "ops@example.com",
    }


async def test_a_cycle_that_went_well_tells_nobody(
    app: Running, hook: tuple[Hook, str], mail: MailServer
) -> None:
    await app.cycle()
    await app.worker.timer("incremental_cycle")
    await app.worker.timer("maintenance")
    assert (hook[0].documents, mail.mails) == ([], [])
    listed = await app.get("alerts")
    assert listed["items"] == []
    assert [each["name"] for each in listed["channels"]] == ["mail", "webhook"]
    assert (await app.get("status"))["alarms"] == []


async def test_a_refused_token_from_its_beginning_to_its_end(
    app: Running, hook: tuple[Hook, str], mail: MailServer
) -> None:
    app.zscloud.set_options(token="another")
    await app.cycle()
    await app.worker.timer("maintenance")
    assert hook[0].said == [("token_refused", "begun")]
    assert mail.subjects == ["credentials are refused"]
    [item] = (await app.get("alerts"))["items"]
    assert (item["code"], sorted(item["told"])) == ("token_refused", ["mail", "webhook"])
    [alarm] = (await app.get("status"))["alarms"]
    assert alarm["id"] == "quarantine"
    app.zscloud.set_options(token="simulated-token")
    await app.cycle()
    await app.worker.timer("maintenance")
    assert hook[0].said == [("token_refused", "begun"), ("token_refused", "over")]
    assert mail.subjects[1:] == ["Over: credentials are refused"]


async def test_a_message_that_was_set_aside(app: Running, hook: tuple[Hook, str]) -> None:
    await app.worker.queue("work_poison", "go on!")
    assert hook[0].said == [("poison", "begun")]
    await app.cycle()
    assert hook[0].said == [("poison", "begun"), ("poison", "over")]


async def test_the_timers_tell_what_could_not_be_told(
    app: Running, hook: tuple[Hook, str], mail: MailServer
) -> None:
    app.zscloud.set_options(token="another")
    hook[0].status = 404
    await app.cycle()
    assert (len(mail.mails), hook[0].said) == (1, [])
    [_, failing] = (await app.get("alerts"))["channels"]
    assert "404" in failing["failure"]["message"]
    hook[0].status = 202
    await app.worker.timer("maintenance")
    assert (len(mail.mails), hook[0].said) == (1, [("token_refused", "begun")])


async def test_the_cycle_timer_tells_while_nothing_is_worked_on(
    app: Running, hook: tuple[Hook, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hook[0].status = 500
    app.zscloud.set_options(token="another")
    await app.cycle()
    hook[0].status = 202

    async def broken(self: CycleRun) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(CycleRun, "run", broken)
    await app.worker.timer("incremental_cycle")
    assert hook[0].said == [("token_refused", "begun")]


async def test_trying_the_channels_out(
    app: Running, hook: tuple[Hook, str], mail: MailServer
) -> None:
    document = await app.post("alerts/test")
    assert [(each["channel"], each["ok"]) for each in document["items"]] == [
        ("mail", True),
        ("webhook", True),
    ]
    assert hook[0].said == [("test", "begun")]
    assert mail.subjects == ["this is a test"]
    hook[0].status = 404
    document = await app.post("alerts/test")
    assert document["items"][0]["ok"]
    error = document["items"][1]["error"]
    assert (error["code"], "404" in error["message"]) == ("Rejected", True)
    assert "ALERT_WEBHOOK" in error["remedy"]
    assert (await app.get("alerts"))["items"] == []
    unknown = await app.call("GET", "alerts?state=held")
    assert (unknown.status, unknown.json()["code"]) == (400, "InvalidRequest")


class TestWithout:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"PROVISIONING_STATUS": "on", "ZSCLOUD_REQUESTS_PER_SECOND": "0"}

    async def test_there_is_nothing_to_try_out(self, app: Running) -> None:
        answer = await app.call("POST", "alerts/test")
        assert answer.status == 409
        assert "ALERT_WEBHOOK" in answer.json()["detail"]

    async def test_what_holds_can_still_be_read(self, app: Running) -> None:
        app.zscloud.set_options(token="another")
        await app.cycle()
        listed = await app.get("alerts")
        assert [each["code"] for each in listed["items"]] == ["token_refused"]
        assert listed["channels"] == []
