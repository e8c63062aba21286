"""What the stories run on: both simulators, Azurite, and two instances of the function app."""

from __future__ import annotations

import asyncio
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from acceptance.instances import Document, Instance
from acceptance.relay import Relay, relay
from demo.remote import Remote
from demo.stage import simulators
from demo.verify import differences
from simulator.zscloud import max_in_any_second
from tests.servers import azurite

_JITTER = 0.05
"""Seconds by which a busy machine may delay an arrival."""

SECRET = "the-secret-of-the-stage"  # noqa: S105
"""``NOTIFICATION_CLIENT_STATE`` of both instances."""

_LINES = 60
"""Of each log, when a story breaks off."""

_OPEN = ("queued", "running")
_NAMES = ("one", "two")


@dataclass(frozen=True)
class Stage:
    """``rate`` is what ZSCloud allows in a second; ``users`` are to be provisioned."""

    remote: Remote
    instances: tuple[Instance, ...]
    relays: Mapping[str, Relay]
    rate: int
    before: int
    """Accounts that were there at the beginning."""

    async def any_call(self, path: str) -> Document | None:
        """A GET that some instance answers; ``None`` when none does."""
        for instance in self.instances:
            try:
                if instance.pid:
                    return await asyncio.wait_for(instance.call("GET", path), 5)
            except (aiohttp.ClientError, TimeoutError):
                continue
        return None

    async def accounts(self) -> int:
        """How many accounts of ours ZSCloud has."""
        return await self.remote.account_count() - self.before

    async def holder(self) -> Instance | None:
        """The instance that has the lease."""
        status = await self.any_call("status")
        lease = status and status["lease"]
        pids = {str(instance.pid): instance for instance in self.instances}
        return pids.get(lease["holder"].split("/")[1]) if lease else None

    async def start_initial(self) -> str:
        """Asks for an initial cycle; its id."""
        cycle = await self.instances[0].call("POST", "cycles", {"kind": "initial"})
        return str(cycle["cycle_id"])

    async def reached(self, accounts: float) -> None:
        """Returns when ZSCloud has so many accounts of ours."""
        while await self.accounts() < accounts:
            await asyncio.sleep(0.1)

    async def ended(self, cycle_id: str, within: float) -> Document:
        """The cycle when it has ended."""
        give_up = time.monotonic() + within
        while time.monotonic() < give_up:
            cycle = await self.any_call(f"cycles/{cycle_id}")
            if cycle is not None and cycle["status"] not in _OPEN:
                return cycle
            await asyncio.sleep(0.5)
        raise TimeoutError(f"the cycle {cycle_id} did not end within {within:.0f} s")

    def show_logs(self) -> None:
        """The end of what each instance has said: a story that breaks off leaves nothing else."""
        for instance in self.instances:
            print(f"--- the log of {instance.name}, process {instance.pid}", file=sys.stderr)
            lines = instance.log.read_text(encoding="utf-8").splitlines()
            print(*lines[-_LINES:], sep="\n", file=sys.stderr)

    def _closest(self) -> str:
        """How close together the instances sent, as the relays before ZSCloud saw it."""
        sent = sorted((at, name) for name, relay in self.relays.items() for at in relay.sent)
        windows = [sent[n : n + self.rate + 1] for n in range(len(sent) - self.rate)]
        window = min(windows, key=lambda window: window[-1][0] - window[0][0])
        offsets = [f"{name} {at - window[0][0]:.3f}" for at, name in window]
        return f"as sent, the closest {self.rate + 1} were {', '.join(offsets)}"

    async def subscribed(self) -> Document:
        """Returns the subscriptions by resource, when both are there; Entra tells at once then."""
        await self.remote.change("knobs", notification_delay=0)
        await self.instances[0].call("POST", "subscriptions/ensure")
        status = await self.instances[0].call("GET", "status")
        found = {each["resource"]: each for each in status["subscriptions"]}
        assert {each["state"] for each in found.values()} == {"active"}, found
        assert len(found) == 2, found
        return found

    async def wrong(self) -> list[str]:
        """What is not as it should be: objects, the pace, refusals, rules."""
        requests = await self.remote.requests()
        most = max_in_any_second([request["time"] for request in requests], _JITTER)
        refused = sum(request["status"] == 429 for request in requests)
        return [
            *(await differences(self.remote)),
            *([f"{most} requests within a second: {self._closest()}"] * (most > self.rate)),
            *([f"{refused} requests were refused with 429"] * (refused > 0)),
            *(f"{v['rule']}: {v['method']} {v['path']}" for v in await self.remote.violations()),
        ]


@asynccontextmanager
async def stage(
    users: int, rate: int, *, apart: bool = False, **settings: str
) -> AsyncIterator[Stage]:
    """An Entra tenant in which so many users are assigned, and two instances that serve it.

    ``apart``: as on Flex Consumption the first has the HTTP functions, the second all others.
    """
    tenant = {
        "--users": str(users),
        "--assigned-users": str(users),
        "--groups": "10",
        "--assigned-groups": "10",
        "--default-access": "0",
        "--disabled": "0",
        "--domains": "example.com,partner.example.org",
        "--rate": str(rate),
        "--burst": str(rate),
    }
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="acceptance-")))
        addresses = await stack.enter_async_context(simulators(tenant))
        remote = await stack.enter_async_context(Remote(addresses))
        before = await remote.account_count()
        storage = stack.enter_context(azurite.running())
        instances, relays, ports = [], {}, {name: _free_port() for name in _NAMES}
        hook = f"http://127.0.0.1:{ports[_NAMES[0]]}/api/notifications"
        for name in _NAMES:
            relays[name] = await stack.enter_async_context(relay(addresses["scim_url"]))
            environ = {
                **storage.environ,
                **_settings(addresses, relays[name].url, rate),
                **_notifications(addresses, hook),
                **settings,
            }
            only_http = apart and name == _NAMES[0]
            options = ("--http-only",) if only_http else ()
            instances.append(Instance(name, environ, folder, ports[name], options))
            stack.push_async_callback(instances[-1].kill)
            await instances[-1].start()
            if apart and not only_http:
                instances[-1].yield_to_others()
        made = Stage(remote, tuple(instances), relays, rate, before)
        try:
            yield made
        except BaseException:
            made.show_logs()
            raise


def _notifications(addresses: Mapping[str, str], hook: str) -> dict[str, str]:
    return {
        "ENTRA_TENANT_ID": addresses["tenant_id"],
        "NOTIFICATION_URL": hook,
        "NOTIFICATION_CLIENT_STATE": SECRET,
    }


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _settings(addresses: Mapping[str, str], scim_url: str, rate: int) -> dict[str, str]:
    return {
        "ENTRA_SERVICE_PRINCIPAL_ID": addresses["service_principal_id"],
        "GRAPH_BASE_URL": addresses["graph_url"],
        "ZSCLOUD_SCIM_BASE_URL": scim_url,
        "ZSCLOUD_SCIM_TOKEN": addresses["token"],
        "ZSCLOUD_REQUESTS_PER_SECOND": str(rate),
        "PROVISIONING_STATUS": "on",
        "STATE_STORE": "azure",
        "CYCLE_SCHEDULE": "*/15 * * * * *",
        "RECONCILE_SCHEDULE": "0 0 0 1 1 *",
        "ASSIGNMENTS_SCHEDULE": "*/30 * * * * *",
        "MAINTENANCE_SCHEDULE": "0 0 * * * *",
    }
