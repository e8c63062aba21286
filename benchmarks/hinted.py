"""From a notification to the first request that ZSCloud gets, in a warm ``serve``.

Simulators and the function app in processes of their own, the queue looked at every 100 ms, the
state in SQLite; the simulated Graph tells at once.
"""

from __future__ import annotations

import asyncio
import socket
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from acceptance.instances import Instance
from benchmarks.figure import Figure, Size
from demo.remote import Remote
from demo.stage import simulators

MEASURE = "hint"
_BUDGET = 1.0
_USERS = 40
_PATIENCE = 30.0
_PAUSE = 1.0
_NEVER = "0 0 0 1 1 *"
_SECRET = "the-secret-of-the-benchmark"


def measure(size: Size) -> list[Figure]:
    """Changes one after the other, each told of: from the change to the request."""
    times = asyncio.run(_times(size.hinted))
    subject = f"{size.hinted} changes, one after the other, to the request at ZSCloud"
    return [
        Figure(MEASURE, f"{subject}: median", statistics.median(times), "s"),
        Figure(MEASURE, f"{subject}: worst", max(times), "s", _BUDGET, source="budget of a hint"),
    ]


async def _times(changes: int) -> list[float]:
    async with _serving() as (remote, instance):
        await _provisioned(instance)
        await remote.change("knobs", notification_delay=0)
        await instance.call("POST", "subscriptions/ensure")
        accounts = [a for a in (await remote.tenant()).accounts if a.external_id and a.active]
        times = []
        for number in range(changes + 1):
            await asyncio.sleep(_PAUSE)
            account = accounts[number % len(accounts)]
            began = time.time()
            department = f"Department {number}"
            await remote.change("move", id=account.external_id, department=department)
            times.append(await _written(remote, f"/Users/{account.id}", began) - began)
        return times[1:]  # The first warms up.


async def _provisioned(instance: Instance) -> None:
    cycle = await instance.call("POST", "cycles", {"kind": "initial"})
    give_up = time.monotonic() + _PATIENCE
    while True:
        found = await instance.call("GET", f"cycles/{cycle['cycle_id']}")
        if found["status"] == "completed":
            return
        if time.monotonic() > give_up:
            raise RuntimeError(f"the first cycle is {found['status']} after {_PATIENCE:.0f} s")
        await asyncio.sleep(0.2)


async def _written(remote: Remote, path: str, since: float) -> float:
    """When ZSCloud got the first write of an object since a time."""
    give_up = time.monotonic() + _PATIENCE
    while time.monotonic() < give_up:
        for request in await remote.requests(since):
            if request["method"] != "GET" and request["path"] == path:
                return float(request["time"])
        await asyncio.sleep(0.05)
    raise RuntimeError(f"{path} was not written within {_PATIENCE:.0f} s")


@asynccontextmanager
async def _serving() -> AsyncIterator[tuple[Remote, Instance]]:
    tenant = {
        "--users": str(_USERS),
        "--assigned-users": str(_USERS),
        "--groups": "2",
        "--assigned-groups": "2",
        "--default-access": "0",
        "--disabled": "0",
        "--guests": "0",
        "--rate": "0",
    }
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        async with simulators(tenant) as addresses, Remote(addresses) as remote:
            port = _free_port()
            settings = _settings(addresses, port, Path(folder))
            instance = Instance("serve", settings, Path(folder), port)
            try:
                await instance.start()
                yield remote, instance
            finally:
                await instance.kill()


def _settings(addresses: dict[str, str], port: int, folder: Path) -> dict[str, str]:
    schedules = ("CYCLE", "RECONCILE", "ASSIGNMENTS", "MAINTENANCE")
    return {
        "ENTRA_SERVICE_PRINCIPAL_ID": addresses["service_principal_id"],
        "ENTRA_TENANT_ID": addresses["tenant_id"],
        "GRAPH_BASE_URL": addresses["graph_url"],
        "ZSCLOUD_SCIM_BASE_URL": addresses["scim_url"],
        "ZSCLOUD_SCIM_TOKEN": addresses["token"],
        "PROVISIONING_STATUS": "on",
        "STATE_STORE": f"sqlite:///{folder.as_posix()}/provisioning.db",
        "NOTIFICATION_URL": f"http://127.0.0.1:{port}/api/notifications",
        "NOTIFICATION_CLIENT_STATE": _SECRET,
        # Once a year: what arrives, a notification has brought.
        **{f"{name}_SCHEDULE": _NEVER for name in schedules},
    }


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
