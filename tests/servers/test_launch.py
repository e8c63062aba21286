"""The servers start, tell what they hold, and are gone afterwards."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from tests.servers import launch as launch_module
from tests.servers import setup
from tests.servers.client import PlainClient
from tests.servers.launch import SERVERS, ScimServer, ServerFailed, ServerName, launch, running
from tests.servers.observations.observation import (
    create_group,
    create_user,
    create_users,
    member_values,
)

every_server = pytest.mark.parametrize("name", SERVERS)


@every_server
async def test_it_listens_where_it_is_told_shows_what_it_holds_and_is_emptied(
    name: ServerName,
) -> None:
    """One start for the three: each takes a second of processor time and more."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with launch(name, port) as server:
        address = urlsplit(server.url)
        assert (address.hostname, address.port) == ("127.0.0.1", port)

        ada = await create_user(server.client, "ada", externalId="one id")
        await create_group(server.client, "Sales", [ada])
        await server.reset()
        assert await server.users() == []
        assert await server.groups() == []
        assert await create_user(server.client, "ada", externalId="one id")
        await server.reset()

        ids = await create_users(server.client, 120)
        group = await create_group(server.client, "Sales", ids[:2])
        assert sorted(user["id"] for user in await server.users()) == sorted(ids)
        (shown,) = await server.groups()
        assert shown["id"] == group
        assert [{"value": each["value"]} for each in shown["members"]] == member_values(ids[:2])


@every_server
async def test_server_is_gone_after_a_failing_test(name: ServerName) -> None:
    started: list[ScimServer] = []

    async def failing_test() -> None:
        async with launch(name) as server:
            started.append(server)
            raise RuntimeError("the test failed")

    with pytest.raises(RuntimeError, match="the test failed"):
        await failing_test()
    assert _refuses_connections(started[0])


@every_server
async def test_cancelled_start_leaves_no_process(
    name: ServerName, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def recorded(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        processes.append(start(*arguments, **options))
        return processes[-1]

    monkeypatch.setattr(subprocess, "Popen", recorded)
    starting = asyncio.create_task(launch(name).__aenter__())
    await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    server = processes[-1]
    assert isinstance(server.args, list)
    assert server.args[-1] == "0", server.args
    assert server.returncode is not None


@every_server
def test_server_ends_with_the_stdin_of_its_parent(name: ServerName) -> None:
    with running(name) as server:
        process = server._child._process
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=10) == 0


@every_server
async def test_start_on_a_taken_port_shows_what_the_server_said(name: ServerName) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            ServerFailed, match=rf"{name} ended:\n(?s:.*)(?i:address already in use)"
        ):
            async with launch(name, port):
                pass


async def test_slow_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch_module, "START_SECONDS", 0.001)
    with pytest.raises(ServerFailed, match=r"scimmy said nothing for 0\.001 seconds"):
        async with launch("scimmy"):
            pass


async def test_reset_of_a_dead_server_is_an_error() -> None:
    async with launch("scimmy") as server:
        server._child._process.kill()
        server._child._process.wait()
        with pytest.raises(ServerFailed, match="scimmy ended"):
            await server.reset()


async def test_missing_packages_are_an_error_that_names_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(setup, "is_current", lambda: False)
    with pytest.raises(ServerFailed, match=r"run python -m tests\.servers\.setup"):
        async with launch("scimmy"):
            pass


@pytest.mark.parametrize(
    ("page", "problem"),
    [([{"id": "1"}], "repeats"), ([], "ended after 0 of 3")],
    ids=["same page", "no page"],
)
async def test_oracle_does_not_loop_on_a_server_that_pages_wrongly(
    page: list[dict[str, str]], problem: str
) -> None:
    async def answer(_: web.BaseRequest) -> web.Response:
        return web.json_response({"totalResults": 3, "Resources": page})

    async with RawTestServer(answer) as server:
        with pytest.raises(AssertionError, match=problem):
            await PlainClient(str(server.make_url("")), token="").all("/Users")


def _refuses_connections(server: ScimServer) -> bool:
    address = urlsplit(server.url)
    with socket.socket() as probe:
        return probe.connect_ex((address.hostname, address.port)) != 0
