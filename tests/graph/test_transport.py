"""The SDK under the source: authentication, where the token goes, time limits, closing."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

from provisioning.errors import (
    ConfigurationError,
    CredentialsRefused,
    ProtocolError,
    RemoteUnavailable,
)
from provisioning.graph.transport import SdkTransport
from provisioning.graph.urls import parse_endpoint
from provisioning.graph.wire import Request
from provisioning.model import ObjectType
from simulator.http import Request as SimulatorRequest
from simulator.http import Response, Server, json_response
from tests.graph.scripted import FakeClock, Script, answer, page, refusal, source_for
from tests.support.inprocess import httpx_client_for

PUBLIC = "https://graph.example.com/v1.0"
TOKEN = "eyJ0b2tlbg.c2VjcmV0.c2ln"


class Credential:
    """An asynchronous credential; ``failures`` are raised first."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.scopes: list[str] = []
        self.closed = False

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        self.scopes.extend(scopes)
        if self.failures:
            raise self.failures.pop(0)
        return AccessToken(TOKEN, 2**31)

    async def close(self) -> None:
        self.closed = True


async def test_the_token_goes_to_the_endpoint() -> None:
    """With the host's own scope, as a bearer token, on every page."""
    credential = Credential()
    script = Script(page([], f"{PUBLIC}/groups?$skiptoken=1"), page([]))
    source = source_for(script, base_url=PUBLIC, credential=credential)
    assert [rows async for rows in source.all_groups()] == [[], []]
    assert set(credential.scopes) == {"https://graph.example.com/.default"}
    sent = [request.headers["authorization"] for request in script.requests]
    assert sent == [f"Bearer {TOKEN}"] * 2
    assert script.requests[0].url.path == "/v1.0/groups"
    await source.close()
    assert not credential.closed


@pytest.mark.parametrize(
    "link",
    [
        "https://example.com/v1.0/users/delta?$deltatoken=x",
        "http://graph.example.com/v1.0/users/delta?$deltatoken=x",
        "https://graph.example.com:8443/v1.0/users/delta?$deltatoken=x",
        "https://graph.example.com.example.org/v1.0/users/delta?$deltatoken=x",
    ],
)
async def test_no_token_for_another_origin(link: str) -> None:
    """Neither asked for nor sent."""
    credential = Credential()
    source = source_for(Script(), base_url=PUBLIC, credential=credential)
    with pytest.raises(ProtocolError):
        await anext(source.delta(ObjectType.USER, link))
    assert credential.scopes == []


async def test_the_transport_checks_for_itself() -> None:
    """No caller can make it send elsewhere."""
    transport = SdkTransport(parse_endpoint(PUBLIC), FakeClock(), 30.0, None, None)
    with pytest.raises(ProtocolError):
        await transport.send(Request("https://example.com/v1.0/users", "User.Read.All"))
    await transport.close()


async def test_loopback_is_anonymous() -> None:
    """No credential is asked, even when there is one."""
    credential = Credential()
    script = Script(page([]))
    await source_for(script, credential=credential).find_groups("x")
    assert credential.scopes == []
    assert "authorization" not in script.requests[0].headers


def test_plain_http_elsewhere_is_refused() -> None:
    """Before anything is sent."""
    with pytest.raises(ConfigurationError, match="GRAPH_BASE_URL"):
        source_for(Script(), base_url="http://graph.example.com/v1.0")


async def test_no_token_to_be_had() -> None:
    """The chain's reasons are shown, a token in them is not; it is not tried again."""
    failure = ClientAuthenticationError(f"no identity, saw Bearer {TOKEN}")
    source = source_for(Script(), base_url=PUBLIC, credential=Credential(failure))
    with pytest.raises(CredentialsRefused, match="no identity") as caught:
        await source.find_groups("x")
    assert TOKEN not in str(caught.value)
    assert "managed identity" in caught.value.remedy


async def test_the_token_service_is_away_for_a_moment() -> None:
    """That is a matter of waiting."""
    credential = Credential(ServiceRequestError("connection refused"))
    clock = FakeClock()
    source = source_for(Script(page([])), clock, base_url=PUBLIC, credential=credential)
    assert await source.find_groups("x") == []
    assert clock.slept == [0.75]


async def test_a_refused_token() -> None:
    """401 is not retried."""
    script = Script(refusal(401, "InvalidAuthenticationToken", "Access token has expired."))
    source = source_for(script, base_url=PUBLIC, credential=Credential())
    with pytest.raises(CredentialsRefused, match="expired"):
        await source.find_groups("x")


async def test_a_server_that_never_answers() -> None:
    """The time limit covers the whole exchange."""

    async def silent(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    source = source_for(
        Script(),
        timeout=0.01,
        http_client_factory=lambda: httpx.AsyncClient(transport=httpx.MockTransport(silent)),
    )
    with pytest.raises(RemoteUnavailable, match="no answer within"):
        await source.find_groups("x")
    assert source.requests == 6


class Once:
    """Answers the second request; the first connection is closed without an answer."""

    def __init__(self) -> None:
        self.seen: list[SimulatorRequest] = []

    async def handle(self, request: SimulatorRequest) -> Response:
        self.seen.append(request)
        if len(self.seen) == 1:
            return Response(0, drop=True)
        return json_response(200, {"value": []})


async def test_in_process_client() -> None:
    """A simulator is called without a socket; a dropped answer is a lost connection."""
    handler = Once()
    clock = FakeClock()
    source = source_for(Script(), clock, http_client_factory=lambda: httpx_client_for(handler))
    assert await source.find_groups("Bob's") == []
    assert clock.slept == [0.75]
    request = handler.seen[1]
    assert request.query["$filter"] == "displayName eq 'Bob''s'"
    assert request.headers["accept"] == "application/json"
    await source.close()


async def test_over_a_socket() -> None:
    """The default client: a dropped connection is repeated, and closing closes it."""
    handler = Once()
    clock = FakeClock()
    async with Server(handler) as server:
        source = source_for(
            Script(), clock, base_url=f"{server.url}/v1.0", http_client_factory=None
        )
        assert await source.find_groups("x") == []
        await source.close()
        assert await source.find_groups("x") == []
        await source.close()
    assert len(handler.seen) == 3


async def test_closing_twice_and_unused() -> None:
    """Closing is always safe."""
    source = source_for(Script(answer({})))
    await source.close()
    await source.close()


def test_importing_costs_nothing() -> None:
    """Neither the SDK nor an HTTP library is loaded before the first request."""
    code = (
        "import sys, provisioning.graph as g;"
        "heavy = {'httpx', 'msgraph', 'msgraph_core', 'kiota_http', 'azure', 'aiohttp'};"
        "found = heavy & {name.partition('.')[0] for name in sys.modules};"
        "assert not found, found"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)
