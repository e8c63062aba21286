"""Events of the audit log inside the real worker, down to the hint on the queue."""

from __future__ import annotations

import logging

import pytest

from devhost.errors import FunctionFailed
from provisioning.errors import QueueUnavailable
from provisioning.notifications.message import HINTS
from provisioning.queues.embedded import EmbeddedQueue
from tests.handlers.running import Running
from tests.notifications.audit_payloads import SOMEBODY, THEIRS, event, record


async def hear(app: Running, *bodies: bytes) -> list[str]:
    """A batch of events comes. The messages that it leaves on the hints queue, taken off it."""
    await app.worker.events("audit_events", [body.decode(errors="replace") for body in bodies])
    found = []
    for message in await app.queues.receive(HINTS, 32, 60.0):
        await app.queues.delete(HINTS, message)
        found.append(message.text)
    return found


def ours(app: Running, activity: str = "Add app role assignment grant to user") -> bytes:
    return event(record(activity, app.tenant.service_principal_id, SOMEBODY))


async def test_a_batch_leaves_one_hint_which_brings_who_was_assigned(app: Running) -> None:
    await app.cycle("initial")
    app.tenant.assign(app.tenant.ids_named("eve@example.com", "user")[0])
    [message] = await hear(app, event(record("Add user")), ours(app), ours(app))
    assert '"assignments":true' in message
    await app.worker.queue("hints", message)
    assert app.accounts()["eve@example.com"]


async def test_events_of_others_leave_none(app: Running) -> None:
    assert await hear(app, event(record("Add app role assignment to group", THEIRS))) == []


async def test_what_cannot_be_read_is_counted_in_the_log(
    app: Running, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(await hear(app, b"{", ours(app), event(7))) == 1
    assert "2 records of the audit log could not be read" in caplog.text
    assert logging.getLevelName(caplog.records[-1].levelno) in {"INFO", "WARNING"}


async def test_a_queue_that_is_away_fails_the_call(
    app: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that it is seen; the poll finds what was told of."""

    async def away(*_: object, **__: object) -> None:
        raise QueueUnavailable("The queue is away.")

    monkeypatch.setattr(EmbeddedQueue, "send", away)
    with pytest.raises(FunctionFailed, match="The queue is away"):
        await hear(app, ours(app))
