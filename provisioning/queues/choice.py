"""Which queues an environment has: those of its storage account, else a file of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from provisioning.ports import Queue
from provisioning.queues.azure import AzureQueue
from provisioning.queues.embedded import EmbeddedQueue
from provisioning.storage_account import storage_account

_FILE = "queues.db"


def queue_for(environ: Mapping[str, str], state_path: Path) -> Queue:
    """The queues. ``state_path`` is the SQLite file of the state store; theirs lies beside it.

    Raises ``ConfigurationError`` for a storage account that is named wrongly.
    """
    account = storage_account(environ)
    return EmbeddedQueue(embedded_path(state_path)) if account is None else AzureQueue(account)


def embedded_path(state_path: Path) -> Path:
    """The file of the embedded queues."""
    return state_path.with_name(_FILE)
