"""The storage account that the Functions host uses, named in the way the host reads it.

``AzureWebJobsStorage`` is a connection string; ``AzureWebJobsStorage__accountName`` (or a URI for
each service) is a connection by identity (Azure Functions: connecting to host storage with an
identity). The state store, the lease and the queues are in the same account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from provisioning.errors import ConfigurationError, Problem
from provisioning.setting_values import InvalidSettingError, Secret, guid, url

NAME = "AzureWebJobsStorage"

_DEVELOPMENT = "usedevelopmentstorage=true"
# The account that every emulator of Azure Storage has; its key is published, and no secret
# (Microsoft Learn: Use the Azurite emulator, well-known storage account and key).
_DEVELOPMENT_ACCOUNT = "devstoreaccount1"
_DEVELOPMENT_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
_SERVICES = {"blob": 10000, "queue": 10001, "table": 10002}
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")


class StorageAccount(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach the account: by ``connection_string``, or by identity at the service URLs.

    ``client_id`` names a user-assigned identity; without one the identity is the machine's or
    the developer's own.
    """

    connection_string: Secret | None = None
    blob_url: str = ""
    queue_url: str = ""
    table_url: str = ""
    client_id: str | None = None


def storage_account(environ: Mapping[str, str]) -> StorageAccount | None:
    """The account of an environment; ``None`` when it names none.

    Raises ``ConfigurationError`` for one that is named wrongly. No message has a secret.
    """
    given = environ.get(NAME, "").strip()
    if given:
        return StorageAccount(connection_string=Secret(_connection_string(given)))
    urls = dict(_urls(environ))
    if not urls:
        return None
    if missing := _SERVICES.keys() - urls.keys():
        service = min(missing)
        raise _wrong(
            f"{NAME}__{service}ServiceUri",
            "is not set, and no account name either.",
            f"Set {NAME}__accountName, or the URI of each of the services blob, queue and table.",
        )
    return StorageAccount(
        blob_url=urls["blob"],
        queue_url=urls["queue"],
        table_url=urls["table"],
        client_id=_client_id(environ),
    )


def _connection_string(given: str) -> str:
    if given.rstrip("; ").lower() == _DEVELOPMENT:
        return _development()
    parts = dict(part.partition("=")[::2] for part in given.split(";") if part.strip())
    names = {name.strip().lower() for name in parts}
    if not names & {"accountkey", "sharedaccesssignature"}:
        raise _wrong(
            NAME,
            "is no connection string of a storage account.",
            f"Give a connection string, UseDevelopmentStorage=true for Azurite, or leave it out "
            f"and set {NAME}__accountName to connect by identity.",
        )
    return given


def _development() -> str:
    endpoints = ";".join(
        f"{service.capitalize()}Endpoint=http://127.0.0.1:{port}/{_DEVELOPMENT_ACCOUNT}"
        for service, port in _SERVICES.items()
    )
    return (
        f"DefaultEndpointsProtocol=http;AccountName={_DEVELOPMENT_ACCOUNT};"
        f"AccountKey={_DEVELOPMENT_KEY};{endpoints};"
    )


def _urls(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    account = environ.get(f"{NAME}__accountName", "").strip()
    if account and not _ACCOUNT.fullmatch(account):
        raise _wrong(
            f"{NAME}__accountName",
            f"{account[:100]!r} is no name of a storage account.",
            "Write 3 to 24 lower-case letters and digits, without a domain.",
        )
    for service in _SERVICES:
        name = f"{NAME}__{service}ServiceUri"
        given = environ.get(name, "").strip()
        if given:
            try:
                yield service, url(given)
            except InvalidSettingError as error:
                raise _wrong(name, error.message, error.remedy) from None
        elif account:
            yield service, f"https://{account}.{service}.core.windows.net"


def _client_id(environ: Mapping[str, str]) -> str | None:
    name = f"{NAME}__clientId"
    given = environ.get(name, "").strip()
    try:
        return guid(given) if given else None
    except InvalidSettingError as error:
        raise _wrong(name, error.message, error.remedy) from None


def _wrong(name: str, message: str, remedy: str) -> ConfigurationError:
    return ConfigurationError((Problem(name, message, remedy),))
