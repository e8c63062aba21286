"""The state store in Azurite, for tests: each in a table of its own."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from provisioning.state.azure import AzureStore
from provisioning.storage.account import StorageAccount, storage_account
from tests.servers import azurite
from tests.servers.azure_proxy import Proxy, between


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


@asynccontextmanager
async def watched(
    table: str | None = None, now: Callable[[], float] = time.time
) -> AsyncIterator[tuple[Proxy, AzureStore]]:
    """A store that is open already, and the proxy that sees its requests from now on."""
    async with between(azurite.shared(), "table") as (proxy, environ):
        store = AzureStore(account(environ), table=table or new_name(), now=now)
        await store.get("watermark", "none")
        proxy.seen.clear()
        try:
            yield proxy, store
        finally:
            await store.close()
