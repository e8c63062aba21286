"""An independent tester of SCIM servers against the simulator, over a socket."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from simulator.http import Server
from simulator.zscloud import Options, ZSCloudSimulator


@contextmanager
def served(simulator: ZSCloudSimulator) -> Iterator[str]:
    """Serve the simulator from a thread with its own loop; the URL of its server."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = Server(simulator)
    try:
        asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
        yield server.url
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@pytest.mark.parametrize(
    ("options", "successes"),
    [
        (Options(rate=0, domains=()), 100),
        (Options(rate=0, domains=(), patch_status=200, member_removal="filter"), 100),
        (Options(rate=0, domains=(), other_attributes="ignored", bulk=True), 70),
    ],
    ids=["default", "patch_200", "documented_attributes_only"],
)
def test_scim2_tester_finds_no_error(options: Options, successes: int) -> None:
    simulator = ZSCloudSimulator(options)
    with served(simulator) as url:
        headers = {"Authorization": f"Bearer {options.token}"}
        with httpx2.Client(base_url=url + options.base_path, headers=headers) as client:
            results = check_server(SyncSCIMClient(client))
    failures = [result for result in results if result.status is not Status.SUCCESS]
    assert failures == []
    assert len(results) > successes
    assert not simulator.users.provisioned()


def test_a_lost_answer_breaks_the_connection() -> None:
    simulator = ZSCloudSimulator(Options(rate=0))
    simulator.set_faults(lose_next=1)
    body = {"userName": "ada@example.com", "displayName": "Ada"}
    with served(simulator) as url, httpx2.Client() as client:
        endpoint = f"{url}{simulator.options.base_path}/Users"
        headers = {"Authorization": f"Bearer {simulator.options.token}"}
        with pytest.raises(httpx2.TransportError):
            client.post(endpoint, json=body, headers=headers)
    assert simulator.users.by_user_name("ada@example.com") is not None


def test_control_over_a_socket() -> None:
    simulator = ZSCloudSimulator(Options(rate=0))
    with served(simulator) as url, httpx2.Client(base_url=url) as client:
        assert client.post("/control/options", json={"rate": 2.5}).json()["rate"] == 2.5
        assert client.get("/control/state").json()["counts"]["users"] == 1
    assert simulator.options.rate == 2.5
