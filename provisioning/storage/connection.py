"""Clients of Azure Storage, made from a storage account. The SDK is imported when one is made."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from provisioning.errors import StoreUnavailable
from provisioning.storage.account import StorageAccount
from provisioning.storage.credential import credential
from provisioning.storage.errors import unusable

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.data.tables.aio import TableServiceClient
    from azure.storage.blob.aio import ContainerClient
    from azure.storage.queue.aio import QueueServiceClient

_LOOPBACK = ("//127.0.0.1", "//localhost", "//[::1]")


class _Closable(Protocol):
    async def close(self) -> None: ...


C = TypeVar("C", bound=_Closable)


class Connection(Generic[C]):
    """A client that is made by the first call, with the credential that it may need.

    It belongs to the event loop of that call. Once closed it stays closed.
    """

    def __init__(
        self, make: Callable[[AsyncTokenCredential | None], C], account: StorageAccount, url: str
    ) -> None:
        self._make = make
        self._url = url
        self._account = account
        self._client: C | None = None
        self._credential: AsyncTokenCredential | None = None
        self._closed = False

    def client(self) -> C:
        """The client. Raises ``ConfigurationError`` for an account that cannot be addressed."""
        if self._closed:
            raise StoreUnavailable("The connection to the storage account was closed.")
        if self._client is None:
            if self._account.connection_string is None:
                if not self._url.startswith("https://"):
                    raise unusable("an identity is shown over https only")
                self._credential = credential(self._account)
            try:
                self._client = self._make(self._credential)
            except ValueError:
                # The text of the error may hold the connection string.
                raise unusable("its text is no connection string of this service") from None
        return self._client

    async def close(self) -> None:
        """Closes the client's connections and the credential."""
        self._closed = True
        closing: list[Awaitable[Any]] = []
        if self._client is not None:
            closing.append(self._client.close())
        if self._credential is not None:
            closing.append(self._credential.close())
        self._client = self._credential = None
        for each in closing:
            await each


def tables(account: StorageAccount) -> Connection[TableServiceClient]:
    """The connection to the tables."""

    def make(identity: AsyncTokenCredential | None) -> TableServiceClient:
        from azure.data.tables.aio import TableServiceClient

        options = _options(account, account.table_url)
        if account.connection_string is not None:
            given = account.connection_string.reveal()
            return TableServiceClient.from_connection_string(given, **options)
        assert identity is not None
        return TableServiceClient(account.table_url, credential=identity, **options)

    return Connection(make, account, account.table_url)


def blobs(account: StorageAccount, container: str) -> Connection[ContainerClient]:
    """The connection to one container of blobs."""

    def make(identity: AsyncTokenCredential | None) -> ContainerClient:
        from azure.storage.blob.aio import ContainerClient

        options = _options(account, account.blob_url)
        if account.connection_string is not None:
            given = account.connection_string.reveal()
            return ContainerClient.from_connection_string(given, container, **options)
        return ContainerClient(account.blob_url, container, credential=identity, **options)

    return Connection(make, account, account.blob_url)


def queues(account: StorageAccount) -> Connection[QueueServiceClient]:
    """The connection to the queues."""

    def make(identity: AsyncTokenCredential | None) -> QueueServiceClient:
        from azure.storage.queue.aio import QueueServiceClient

        options = _options(account, account.queue_url)
        if account.connection_string is not None:
            given = account.connection_string.reveal()
            return QueueServiceClient.from_connection_string(given, **options)
        return QueueServiceClient(account.queue_url, identity, **options)

    return Connection(make, account, account.queue_url)


def _options(account: StorageAccount, url: str) -> dict[str, Any]:
    """No retries, which are ours; short waits; no proxy on loopback; no line for each request."""
    logger = logging.getLogger("azure.core.pipeline.policies.http_logging_policy")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.WARNING)
    where = url if account.connection_string is None else account.connection_string.reveal()
    return {
        "retry_total": 0,
        "connection_timeout": 5,
        "read_timeout": 20,
        "use_env_settings": not any(host in where for host in _LOOPBACK),
    }
