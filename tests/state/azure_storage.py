"""The state store in Azurite, for tests: each in a table of its own."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from pathlib import Path

from provisioning.state.azure import AzureStore
from provisioning.storage_account import StorageAccount, storage_account
from tests.servers import azurite


def account(environ: Mapping[str, str] | None = None) -> StorageAccount:
    """The account of an environment; of the shared Azurite when none is given."""
    found = storage_account(azurite.shared().environ if environ is None else environ)
    assert found is not None
    return found


def new_name() -> str:
    """A name of a table or a container that no other test has."""
    return f"t{secrets.token_hex(8)}"


def store_at(path: Path) -> AzureStore:
    """A store in the table that the path stands for: the same one for the same path."""
    name = hashlib.blake2b(str(path).encode(), digest_size=8).hexdigest()
    return AzureStore(account(), table=f"t{name}")
