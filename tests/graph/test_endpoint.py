"""Our own handshake, against what can be at an address."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
from aiohttp import web

from provisioning.bootstrap import SystemClock
from provisioning.errors import EndpointUnfit, Unfit
from provisioning.graph import Handshake
from provisioning.graph.endpoint import PATIENT
from simulator.http import Request, Response, Server
from tests.scenarios.simulation import RunningClock
from tests.simulated_time import run_simulated
from tests.support.inprocess import httpx_client_for
from tests.support.webhook import Webhook

URL = "https://app.example.com/api/notifications"


class QuickClock(SystemClock):
    async def sleep(self, seconds: float) -> None:
        """The pauses between the tries are not what is tested here."""


async def unfit(url: str) -> EndpointUnfit:
    with pytest.raises(EndpointUnfit) as raised:
        await Handshake(QuickClock()).probe(url)
    assert raised.value.remedy
    assert "validationToken" not in str(raised.value)
    return raised.value


async def test_an_endpoint_that_answers_rightly() -> None:
    webhook = Webhook(SystemClock())
    async with Server(webhook) as server:
        await Handshake(SystemClock()).probe(f"{server.url}/api/notifications")
    assert len(webhook.handshakes) == 1
    assert "validationToken=Validation%3A%20" in webhook.handshakes[0]


@pytest.mark.parametrize(
    ("answer", "seen", "words", "remedy"),
    [
        (Response(404), Unfit.STATUS, "answered 404", "Publish the app"),
        (Response(401), Unfit.STATUS, "answered 401", "sign-in"),
        (Response(403), Unfit.STATUS, "answered 403", "access restrictions"),
        (Response(302, {"location": "/login"}), Unfit.STATUS, "redirects", "NOTIFICATION_URL"),
        (Response(202), Unfit.STATUS, "200 is needed", "log of the app"),
        (
            Response(200, {"content-type": "application/json"}, b"{}"),
            Unfit.TYPE,
            "application/json, not text/plain",
            "Something else",
        ),
        (
            Response(200, {"content-type": "text/plain"}, b"hello"),
            Unfit.BODY,
            "(5 bytes) is not the token",
            "Something else",
        ),
    ],
)
async def test_an_endpoint_that_answers_wrongly(
    answer: Response, seen: Unfit, words: str, remedy: str
) -> None:
    webhook = Webhook(SystemClock())
    webhook.broken = [answer] * 3
    async with Server(webhook) as server:
        error = await unfit(f"{server.url}/api/notifications")
    assert error.seen is seen
    assert words in str(error)
    assert "/api/notifications" in str(error)
    assert remedy in error.remedy
    assert webhook.broken == []


async def test_a_token_that_is_not_decoded_is_seen() -> None:
    class Raw:
        async def handle(self, request: Request) -> Response:
            raw = request.url.partition("validationToken=")[2].encode()
            return Response(200, {"content-type": "text/plain"}, raw)

    async with Server(Raw()) as server:
        assert (await unfit(server.url)).seen is Unfit.BODY


async def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        error = await unfit(f"http://127.0.0.1:{free.getsockname()[1]}/api/notifications")
    assert (error.seen, error.status) == (Unfit.UNREACHABLE, None)


async def test_a_name_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    error = await unfit("https://no-such-host.invalid/api/notifications")
    assert error.seen is Unfit.DNS
    assert "the host is not found" in str(error)


async def test_a_certificate_that_nobody_trusts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "localhost")
    monkeypatch.setenv("no_proxy", "localhost")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = ("-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1")
    await asyncio.to_thread(
        subprocess.run,
        ["openssl", "req", "-x509", *made, "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    runner = web.AppRunner(web.Application())
    await runner.setup()
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        await web.SockSite(runner, bound, ssl_context=context).start()
        error = await unfit(f"https://localhost:{bound.getsockname()[1]}/api/notifications")
        await runner.cleanup()
    assert error.seen is Unfit.TLS
    assert "certificate" in str(error).lower()


@pytest.mark.parametrize(
    ("slow", "tries", "seconds", "well"),
    [
        ([2.0], 1, 2, True),
        # Cold at first: right, but later than Graph waits. Then warm.
        ([29.0, 1.0], 2, 30, True),
        ([PATIENT + 5, 9.0], 2, PATIENT + 1 + 9, True),
        ([29.0, 20.0, 20.0], 3, 29 + 10 + 1 + 10, False),
        ([60.0] * 3, 3, PATIENT + 1 + 10 + 1 + 10, False),
    ],
)
def test_patience(slow: list[float], tries: int, seconds: float, well: bool) -> None:
    """The first try may meet a cold start; one has to be as fast as Graph wants it."""

    async def story() -> None:
        clock = RunningClock()
        webhook = Webhook(clock)
        webhook.slow = list(slow)
        handshake = Handshake(clock, http_client_factory=lambda: httpx_client_for(webhook))
        began = clock.time()
        if well:
            await handshake.probe(URL)
        else:
            with pytest.raises(EndpointUnfit, match="no answer within 10 s") as raised:
                await handshake.probe(URL)
            assert raised.value.seen is Unfit.TIMEOUT
        assert clock.time() - began == pytest.approx(seconds)
        assert len(webhook.slow) == len(slow) - tries

    run_simulated(story)
