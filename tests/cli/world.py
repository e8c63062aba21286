"""Both simulators behind sockets, and the program in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from provisioning.settings import load_settings
from provisioning.state.sqlite import SqliteStore
from simulator.entra import EntraSimulator, Tenant
from simulator.http import Server
from simulator.zscloud import Options, ZSCloudSimulator
from tests.cli import prepared

ROOT = Path(__file__).parents[2]
TOKEN = "the-secret-token"


@dataclass(frozen=True)
class Ended:
    """How the program ended, and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which holds one JSON document and nothing else."""
        return msgspec.json.decode(self.out)


class World:
    """A tenant of each kind, and the settings that connect them."""

    def __init__(self, tenant: Tenant, zscloud: ZSCloudSimulator, folder: Path) -> None:
        self.tenant = tenant
        self.zscloud = zscloud
        self.entra = EntraSimulator(tenant)
        self.folder = folder
        self.settings: dict[str, str] = {}

    async def run(self, *arguments: str, **settings: str) -> Ended:
        """A command to its end."""
        environment = self.environment(**settings)
        status, out, err = await asyncio.to_thread(
            prepared.run, list(arguments), environment, self.folder
        )
        assert TOKEN not in out.decode() + err.decode()
        return Ended(status, out.decode(), err.decode())

    async def start(self, *arguments: str, **settings: str) -> Process:
        """A command that has its own interpreter, and goes on."""
        with _interruptible_children():
            return await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "provisioning", *arguments),
                env=self.environment(**settings),
                cwd=self.folder,
                stdout=PIPE,
                stderr=PIPE,
            )

    def environment(self, **settings: str) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {**inherited, "PYTHONPATH": str(ROOT), **self.settings, **settings}

    def store(self) -> SqliteStore:
        """The program's own state, as another process sees it."""
        return SqliteStore(load_settings(self.settings).state_store)

    @property
    def lease_name(self) -> str:
        return load_settings(self.settings).zscloud_tenant

    @property
    def writes(self) -> list[str]:
        """Methods of the writes that ZSCloud got."""
        return [r.method for r in self.zscloud.requests if r.method != "GET"]

    @property
    def provisioned(self) -> list[str]:
        """Names of the active accounts that are no admins', sorted."""
        return sorted(u.user_name for u in self.zscloud.users.provisioned() if u.active)

    @property
    def entitled(self) -> list[str]:
        """Names of the people whom the assignments entitle, sorted."""
        users = self.tenant.users.current()
        entitled = (users[id] for id in self.tenant.effective_users())
        return sorted(user.user_principal_name for user in entitled)


async def until(condition: Callable[[], bool]) -> None:
    """Returns when the condition holds. Raises ``AssertionError`` after about 20 seconds."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen")


def small_tenant() -> Tenant:
    """Six people: four in the assigned group Staff, one assigned directly, one not at all."""
    tenant = Tenant.empty(seed=3)
    people = [
        tenant.add_user(f"user{n}@example.com", displayName=f"User {n}", givenName="U", surname="S")
        for n in range(6)
    ]
    tenant.assign(tenant.add_group("Staff", people[:4]))
    tenant.assign(people[4])
    return tenant


@contextlib.asynccontextmanager
async def connected(tenant: Tenant, folder: Path) -> AsyncIterator[World]:
    zscloud = ZSCloudSimulator(Options(rate=0.0, token=TOKEN))
    world = World(tenant, zscloud, folder)
    async with Server(world.entra) as graph, Server(zscloud) as scim:
        world.settings = {
            "ENTRA_SERVICE_PRINCIPAL_ID": tenant.service_principal_id,
            "GRAPH_BASE_URL": f"{graph.url}/v1.0",
            "ZSCLOUD_SCIM_BASE_URL": f"{scim.url}{zscloud.options.base_path}",
            "ZSCLOUD_SCIM_TOKEN": TOKEN,
            "ZSCLOUD_REQUESTS_PER_SECOND": "0",
            "PROVISIONING_STATUS": "on",
            "STATE_STORE": f"sqlite:///{folder}/state.db",
        }
        yield world


@contextlib.contextmanager
def _interruptible_children() -> Iterator[None]:
    """A child inherits an ignored SIGINT, which is what a background job has."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
