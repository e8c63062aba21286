"""Azure Queue Storage, or Azurite. The SDK is imported by the first call.

Texts go as they are: host.json sets ``messageEncoding`` to ``none``. A queue is made when a call
finds that it does not exist.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from provisioning.errors import ConfigurationError, QueueUnavailable, StoreUnavailable
from provisioning.queues.messages import LIFETIME, check_delay, check_text
from provisioning.storage.account import StorageAccount
from provisioning.storage.connection import queues
from provisioning.storage.errors import QUEUES, code_of
from provisioning.storage.retries import Retries, call

if TYPE_CHECKING:
    from azure.storage.queue.aio import QueueClient

T = TypeVar("T")

SHORT = Retries(attempts=4, attempt=5.0, total=8.0, longest_wait=1.0)
"""Whoever sends is waited for: by a caller over HTTP, or by Graph."""


class QueueMissing(Exception):
    """There is no such queue."""


class AzureQueue:
    """``ports.Queue`` on the queues of a storage account.

    A send whose answer was lost is repeated, so that a message may come twice. Raises
    ``QueueUnavailable``, and ``ConfigurationError`` for an account that cannot be addressed.
    """

    def __init__(self, account: StorageAccount) -> None:
        self._connection = queues(account)

    async def send(self, name: str, text: str, *, delay: float = 0.0) -> None:
        """Puts a message on the queue. ``delay`` is rounded up to whole seconds.

        Raises ``ValueError`` for a text or delay that a queue does not take.
        """
        check_text(text)
        check_delay(delay)
        wait = math.ceil(delay)
        options = {"visibility_timeout": wait, "time_to_live": LIFETIME + wait}

        def put(queue: QueueClient) -> Awaitable[object]:
            return queue.send_message(text, **options)

        try:
            await self.ask(name, put)
        except QueueMissing:
            await self.make(name)
            await self.ask(name, put)

    async def close(self) -> None:
        """Closes the connections."""
        await self._connection.close()

    @property
    def address(self) -> str:
        """Where the queues are, without a signature that the account may be named with."""
        return self._connection.client().url.partition("?")[0].rstrip("/")

    async def make(self, name: str, retries: Retries = SHORT) -> None:
        """Makes the queue. That another did so meanwhile is no error."""
        await self.ask(name, _make, retries)

    async def ask(
        self, name: str, ask: Callable[[QueueClient], Awaitable[T]], retries: Retries = SHORT
    ) -> T:
        """One request about a queue. Raises ``QueueMissing``, and the SDK's error for an answer
        that only the caller can judge.
        """
        from azure.core.exceptions import ResourceNotFoundError

        queue = self._connection.client().get_queue_client(name)
        try:
            return await call(retries, QUEUES, lambda: ask(queue))
        except (ConfigurationError, StoreUnavailable) as error:
            raise QueueUnavailable(
                f"The queue {name} cannot be reached or used: {error}", remedy=error.remedy
            ) from error
        except ResourceNotFoundError as error:
            if code_of(error) == "QueueNotFound":
                raise QueueMissing(name) from error
            raise


async def _make(queue: QueueClient) -> None:
    from azure.core.exceptions import ResourceExistsError

    try:
        await queue.create_queue()
    except ResourceExistsError as error:
        # A queue that is being deleted still has its name, too: that does not pass at once.
        if code_of(error) == "QueueBeingDeleted":
            raise
