"""Azure Queue Storage, or Azurite. The SDK is imported by the first call.

Texts go as they are: host.json sets ``messageEncoding`` to ``none``. A queue is made when a call
finds that it does not exist.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from provisioning.azure_credential import credential
from provisioning.queues.azure_calls import (
    CLIENT_OPTIONS,
    error_code,
    not_a_connection_string,
    translating,
)
from provisioning.queues.messages import LIFETIME, check_delay, check_text
from provisioning.storage_account import StorageAccount

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.storage.queue.aio import QueueClient, QueueServiceClient


class AzureQueue:
    """``ports.Queue`` on the queues of a storage account.

    A send whose answer was lost is repeated, so that a message may come twice. Raises
    ``QueueUnavailable``, and ``ConfigurationError`` for a connection string that is none.
    """

    def __init__(self, account: StorageAccount) -> None:
        self._account = account
        self._opened: QueueServiceClient | None = None
        self._credential: AsyncTokenCredential | None = None

    async def send(self, name: str, text: str, *, delay: float = 0.0) -> None:
        """Puts a message on the queue. ``delay`` is rounded up to whole seconds.

        Raises ``ValueError`` for a text or delay that a queue does not take.
        """
        check_text(text)
        check_delay(delay)
        wait = math.ceil(delay)
        options = {"visibility_timeout": wait, "time_to_live": LIFETIME + wait}
        async with translating(f"The queue {name}"):
            client = self.client(name)
            if not await _has_queue(client.send_message(text, **options)):
                await self.make(name)
                await client.send_message(text, **options)

    async def close(self) -> None:
        """Closes the connections."""
        for each in (self._opened, self._credential):
            if each is not None:
                await each.close()
        self._opened = self._credential = None

    @property
    def address(self) -> str:
        """Where the queues are, without a signature that the account may be named with."""
        return self._service().url.partition("?")[0].rstrip("/")

    def client(self, name: str) -> QueueClient:
        """The SDK's client of one queue."""
        return self._service().get_queue_client(name)

    async def make(self, name: str, **options: Any) -> None:
        """Makes the queue. That another did so meanwhile is no error. ``options``: the SDK's."""
        from azure.core.exceptions import ResourceExistsError

        try:
            await self.client(name).create_queue(**options)
        except ResourceExistsError as error:
            # A queue that is being deleted still has its name, too: that does not pass at once.
            if error_code(error) == "QueueBeingDeleted":
                raise

    def _service(self) -> QueueServiceClient:
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def _open(self) -> QueueServiceClient:
        from azure.storage.queue.aio import QueueServiceClient

        text = self._account.connection_string
        if text is None:
            self._credential = credential(self._account)
            return QueueServiceClient(self._account.queue_url, self._credential, **CLIENT_OPTIONS)
        try:
            return QueueServiceClient.from_connection_string(text.reveal(), **CLIENT_OPTIONS)
        except ValueError:
            raise not_a_connection_string("queue") from None


async def _has_queue(call: Awaitable[object]) -> bool:
    """Awaits a call. Whether there was a queue to do it."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        await call
    except ResourceNotFoundError as error:
        if error_code(error) != "QueueNotFound":
            raise
        return False
    return True
