"""What the demo runs on: both simulators in a process of their own, and a folder for the state."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.remote import Remote

ROOT = Path(__file__).parents[1]

_TENANT = {
    "--seed": "7",
    "--users": "60",
    "--groups": "5",
    "--assigned-users": "30",
    "--assigned-groups": "5",
    "--domains": "example.com,partner.example.org",
}
_READY = 20.0


class StageFailed(Exception):
    """The simulators did not come up."""


@dataclass(frozen=True, slots=True)
class Stage:
    """``environ`` are the settings of the program under demonstration."""

    remote: Remote
    environ: Mapping[str, str]


@contextlib.asynccontextmanager
async def stage(**options: str) -> AsyncIterator[Stage]:
    """Both simulators with the real limit and strict rules, and an empty state folder.

    ``options`` are further ones of the simulators.
    """
    with tempfile.TemporaryDirectory(prefix="zscloud-demo-") as folder:
        tenant = _TENANT | {f"--{name}": value for name, value in options.items()}
        async with simulators(tenant) as addresses, Remote(addresses) as remote:
            yield Stage(remote, _settings(addresses, folder))


def _settings(addresses: Mapping[str, str], folder: str) -> dict[str, str]:
    return {
        "ENTRA_SERVICE_PRINCIPAL_ID": addresses["service_principal_id"],
        "GRAPH_BASE_URL": addresses["graph_url"],
        "ZSCLOUD_SCIM_BASE_URL": addresses["scim_url"],
        "ZSCLOUD_SCIM_TOKEN": addresses["token"],
        "PROVISIONING_STATUS": "on",
        # Once a year: the story starts its cycles itself.
        "CYCLE_SCHEDULE": "0 0 0 1 1 *",
        "RECONCILE_SCHEDULE": "0 0 0 1 1 *",
        "ASSIGNMENTS_SCHEDULE": "0 0 0 1 1 *",
        "MAINTENANCE_SCHEDULE": "0 0 0 1 1 *",
        "STATE_STORE": f"sqlite:///{Path(folder).as_posix()}/provisioning.db",
    }


@contextlib.asynccontextmanager
async def simulators(tenant: Mapping[str, str]) -> AsyncIterator[dict[str, str]]:
    """Both simulators in a process of their own; ``tenant`` are its options. Their addresses."""
    options = [part for option in tenant.items() for part in option]
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulator", "both", "--strict", "--keep-bodies"),
        *options,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield await _addresses(child)
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        await child.wait()


async def _addresses(child: asyncio.subprocess.Process) -> dict[str, str]:
    assert child.stdout is not None
    try:
        line = await asyncio.wait_for(child.stdout.readline(), _READY)
    except TimeoutError as error:
        raise StageFailed(f"the simulators were not ready within {_READY:g} s") from error
    if not line:
        raise StageFailed(f"the simulators ended with status {await child.wait()}")
    addresses: dict[str, str] = json.loads(line)
    return addresses
