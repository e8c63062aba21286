"""How long Graph waits for the answer to a notification: checks and queue included, in process."""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import tempfile
import time
import uuid
from pathlib import Path

from benchmarks.figure import Figure, Size
from provisioning.bootstrap import build
from provisioning.operations.notifications import Receiver
from provisioning.services import Services
from provisioning.settings import load_settings
from provisioning.subscribed import Subscribed

_BUDGET_MS = 50.0
_AT_ONCE = 10
_SUBSCRIPTION = "11111111-1111-4111-8111-111111111111"
_TENANT = "0d4c5a3e-6a43-4b3c-9d52-7a1c54b3e001"
_SECRET = "a-secret-for-the-benchmark"
_ITEMS = 10


def measure(size: Size) -> list[Figure]:
    """Batches of ten items, ten calls at once; every third item repeats an earlier one."""
    calls = size.mapped // _ITEMS
    times = asyncio.run(_times(calls))
    ordered = sorted(times)
    subject = f"{calls} batches of {_ITEMS}, {_AT_ONCE} at once"
    return [
        Figure("webhook", f"{subject}: median", statistics.median(times) * 1000, "ms"),
        Figure(
            "webhook",
            f"{subject}: 99 %",
            ordered[int(len(ordered) * 0.99)] * 1000,
            "ms",
            _BUDGET_MS,
            source="budget of the webhook's answer",
        ),
    ]


async def _times(calls: int) -> list[float]:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        services = _services(Path(folder))
        try:
            await _subscribed(services)
            receiver = Receiver(services)
            bodies = iter(_bodies(calls))
            times: list[float] = []

            async def call() -> None:
                for body in bodies:
                    began = time.perf_counter()
                    await receiver.receive(body)
                    times.append(time.perf_counter() - began)

            await asyncio.gather(*(call() for _ in range(_AT_ONCE)))
            return times
        finally:
            await services.close()


def _services(folder: Path) -> Services:
    return build(
        load_settings(
            {
                "ENTRA_SERVICE_PRINCIPAL_ID": str(uuid.UUID(int=1)),
                "ENTRA_TENANT_ID": _TENANT,
                "ZSCLOUD_SCIM_BASE_URL": "https://scim.example.com/1/2/scim",
                "ZSCLOUD_SCIM_TOKEN": "none",
                "NOTIFICATION_URL": "https://app.example.com/api/notifications",
                "NOTIFICATION_CLIENT_STATE": _SECRET,
                "STATE_STORE": f"sqlite:///{folder.as_posix()}/state.db",
            }
        )
    )


async def _subscribed(services: Services) -> None:
    job = services.job()
    row = Subscribed(
        resource="users",
        id=_SUBSCRIPTION,
        url="",
        secret_digest="",
        created_at=0,
        expires_at=2e10,
    )
    await job.store.write([job.subscribed.put(row)])


def _bodies(calls: int) -> list[bytes]:
    draw = random.Random(5)
    people = [str(uuid.UUID(int=draw.getrandbits(128), version=4)) for _ in range(calls * 7)]
    return [
        json.dumps({"value": [_item(draw.choice(people)) for _ in range(_ITEMS)]}).encode()
        for _ in range(calls)
    ]


def _item(id: str) -> dict[str, object]:
    return {
        "changeType": "updated",
        "clientState": _SECRET,
        "resource": f"Users/{id}",
        "resourceData": {"@odata.type": "#Microsoft.Graph.User", "id": id},
        "subscriptionId": _SUBSCRIPTION,
        "subscriptionExpirationDateTime": "2026-12-20T00:00:00Z",
        "tenantId": _TENANT,
    }
