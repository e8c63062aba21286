"""The app in a worker, with both simulators on sockets and its state in a file of its own.

The worker library exists for Python 3.13 only: below, these tests are reported as not run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from handlers.shutdown import close
from provisioning.queues.choice import embedded_path
from provisioning.settings import SETTINGS
from simulator.entra import EntraSimulator, Tenant
from simulator.http import Server
from simulator.zscloud import Options, ZSCloudSimulator
from tests.handlers.running import ROOT, Running

collect_ignore_glob = ["test_*.py"] if sys.version_info < (3, 13) else []


@pytest.fixture
def tenant() -> Tenant:
    """Three users, one of them in the assigned group; one is assigned directly."""
    tenant = Tenant.empty()
    ada = tenant.add_user("ada@example.com", displayName="Ada Adler", department="Sales")
    ben = tenant.add_user("ben@example.com", displayName="Ben Berg", department="Legal")
    tenant.add_user("eve@example.com", displayName="Eve Egger", department="Legal")
    tenant.assign(ada)
    tenant.assign(tenant.add_group("Writers", [ben]))
    return tenant


@pytest.fixture
def settings() -> dict[str, str]:
    """What a test sets beyond the addresses."""
    return {"PROVISIONING_STATUS": "on", "ZSCLOUD_REQUESTS_PER_SECOND": "0"}


@pytest.fixture
async def app(
    tenant: Tenant, settings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Running]:
    from devhost.worker import Worker

    entra = EntraSimulator(tenant)
    zscloud = ZSCloudSimulator(Options(strict=True, rate=0))
    async with AsyncExitStack() as stack:
        graph, scim = [await stack.enter_async_context(Server(each)) for each in (entra, zscloud)]
        for name in ("AzureWebJobsStorage", *(known.name for known in SETTINGS)):
            monkeypatch.delenv(name, raising=False)
        environ = {
            "ENTRA_SERVICE_PRINCIPAL_ID": tenant.service_principal_id,
            "GRAPH_BASE_URL": f"{graph.url}/v1.0",
            "ZSCLOUD_SCIM_BASE_URL": f"{scim.url}{zscloud.options.base_path}",
            "ZSCLOUD_SCIM_TOKEN": zscloud.options.token,
            "STATE_STORE": f"sqlite:///{tmp_path}/state.db",
            **settings,
        }
        for name, value in environ.items():
            monkeypatch.setitem(os.environ, name, value)
        stack.push_async_callback(close)
        worker = await stack.enter_async_context(Worker(ROOT))
        running = Running(worker, tenant, entra, zscloud, embedded_path(tmp_path / "state.db"))
        stack.push_async_callback(running.queues.close)
        yield running
