"""Azure Queue Storage, or Azurite. The SDK is imported by the first call.

Texts go as they are: host.json sets ``messageEncoding`` to ``none``. A queue is made when a call
finds that it does not exist.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from provisioning.errors import ConfigurationError, Problem, QueueUnavailable
from provisioning.queues.credential import credential
from provisioning.queues.messages import LIFETIME, check_delay, check_text
from provisioning.storage_account import NAME, StorageAccount

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.core.exceptions import AzureError
    from azure.storage.queue.aio import QueueClient, QueueServiceClient

_CONNECT_SECONDS = 5
_READ_SECONDS = 10
_CALL_SECONDS = 40.0
"""For a call with all its retries."""
_RETRIES = {"retry_total": 2, "initial_backoff": 1, "increment_base": 2, "random_jitter_range": 1}

_NO_ACCESS = (
    "Give the app's identity the role Storage Queue Data Contributor on the storage account, or "
    f"correct the key in {NAME}."
)


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
        async with translating(name):
            client = self.client(name)
            if await _exists(client.send_message(text, **options)):
                return
            await self.make(name)
            await client.send_message(text, **options)

    async def close(self) -> None:
        """Closes the connections."""
        for each in (self._opened, self._credential):
            if each is not None:
                await each.close()
        self._opened = self._credential = None

    def client(self, name: str) -> QueueClient:
        """The SDK's client of one queue."""
        if self._opened is None:
            self._opened = self._open()
        return self._opened.get_queue_client(name)

    async def make(self, name: str) -> None:
        """Makes the queue. That another did so meanwhile is no error."""
        from azure.core.exceptions import ResourceExistsError

        try:
            await self.client(name).create_queue()
        except ResourceExistsError as error:
            # A queue that is being deleted still has its name, too: that does not pass at once.
            if error_code(error) == "QueueBeingDeleted":
                raise

    def _open(self) -> QueueServiceClient:
        from azure.storage.queue.aio import QueueServiceClient

        options: dict[str, Any] = {
            "connection_timeout": _CONNECT_SECONDS,
            "read_timeout": _READ_SECONDS,
            **_RETRIES,
        }
        if self._account.connection_string is None:
            self._credential = credential(self._account)
            return QueueServiceClient(self._account.queue_url, self._credential, **options)
        try:
            return QueueServiceClient.from_connection_string(
                self._account.connection_string.reveal(), **options
            )
        except ValueError:
            # The SDK's text is not passed on: it may quote the string.
            raise ConfigurationError(
                (
                    Problem(
                        NAME,
                        "is no connection string with a queue service.",
                        "Copy it again from the storage account's access keys.",
                    ),
                )
            ) from None


async def _exists(call: Any) -> bool:
    """Awaits a call. Whether there was a queue to do it."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        await call
    except ResourceNotFoundError as error:
        if error_code(error) != "QueueNotFound":
            raise
        return False
    return True


@asynccontextmanager
async def translating(name: str) -> AsyncIterator[None]:
    """Bounds a call in time, and raises ``QueueUnavailable`` for what goes wrong with it.

    Messages hold codes of the service and types of errors: the SDK's own texts may hold URLs.
    """
    from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

    try:
        async with asyncio.timeout(_CALL_SECONDS):
            yield
    except TimeoutError:
        raise QueueUnavailable(f"The queue {name} did not answer in time.") from None
    except ClientAuthenticationError as error:
        raise QueueUnavailable(
            f"Access to the queue {name} was refused ({error_code(error)}).", remedy=_NO_ACCESS
        ) from error
    except HttpResponseError as error:
        remedy = _NO_ACCESS if error.status_code == 403 else None
        raise QueueUnavailable(
            f"The queue {name} answered {error.status_code} ({error_code(error)}).", remedy=remedy
        ) from error
    except AzureError as error:
        raise QueueUnavailable(
            f"The queue {name} cannot be reached ({type(error).__name__})."
        ) from error


def error_code(error: AzureError) -> str:
    """The service's code for an error (Azure Storage: error codes), else the error's type."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or type(error).__name__)
