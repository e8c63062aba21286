"""The running app as a test drives it: calls over HTTP, and a queue pumped by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devhost.http import HttpAnswer
from simulator.entra import EntraSimulator, Tenant
from simulator.zscloud import ZSCloudSimulator

if TYPE_CHECKING:
    from devhost.outputs import Outputs
    from devhost.worker import Worker

ROOT = Path(__file__).parents[2]
WORK = "provisioning-work"


@dataclass
class Running:
    """``messages`` are what the queue got, in order; ``pump`` hands them to the function."""

    worker: Worker
    tenant: Tenant
    entra: EntraSimulator
    zscloud: ZSCloudSimulator
    messages: list[str] = field(default_factory=list)

    async def call(self, method: str, path: str, body: Any = None) -> HttpAnswer:
        """An HTTP call; a body that is bytes goes as it is."""
        encoded = body if isinstance(body, bytes) else b"" if body is None else _json(body)
        answer = await self.worker.http(method, f"/api/{path}", body=encoded)
        self.queue(answer.outputs)
        return answer

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

    def queue(self, outputs: Outputs) -> None:
        assert outputs.keys() <= {WORK}
        self.messages += outputs.get(WORK, [])

    async def pump(self, most: int = 100) -> list[dict[str, Any]]:
        """Hands on message after message until the queue is empty; those that were handled."""
        handled: list[dict[str, Any]] = []
        while self.messages:
            assert len(handled) < most, "the queue does not come to an end"
            message = self.messages.pop(0)
            handled.append(json.loads(message))
            self.queue(await self.worker.queue("work", message))
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


def _json(document: Any) -> bytes:
    return json.dumps(document).encode()
