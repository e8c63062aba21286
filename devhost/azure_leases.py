"""Leases in the storage account, as blobs of the container in which the host keeps its own.

Processes that share an account are instances of one app: of its timers each fires in one of them.
"""

from __future__ import annotations

import math
import uuid
from contextlib import AbstractAsyncContextManager, suppress
from typing import TYPE_CHECKING

from provisioning.azure_credential import credential
from provisioning.errors import StoreUnavailable
from provisioning.ports import LeaseState
from provisioning.queues.azure_calls import (
    CLIENT_OPTIONS,
    error_code,
    not_a_connection_string,
    translating,
)
from provisioning.storage_account import StorageAccount

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.storage.blob.aio import BlobClient, BlobServiceClient

CONTAINER = "azure-webjobs-hosts"
_FOLDER = "serve"
_SHORTEST, _LONGEST = 15, 60
"""Seconds of a lease (Azure Storage: Lease Blob)."""
_LOST = frozenset(
    {
        "LeaseIdMismatchWithBlobOperation",
        "LeaseIdMismatchWithLeaseOperation",
        "LeaseIsBrokenAndCannotBeRenewed",
        "LeaseLost",
        "LeaseNotPresentWithBlobOperation",
        "LeaseNotPresentWithLeaseOperation",
    }
)
_ABSENT = frozenset({"BlobNotFound", "ContainerNotFound"})


class BlobLeases:
    """``ports.LeasePort``: a lease is that of a blob, whose content is the payload.

    The service counts the time. Raises ``StoreUnavailable``.
    """

    def __init__(self, account: StorageAccount) -> None:
        self._account = account
        self._opened: BlobServiceClient | None = None
        self._credential: AsyncTokenCredential | None = None

    async def acquire(self, name: str, holder: str, seconds: float) -> LeaseState | None:
        """The lease, for 15 to 60 seconds; ``None`` while another holds it."""
        from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

        length = min(max(math.ceil(seconds), _SHORTEST), _LONGEST)
        blob = self._blob(name)
        async with _translating(name):
            try:
                try:
                    await blob.acquire_lease(length, lease_id=_lease_id(holder))
                except ResourceNotFoundError:
                    await self._make(name)
                    await blob.acquire_lease(length, lease_id=_lease_id(holder))
            except ResourceExistsError as error:
                if error_code(error) != "LeaseAlreadyPresent":
                    raise
                return None
            payload = await (await blob.download_blob()).readall()
        return LeaseState(holder, math.inf, payload)

    async def renew(self, name: str, holder: str, seconds: float) -> bool:  # noqa: ARG002 - the service knows
        """Prolongs the lease by its length. False when it is no longer the holder's."""
        from azure.core.exceptions import HttpResponseError
        from azure.storage.blob.aio import BlobLeaseClient

        async with _translating(name):
            try:
                await BlobLeaseClient(self._blob(name), _lease_id(holder)).renew()
            except HttpResponseError as error:
                if error_code(error) not in _LOST:
                    raise
                return False
        return True

    async def release(self, name: str, holder: str, payload: bytes) -> None:
        """Lets go of the lease, if it is still the holder's, and leaves the payload."""
        from azure.core.exceptions import HttpResponseError
        from azure.storage.blob.aio import BlobLeaseClient

        lease = BlobLeaseClient(self._blob(name), _lease_id(holder))
        async with _translating(name):
            try:
                await self._blob(name).upload_blob(payload, overwrite=True, lease=lease)
                await lease.release()
            except HttpResponseError as error:
                if error_code(error) not in _LOST:
                    raise

    async def read(self, name: str) -> LeaseState | None:
        """The payload; of the holder it is known only whether there is one (``""``: none)."""
        from azure.core.exceptions import ResourceNotFoundError

        async with _translating(name):
            try:
                content = await self._blob(name).download_blob()
                payload = await content.readall()
            except ResourceNotFoundError as error:
                if error_code(error) not in _ABSENT:
                    raise
                return None
        free = content.properties.lease.state != "leased"
        return LeaseState("", 0.0, payload) if free else LeaseState("another", math.inf, payload)

    async def close(self) -> None:
        """Closes the connections."""
        for each in (self._opened, self._credential):
            if each is not None:
                await each.close()
        self._opened = self._credential = None

    async def _make(self, name: str) -> None:
        """Makes container and blob. That another did so meanwhile is no error."""
        from azure.core.exceptions import ResourceExistsError, ResourceModifiedError

        with suppress(ResourceExistsError):
            await self._service().create_container(CONTAINER)
        with suppress(ResourceExistsError, ResourceModifiedError):
            await self._blob(name).upload_blob(b"")

    def _blob(self, name: str) -> BlobClient:
        return self._service().get_blob_client(CONTAINER, f"{_FOLDER}/{name}")

    def _service(self) -> BlobServiceClient:
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def _open(self) -> BlobServiceClient:
        from azure.storage.blob.aio import BlobServiceClient

        text = self._account.connection_string
        if text is None:
            self._credential = credential(self._account)
            return BlobServiceClient(self._account.blob_url, self._credential, **CLIENT_OPTIONS)
        try:
            return BlobServiceClient.from_connection_string(text.reveal(), **CLIENT_OPTIONS)
        except ValueError:
            raise not_a_connection_string("blob") from None


def _translating(name: str) -> AbstractAsyncContextManager[None]:
    return translating(f"The blob {CONTAINER}/{_FOLDER}/{name}", StoreUnavailable)


def _lease_id(holder: str) -> str:
    """The same holder has the same lease, whichever call asks for it."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, holder))
