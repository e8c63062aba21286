"""Queues of Azure Storage, on Azurite: what goes wrong with them."""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from devhost.azure_queues import AzureReceiver
from provisioning.errors import ConfigurationError, QueueUnavailable
from provisioning.queues.azure import AzureQueue
from provisioning.queues.choice import queue_for
from provisioning.queues.embedded import EmbeddedQueue
from provisioning.setting_values import Secret
from provisioning.storage.account import StorageAccount, storage_account
from provisioning.storage.credential import credential
from tests.devhost.served import ROOT

WRONG_KEY = "d3Jvbmcta2V5LW9mLXRlc3Rz"


def _nobody() -> str:
    """An account at a port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/x"
    return f"AccountName=x;AccountKey={WRONG_KEY};BlobEndpoint={url};QueueEndpoint={url};"


async def test_queue_is_made_by_the_first_message_alone(storage: str) -> None:
    queue, name = AzureReceiver(StorageAccount(connection_string=Secret(storage))), _queue_name()
    made: list[str] = []
    make = queue.make

    async def counting(name: str) -> None:
        made.append(name)
        await make(name)

    queue.make = counting  # type: ignore[method-assign,assignment]
    for _ in range(3):
        await queue.send(name, "x")
    assert made == [name]
    assert len(await queue.receive(name, 32, 60)) == 3
    await queue.close()


def _queue_name() -> str:
    return f"test-{secrets.token_hex(6)}"


async def test_wrong_key_is_refused_with_the_remedy_and_without_the_key(storage: str) -> None:
    parts = [part for part in storage.split(";") if part and not part.startswith("AccountKey=")]
    wrong = ";".join([*parts, f"AccountKey={WRONG_KEY}"])
    queue = AzureQueue(StorageAccount(connection_string=Secret(wrong)))
    with pytest.raises(QueueUnavailable, match="answered 403") as raised:
        await queue.send(_queue_name(), "x")
    assert "Storage Queue Data Contributor" in raised.value.remedy
    assert WRONG_KEY not in f"{raised.value} {raised.value.__cause__}"
    await queue.close()


async def test_account_that_is_away_is_named() -> None:
    queue = AzureReceiver(StorageAccount(connection_string=Secret(_nobody())))
    with pytest.raises(QueueUnavailable, match="The queue work cannot be reached") as raised:
        await queue.prepare("work")
    assert WRONG_KEY not in str(raised.value)
    assert "AzureWebJobsStorage" in raised.value.remedy
    await queue.close()


@pytest.mark.parametrize("text", ["AccountKey=x", "AccountName;AccountKey", "AccountKey=="])
async def test_text_that_is_no_connection_string(text: str) -> None:
    account = StorageAccount(connection_string=Secret(text))
    with pytest.raises(ConfigurationError, match="no connection string") as raised:
        await AzureQueue(account).send("work", "x")
    assert text not in str(raised.value)


async def test_choice_follows_the_environment(storage: str, tmp_path: Path) -> None:
    embedded = queue_for(None, tmp_path / "state.db")
    assert isinstance(embedded, EmbeddedQueue)
    assert embedded.path == tmp_path / "queues.db"
    azure = queue_for(storage_account({"AzureWebJobsStorage": storage}), tmp_path / "state.db")
    assert isinstance(azure, AzureQueue)
    assert azure.address.startswith("http://127.0.0.1:")
    named = queue_for(storage_account({"AzureWebJobsStorage__accountName": "ouraccount"}), None)
    assert isinstance(named, AzureQueue)
    assert named.address == "https://ouraccount.queue.core.windows.net"
    for each in (embedded, azure, named):
        await each.close()


async def test_address_has_no_signature() -> None:
    text = "QueueEndpoint=https://a.queue.core.windows.net;SharedAccessSignature=sv=1&sig=secret"
    queue = AzureQueue(StorageAccount(connection_string=Secret(text)))
    assert queue.address == "https://a.queue.core.windows.net"
    await queue.close()


async def test_user_assigned_identity_is_the_one_that_is_named() -> None:
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

    identity = "00000000-0000-0000-0000-000000000001"
    named = credential(StorageAccount(client_id=identity))
    assert isinstance(named, ManagedIdentityCredential)
    own = credential(StorageAccount())
    assert isinstance(own, DefaultAzureCredential)
    await named.close()
    await own.close()


def test_choice_alone_imports_nothing_of_azure() -> None:
    program = "import sys, provisioning.queues.choice; print('azure' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
