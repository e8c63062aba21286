"""The running app as a test drives it: calls over HTTP, and a queue pumped by hand."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devhost.http import HttpAnswer, Identity
from provisioning.bootstrap import services
from provisioning.lease import held
from provisioning.queues.embedded import EmbeddedQueue
from simulator.entra import EntraSimulator, Tenant
from simulator.zscloud import ZSCloudSimulator

if TYPE_CHECKING:
    from devhost.worker import Worker

ROOT = Path(__file__).parents[2]
WORK = "provisioning-work"


@dataclass
class Running:
    """``pump`` hands the messages of the queue to the function."""

    worker: Worker
    tenant: Tenant
    entra: EntraSimulator
    zscloud: ZSCloudSimulator
    queue_file: Path
    ahead: float = 0.0
    """Seconds by which the queue's time is ahead: delayed messages appear early."""

    def __post_init__(self) -> None:
        self.queues = EmbeddedQueue(self.queue_file, time=lambda: time.time() + self.ahead)

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        identity: Identity | None = None,
    ) -> HttpAnswer:
        """An HTTP call; a body that is bytes goes as it is."""
        encoded = body if isinstance(body, bytes) else b"" if body is None else _json(body)
        return await self.worker.http(
            method, f"/api/{path}", headers=headers or {}, body=encoded, identity=identity
        )

    async def get(self, path: str) -> Any:
        """The document of a GET that succeeds."""
        answer = await self.call("GET", path)
        assert answer.status == 200, answer.body
        return answer.json()

    async def post(self, path: str, body: Any = None) -> Any:
        """The document of a POST that succeeds."""
        answer = await self.call("POST", path, body)
        assert answer.status in {200, 202}, answer.body
        return answer.json()

    async def take(self) -> str | None:
        """The next message that has appeared on the queue, taken off it."""
        for message in await self.queues.receive(WORK, 1, 60.0):
            await self.queues.delete(WORK, message)
            return message.text
        return None

    async def pump(self, most: int = 100) -> list[dict[str, Any]]:
        """Hands on message after message until none appears; those that were handled."""
        handled: list[dict[str, Any]] = []
        while (message := await self.take()) is not None:
            assert len(handled) < most, "the queue does not come to an end"
            handled.append(json.loads(message))
            await self.worker.queue("work", message)
        return handled

    async def cycle(self, kind: str = "incremental", *, dry_run: bool = False) -> Any:
        """Starts a cycle over HTTP, works the queue empty, and gives its result."""
        started = await self.post("cycles", {"kind": kind, "dry_run": dry_run})
        await self.pump()
        return await self.get(f"cycles/{started['cycle_id']}")

    def accounts(self) -> dict[str, bool]:
        """Who has an account in ZSCloud by our doing, and whether it is active."""
        return {user.user_name: user.active for user in self.zscloud.users.provisioned()}

    def writes(self) -> list[str]:
        """What was written to ZSCloud."""
        return [f"{r.method} {r.path}" for r in self.zscloud.requests if r.method != "GET"]


@asynccontextmanager
async def held_lease() -> AsyncIterator[None]:
    """Holds the lease as another process would."""
    made = await services()
    tenant = made.settings.zscloud_tenant
    async with held(made.leases, tenant, "another/1", made.clock, made.pacer, wait=0):
        yield


def _json(document: Any) -> bytes:
    return json.dumps(document).encode()
