"""Azure's errors, as errors that say what to do.

Of an error only its status, its code and the kind of failure are passed on: its text may hold
addresses that are signed.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import NamedTuple

from provisioning.errors import ConfigurationError, Problem, ProvisioningError, StoreUnavailable
from provisioning.storage.account import NAME

_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_PASSING_CODES = frozenset(
    {
        "ServerBusy",
        "OperationTimedOut",
        "InternalError",
        "TableBeingDeleted",
        "ContainerBeingDeleted",
        "QueueBeingDeleted",
    }
)


class Service(NamedTuple):
    """What is used of the account, and the role that allows it."""

    name: str
    role: str


TABLES = Service("table", "Storage Table Data Contributor")
BLOBS = Service("blob", "Storage Blob Data Contributor")
QUEUES = Service("queue", "Storage Queue Data Contributor")


def status_of(error: BaseException) -> int | None:
    """The HTTP status that was answered; ``None`` when there was no whole answer."""
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def code_of(error: BaseException) -> str:
    """Azure Storage's error code (Azure: Status and error codes), empty when there is none."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or "")


def is_passing(error: BaseException) -> bool:
    """Whether the same request may succeed a little later."""
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

    if isinstance(error, ClientAuthenticationError) or _is_unknown_host(error):
        return False
    status = status_of(error)
    if status is None:
        return not isinstance(error, HttpResponseError) or error.response is None
    return status in _PASSING or code_of(error) in _PASSING_CODES


def translated(error: Exception, service: Service) -> ProvisioningError | None:
    """The error to raise instead; ``None`` for one that only a mistake in our code causes."""
    from azure.core.exceptions import ClientAuthenticationError

    status, code = status_of(error), code_of(error)
    if status in (401, 403):
        return _refused(service, status, code)
    if type(error).__name__ == "AzureSigningError":
        return unusable("its key is no Base64")
    if isinstance(error, ClientAuthenticationError):
        return _wrong(
            "the program has no identity that Azure accepts "
            f"({type(error).__name__} at the {service.name} service).",
            "Give the function app a managed identity; on a developer's machine sign in with the "
            "Azure CLI.",
        )
    if _is_unknown_host(error):
        return _wrong(
            f"the {service.name} service of the storage account has no address in the DNS.",
            "Correct the account's name, or the DNS of the network that the program runs in.",
        )
    if is_passing(error):
        return unavailable(service, _said(error, status, code))
    return None


def unavailable(service: Service, what: str) -> StoreUnavailable:
    """The error for a storage account that cannot be used now."""
    return StoreUnavailable(
        f"The {service.name} service of the storage account {what}.",
        remedy=f"Nothing confirmed was lost; it is tried again. If it lasts, check the storage "
        f"account that {NAME} names, and that its network rules admit the program.",
    )


def unusable(why: str) -> ConfigurationError:
    """The error for an account that cannot even be asked."""
    return _wrong(
        f"names no storage account that can be addressed: {why}.",
        f"Copy the connection string of the account anew, or set {NAME}__accountName to connect "
        "by identity.",
    )


def _said(error: Exception, status: int | None, code: str) -> str:
    if status is not None:
        return f"answered {status}{f' ({code})' if code else ''}"
    if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
        return "did not answer in time"
    return f"could not be reached, or broke off ({type(error).__name__})"


def _refused(service: Service, status: int, code: str) -> ConfigurationError:
    said = f"the {service.name} service answered {status}{f' ({code})' if code else ''}"
    if code == "AuthorizationFailure":
        return _wrong(
            f"{said}: its network rules do not admit the program.",
            "Admit the program's network in the account's firewall, or connect it to its network.",
        )
    if code == "KeyBasedAuthenticationNotPermitted":
        return _wrong(
            f"{said}: the account does not allow keys.",
            f"Set {NAME}__accountName instead of {NAME}, and give the identity the role "
            f"{service.role}.",
        )
    if code in ("AuthenticationFailed", "InvalidAuthenticationInfo"):
        return _wrong(
            f"{said}: the key or token is not the account's.",
            f"Copy the connection string of the account anew into {NAME}, or connect by identity "
            f"with the role {service.role}; check the clock of the machine.",
        )
    return _wrong(
        f"{said}: the identity of the program may not use it.",
        f"Give it the role {service.role} on the storage account; a new role takes some minutes.",
    )


def _wrong(message: str, remedy: str) -> ConfigurationError:
    return ConfigurationError((Problem(NAME, message, remedy),))


def _is_unknown_host(error: BaseException) -> bool:
    return any(
        isinstance(each, socket.gaierror) and each.errno == socket.EAI_NONAME
        for each in _causes(error)
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it; aiohttp keeps the error of the system apart."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        below = getattr(seen, "os_error", None)
        if isinstance(below, OSError):
            yield below
        seen = seen.__cause__ or seen.__context__
