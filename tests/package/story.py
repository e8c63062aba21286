"""A day of the app, in a process that sees only the package (``tools.package.isolation``).

Prints one JSON line of what it saw. The settings are in its environment.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from devhost.backend import backend
from devhost.worker import Worker
from provisioning.queues.messages import Receiver
from provisioning.settings import load_settings
from provisioning.wake import WORK


async def tell(app: Path) -> dict[str, Any]:
    """Starts the worker, provisions everybody, and looks at what is loaded then."""
    state = load_settings(os.environ).state_store
    async with Worker(app) as worker, backend(os.environ, state) as host:
        functions = sorted(worker.functions)
        health = (await worker.http("GET", "/api/health")).json()
        kinds = ("initial", "incremental", "reconcile")
        cycles = [await _cycle(worker, host.queues, kind) for kind in kinds]
        body = json.dumps({"user": sys.argv[2]}).encode()
        on_demand = await worker.http("POST", "/api/provision-on-demand", body=body)
        answers = {
            name: (await worker.http("GET", f"/api/{name}")).status
            for name in ("status", "logs", "console", "console/console.js")
        }
        checks = (await worker.http("POST", "/api/test-connection")).json()
        await _load_clients()
        loaded = _origins()
        from handlers.shutdown import close

        await close()
    return {
        "functions": functions,
        "health": health,
        "cycles": cycles,
        "on_demand": on_demand.status,
        "answers": answers,
        "checks": checks,
        "origins": loaded,
        "sdk": sorted(name for name in sys.modules if name.startswith("msgraph.")),
        "left_out": _left_out(),
    }


async def _cycle(worker: Worker, queues: Receiver, kind: str) -> Any:
    body = json.dumps({"kind": kind}).encode()
    started = await worker.http("POST", "/api/cycles", body=body)
    while messages := await queues.receive(WORK, 1, 60.0):
        for message in messages:
            await worker.queue("work", message)
            await queues.delete(WORK, message)
    return (await worker.http("GET", f"/api/cycles/{started.json()['cycle_id']}")).json()


async def _load_clients() -> None:
    """What only an app in Azure loads: identity and storage."""
    import azure.data.tables.aio
    import azure.storage.blob.aio
    import azure.storage.queue.aio  # noqa: F401
    from azure.identity.aio import DefaultAzureCredential

    await DefaultAzureCredential().close()


def _origins() -> list[str]:
    """The file of each module that has one."""
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return sorted({str(file) for file in files if file})


def _left_out() -> str:
    try:
        from msgraph.generated.models import user  # noqa: F401
    except ModuleNotFoundError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(tell(Path(sys.argv[1])))) + "\n")
