"""Which queues there are: those of the storage account, else a file of this machine."""

from __future__ import annotations

from pathlib import Path

from provisioning.ports import Queue
from provisioning.queues.azure import AzureQueue
from provisioning.queues.embedded import EmbeddedQueue
from provisioning.storage.account import StorageAccount

_FILE = "queues.db"


def queue_for(account: StorageAccount | None, state_path: Path | None) -> Queue:
    """The queues of the account. Without one, they lie beside the SQLite file of the state store.

    Settings without an account always name such a file.
    """
    if account is not None:
        return AzureQueue(account)
    assert state_path is not None
    return EmbeddedQueue(embedded_path(state_path))


def embedded_path(state_path: Path) -> Path:
    """The file of the embedded queues."""
    return state_path.with_name(_FILE)
