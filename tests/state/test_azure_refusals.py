"""Storage accounts that will not do: each is refused with what to do about it, and no secret."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError

from provisioning.errors import ConfigurationError, StoreUnavailable
from provisioning.ports import Row
from provisioning.setting_values import Secret
from provisioning.state.azure import AzureStore, BlobLeases
from provisioning.storage import connection
from provisioning.storage.account import StorageAccount
from provisioning.storage.errors import TABLES, is_passing, translated
from provisioning.storage.retries import Retries
from tests.servers import azurite
from tests.servers.azure_proxy import Fault, between
from tests.state.azure_storage import account, new_name

# The SDK looks at the XML of a refusal in a way that Python finds outdated.
pytestmark = pytest.mark.filterwarnings("ignore:Testing an element's truth value")

_OTHER_KEY = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldC1zZWNyZXQ="

Call = Callable[[StorageAccount], Awaitable[object]]


async def _read_table(account: StorageAccount) -> None:
    store = AzureStore(account, table=new_name(), retries=Retries(attempts=1))
    try:
        await store.get("links", "a")
    finally:
        await store.close()


async def _take_lease(account: StorageAccount) -> None:
    leases = BlobLeases(account, container=new_name())
    try:
        await leases.acquire("tenant", "one", 30.0)
    finally:
        await leases.close()


_CALLS = pytest.mark.parametrize("call", [_read_table, _take_lease], ids=["table", "lease"])


async def _refused(call: Call, account: StorageAccount) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as refused:
        await call(account)
    (problem,) = refused.value.problems
    assert problem.field == "AzureWebJobsStorage"
    causes = f"{refused.value!r} {refused.value.remedy} {refused.value.__cause__!r}"
    assert azurite.KEY not in causes
    assert _OTHER_KEY not in causes
    return refused.value


@_CALLS
async def test_a_wrong_key(call: Call) -> None:
    wrong = azurite.connection_string(azurite.shared().ports, key=_OTHER_KEY)
    error = await _refused(call, StorageAccount(connection_string=Secret(wrong)))
    assert "answered 403" in str(error)


_LOCAL = "http://127.0.0.1:1/devstoreaccount1"


@_CALLS
@pytest.mark.parametrize(
    "given",
    [
        "AccountKey=c2VjcmV0",
        f"nonsense;AccountKey={_OTHER_KEY}",
        f"AccountName=x;AccountKey=a;BlobEndpoint={_LOCAL};TableEndpoint={_LOCAL}",
    ],
    ids=["no account", "no pairs", "no key"],
)
async def test_a_connection_string_that_names_no_account(call: Call, given: str) -> None:
    error = await _refused(call, StorageAccount(connection_string=Secret(given)))
    assert "connection string" in error.remedy


@pytest.mark.parametrize(
    ("status", "code", "remedy"),
    [
        (403, "AuthorizationPermissionMismatch", "the role {role} on the storage account"),
        (403, "AuthorizationFailure", "Admit the program's network"),
        (403, "KeyBasedAuthenticationNotPermitted", "give the identity the role {role}"),
        (403, "AuthenticationFailed", "Copy the connection string of the account anew"),
        (401, "InvalidAuthenticationInfo", "Copy the connection string of the account anew"),
        (401, "", "the role {role} on the storage account"),
    ],
)
@pytest.mark.parametrize(
    ("service", "call", "role"),
    [
        ("table", _read_table, "Storage Table Data Contributor"),
        ("blob", _take_lease, "Storage Blob Data Contributor"),
    ],
    ids=["table", "lease"],
)
async def test_a_service_that_refuses(
    service: str, call: Call, role: str, status: int, code: str, remedy: str
) -> None:
    async with between(azurite.shared(), service) as (proxy, environ):
        proxy.faults = [Fault(status, code)] * 5
        error = await _refused(call, account(environ))
        assert f"the {service} service answered {status}" in str(error)
        assert remedy.format(role=role) in error.remedy
        assert len(proxy.seen) == 1  # Asking again does not help.


async def test_an_account_that_does_not_exist() -> None:
    """Its name is not known to the DNS. Nothing is asked of a real one here."""
    unknown = OSError("Cannot connect")
    unknown.__cause__ = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    error = ServiceRequestError("Cannot connect", error=unknown)
    error.__cause__ = unknown
    better = translated(error, TABLES)
    assert isinstance(better, ConfigurationError)
    assert "has no address in the DNS" in str(better)
    assert "Correct the account's name" in better.remedy
    assert not is_passing(error)
    unknown.__cause__ = socket.gaierror(socket.EAI_AGAIN, "Temporary failure")
    assert isinstance(translated(error, TABLES), StoreUnavailable)
    assert is_passing(error)


def test_a_mistake_of_ours_is_not_disguised() -> None:
    error = HttpResponseError("no valid query")
    error.status_code = 400
    error.response = object()  # type: ignore[assignment]
    assert translated(error, TABLES) is None
    assert not is_passing(error)


@_CALLS
async def test_no_identity(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without one: the credential says so, and nothing is sent."""
    from azure.identity import CredentialUnavailableError

    class Nobody:
        closed = False

        async def get_token(self, *scopes: str, **options: object) -> object:
            raise CredentialUnavailableError("no identity here")

        async def close(self) -> None:
            self.closed = True

    nobody = Nobody()
    monkeypatch.setattr(connection, "credential", lambda account: nobody)
    named = StorageAccount(
        blob_url="https://account.blob.example.com",
        queue_url="https://account.queue.example.com",
        table_url="https://account.table.example.com",
    )
    error = await _refused(call, named)
    assert "Give the function app a managed identity" in error.remedy
    assert nobody.closed


@_CALLS
async def test_an_identity_without_encryption(call: Call) -> None:
    """A token is not sent over plain HTTP."""
    plain = StorageAccount(blob_url=_LOCAL, queue_url=_LOCAL, table_url=_LOCAL)
    assert "over https only" in str(await _refused(call, plain))


async def test_which_identity_is_shown() -> None:
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

    from provisioning.storage.credential import credential

    own = credential(StorageAccount())
    assert isinstance(own, DefaultAzureCredential)
    assigned = credential(StorageAccount(client_id="5d1b2c3d-4e5f-6789-abcd-ef0123456789"))
    assert isinstance(assigned, ManagedIdentityCredential)
    await own.close()
    await assigned.close()


async def test_a_value_that_azure_refuses_comes_out_as_it_is() -> None:
    """No request of ours is malformed; if one were, it would be seen."""
    store = AzureStore(account(), table="x")  # Names have at least three characters.
    with pytest.raises((HttpResponseError, ValueError)):
        await store.write([Row("links", "a", b"1")])
    await store.close()
