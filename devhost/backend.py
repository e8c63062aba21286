"""Where messages and leases are: in the storage account, else in a file of this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from devhost.azure_queues import AzureReceiver
from provisioning.ports import LeasePort
from provisioning.queues.choice import embedded_path
from provisioning.queues.embedded import EmbeddedQueue
from provisioning.queues.messages import Receiver
from provisioning.state.azure import BlobLeases
from provisioning.state.sqlite import SqliteStore
from provisioning.storage.account import storage_account

CONTAINER = "azure-webjobs-hosts"
"""Where the host keeps its own leases. Processes that share an account are instances of one app:
of its timers each fires in one of them.
"""


@dataclass(frozen=True, slots=True)
class Backend:
    """``where`` tells people where the queues are."""

    queues: Receiver
    leases: LeasePort
    where: str


@asynccontextmanager
async def backend(environ: Mapping[str, str], state_path: Path | None) -> AsyncIterator[Backend]:
    """The queues that ``provisioning.queues.choice.queue_for`` chooses, and leases beside them.

    Raises ``ConfigurationError`` for a storage account that is named wrongly.
    """
    account = storage_account(environ)
    if account is None:
        assert state_path is not None  # the settings name an account or a file
        path = embedded_path(state_path)
        embedded, store = EmbeddedQueue(path), SqliteStore(path)
        try:
            yield Backend(embedded, store, f"{path} (embedded)")
        finally:
            await embedded.close()
            await store.close()
        return
    queues, leases = AzureReceiver(account), BlobLeases(account, container=CONTAINER)
    try:
        yield Backend(queues, leases, queues.address)
    finally:
        await queues.close()
        await leases.close()
