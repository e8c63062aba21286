"""Alarms posted to a real HTTP server: accepted, refused, throttled, redirected, hanging."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import Any

import pytest

from provisioning.alerts.message import document
from provisioning.alerts.webhook import LONGEST_WAIT, TRIES, WebhookChannel
from provisioning.errors import (
    CredentialsRefused,
    Rejected,
    RemoteError,
    RemoteUnavailable,
    Throttled,
)
from provisioning.setting_values import Secret
from simulator.http import Request, Response, Server
from tests.alerts.notices import NOTICE

NOW = 1_700_000_000.0
KEY = "k3y-of-the-hook"
PATH = f"/services/{KEY}?sig=s1gnature"


class Clock:
    """Stands still, and notes what it was asked to wait."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def time(self) -> float:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class Receiver:
    """Gives these answers in turn, then accepts."""

    def __init__(self, *answers: Response) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []
        self.hangs = False
        self.end = asyncio.Event()

    async def handle(self, request: Request) -> Response:
        self.requests.append(request)
        if self.hangs:
            await self.end.wait()
        return self.answers.pop(0) if self.answers else Response(202)


@asynccontextmanager
async def receiving(
    *answers: Response, patience: float = 5.0
) -> AsyncIterator[tuple[Receiver, WebhookChannel, Clock]]:
    receiver, clock = Receiver(*answers), Clock()
    async with Server(receiver) as server:
        yield receiver, WebhookChannel(Secret(server.url + PATH), clock, timeout=patience), clock


async def refused(channel: WebhookChannel, kind: type[RemoteError]) -> Any:
    with pytest.raises(kind) as caught:
        await channel.send(NOTICE)
    error = caught.value
    assert type(error) is kind
    assert error.remedy
    shown = f"{error!s} {error!r} {error.remedy} {error.__cause__!r}"
    assert KEY not in shown
    assert "s1gnature" not in shown
    return error


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_an_alarm_is_posted_as_json(status: int) -> None:
    async with receiving(Response(status)) as (receiver, channel, clock):
        await channel.send(NOTICE)
    [request] = receiver.requests
    assert (request.method, request.headers["content-type"]) == ("POST", "application/json")
    assert request.url.endswith(PATH)
    assert json.loads(request.body) == document(NOTICE)
    assert clock.slept == []


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_what_passes_is_tried_again_and_not_for_ever(status: int) -> None:
    async with receiving(Response(status)) as (receiver, channel, clock):
        await channel.send(NOTICE)
        assert clock.slept == [1.0]
        receiver.answers = [Response(status)] * TRIES
        assert (await refused(channel, RemoteUnavailable)).status == status
        assert len(receiver.requests) == 2 + TRIES
    assert clock.slept == [1.0, 1.0, 2.0]


@pytest.mark.parametrize("stated", ["7", formatdate(NOW + 7, usegmt=True)], ids=["seconds", "date"])
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_obeyed(status: int, stated: str) -> None:
    throttled = Response(status, {"Retry-After": stated})
    async with receiving(throttled) as (_, channel, clock):
        await channel.send(NOTICE)
    assert clock.slept == [7.0]


async def test_who_wants_to_be_left_alone_for_long_is() -> None:
    throttled = Response(429, {"Retry-After": str(int(LONGEST_WAIT) + 1)})
    async with receiving(throttled) as (receiver, channel, clock):
        error = await refused(channel, Throttled)
    assert error.retry_after == LONGEST_WAIT + 1
    assert (len(receiver.requests), clock.slept) == (1, [])


async def test_a_retry_after_that_nobody_can_read_counts_for_nothing() -> None:
    throttled = Response(429, {"Retry-After": "soon"})
    async with receiving(throttled) as (_, channel, clock):
        await channel.send(NOTICE)
    assert clock.slept == [1.0]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Rejected), (401, CredentialsRefused), (403, CredentialsRefused), (404, Rejected)],
)
async def test_what_does_not_pass_is_said_with_its_reason(
    status: int, kind: type[RemoteError]
) -> None:
    said = f"no such hook: /services/{KEY}?sig=s1gnature\r\n\x1b[31m".encode()
    async with receiving(Response(status, {}, said)) as (receiver, channel, _):
        error = await refused(channel, kind)
    assert len(receiver.requests) == 1
    assert "no such hook: ***" in str(error)
    assert str(error).isprintable()
    assert "ALERT_WEBHOOK" in error.remedy


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(status: int) -> None:
    """What an alarm says is for the configured host alone."""
    elsewhere = Receiver()
    async with Server(elsewhere) as other:
        redirect = Response(status, {"Location": f"{other.url}/stolen"})
        async with receiving(redirect) as (_, channel, _):
            error = await refused(channel, Rejected)
    assert elsewhere.requests == []
    assert "redirects are not followed" in error.remedy


async def test_a_receiver_that_hangs() -> None:
    async with receiving(patience=0.1) as (receiver, channel, _):
        receiver.hangs = True
        error = await refused(channel, RemoteUnavailable)
        assert "no answer within 0.1 s" in str(error)
        receiver.end.set()
    assert len(receiver.requests) == TRIES


async def test_a_connection_that_breaks() -> None:
    async with receiving(Response(200, drop=True)) as (receiver, channel, _):
        await channel.send(NOTICE)
    assert len(receiver.requests) == 2


async def test_nobody_is_there() -> None:
    async with receiving() as (_, channel, _):
        pass
    await refused(channel, RemoteUnavailable)


async def test_an_answer_without_end_is_not_read() -> None:
    async with receiving(Response(400, {}, b"x" * 10_000_000)) as (_, channel, _):
        assert len(str(await refused(channel, Rejected))) < 500
