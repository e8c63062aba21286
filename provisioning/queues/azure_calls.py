"""Calls of the Azure Storage SDK: bounded in time and repetition, with errors that say what to do.

No message passes on the SDK's own text: it may hold a URL with a signature.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from provisioning.errors import ConfigurationError, Problem, ProvisioningError, QueueUnavailable
from provisioning.storage_account import NAME

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError

CLIENT_OPTIONS: Mapping[str, Any] = {
    "connection_timeout": 5,
    "read_timeout": 10,
    "retry_total": 2,
    "initial_backoff": 1,
    "increment_base": 2,
    "random_jitter_range": 1,
}
"""Of every client: seconds, and how often a call is repeated (Azure SDK: storage, retry policy)."""

_CALL_SECONDS = 40.0
"""For a call with all its repetitions."""

_NO_ACCESS = (
    "Give the app's identity the data contributor role of this service on the storage account, or "
    f"correct the key in {NAME}."
)


@asynccontextmanager
async def translating(
    what: str, unavailable: type[ProvisioningError] = QueueUnavailable
) -> AsyncIterator[None]:
    """Bounds calls in time, and raises ``unavailable`` for what goes wrong with them.

    ``what`` begins the message: the queue or blob that is called.
    """
    from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

    try:
        async with asyncio.timeout(_CALL_SECONDS):
            yield
    except TimeoutError:
        raise unavailable(f"{what} did not answer in time.") from None
    except HttpResponseError as error:
        refused = isinstance(error, ClientAuthenticationError) or error.status_code == 403
        status = f"answered {error.status_code}" if error.status_code else "cannot be used"
        raise unavailable(
            f"{what} {status} ({error_code(error)}).", remedy=_NO_ACCESS if refused else None
        ) from error
    except AzureError as error:
        raise unavailable(f"{what} cannot be reached ({type(error).__name__}).") from error


def error_code(error: AzureError) -> str:
    """The service's code for an error (Azure Storage: error codes), else the error's type."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or type(error).__name__)


def not_a_connection_string(service: str) -> ConfigurationError:
    """The error for a connection string that the SDK does not take. Its text is not quoted."""
    return ConfigurationError(
        (
            Problem(
                NAME,
                f"is no connection string with a {service} service.",
                "Copy it again from the access keys of the storage account.",
            ),
        )
    )
