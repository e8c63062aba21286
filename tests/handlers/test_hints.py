"""The hints queue and the poll of the assignments, inside the real worker."""

from __future__ import annotations

import logging
import time

import pytest

from devhost.errors import FunctionFailed
from provisioning.notifications.message import HintMessage, encode
from tests.handlers.running import Running, held_lease


def message(app: Running, *names: str) -> str:
    ids = [app.tenant.ids_named(name, "user")[0] for name in names]
    return encode(HintMessage(told=time.time(), users=dict.fromkeys(ids, 0)))


async def test_a_hint_is_worked_off_in_the_execution_that_took_it_in(app: Running) -> None:
    await app.cycle("initial")
    [ada] = app.tenant.ids_named("ada@example.com", "user")
    app.tenant.disable(ada)
    await app.worker.queue("hints", message(app, "ada@example.com"))
    assert app.accounts() == {"ada@example.com": False, "ben@example.com": True}
    found = await app.get("status")
    assert (found["cycle"]["kind"], found["latency"]["changes"]) == ("initial", 1)


async def test_a_hint_about_a_stranger_asks_nobody(app: Running) -> None:
    await app.cycle("initial")
    requests = len(app.entra.requests)
    await app.worker.queue("hints", message(app, "eve@example.com"))
    assert len(app.entra.requests) == requests


async def test_a_hint_while_another_process_writes_waits_for_it(app: Running) -> None:
    await app.cycle("initial")
    [ada] = app.tenant.ids_named("ada@example.com", "user")
    app.tenant.disable(ada)
    async with held_lease():
        await app.worker.queue("hints", message(app, "ada@example.com"))
        assert app.accounts()["ada@example.com"]
    app.ahead = 10.0
    assert len(await app.pump()) == 1
    assert not app.accounts()["ada@example.com"]


async def test_a_message_that_is_no_hint_is_refused_and_then_set_aside(
    app: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    with pytest.raises(FunctionFailed, match="the message is no hint"):
        await app.worker.queue("hints", '{"generation": 7}')
    await app.worker.queue("hints_poison", '{"generation": 7}')
    [poison] = (await app.get("status"))["poison"]
    assert poison["queue"] == "provisioning-hints"
    assert "no hint" in poison["reason"]
    assert any("ALERT poison" in record.getMessage() for record in caplog.records)


async def test_poison_of_hints_is_forgotten_when_hints_are_taken_in_again(app: Running) -> None:
    await app.cycle("initial")
    await app.worker.queue("hints_poison", "{")
    await app.worker.queue("hints", message(app, "ada@example.com"))
    assert (await app.get("status"))["poison"] == []


async def test_the_poll_brings_who_was_assigned(app: Running) -> None:
    await app.cycle("initial")
    app.tenant.assign(app.tenant.ids_named("eve@example.com", "user")[0])
    await app.worker.timer("assignment_poll")
    assert app.accounts()["eve@example.com"]
    poll = (await app.get("status"))["assignment_poll"]
    assert (poll["rows"], poll["error"]) == (3, None)


class TestOff:
    @pytest.fixture
    def settings(self, settings: dict[str, str]) -> dict[str, str]:
        return {**settings, "PROVISIONING_STATUS": "off"}

    async def test_polls_ask_nobody(self, app: Running) -> None:
        await app.worker.timer("assignment_poll")
        assert list(app.entra.requests) == []
