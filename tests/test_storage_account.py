"""The storage account as the Functions host reads it from the environment."""

from __future__ import annotations

import pytest

from provisioning.errors import ConfigurationError
from provisioning.storage.account import StorageAccount, storage_account

KEY = "c2VjcmV0"
CLIENT = "01234567-89ab-cdef-0123-456789abcdef"


def test_none_without_any_name() -> None:
    assert storage_account({"AzureWebJobsStorage": " "}) is None


def test_a_connection_string_is_taken_as_it_is_and_shown_to_nobody() -> None:
    text = f"DefaultEndpointsProtocol=https;AccountName=example;AccountKey={KEY}"
    account = storage_account({"AzureWebJobsStorage": text})
    assert account is not None
    assert account.connection_string is not None
    assert account.connection_string.reveal() == text
    assert KEY not in repr(account)


def test_development_storage_is_azurite() -> None:
    account = storage_account({"AzureWebJobsStorage": "UseDevelopmentStorage=true;"})
    assert account is not None
    assert account.connection_string is not None
    for port in (10000, 10001, 10002):
        assert f"http://127.0.0.1:{port}/devstoreaccount1" in account.connection_string.reveal()


def test_an_account_name_connects_by_identity() -> None:
    environ = {
        "AzureWebJobsStorage__accountName": "examplestate",
        "AzureWebJobsStorage__clientId": CLIENT.upper(),
    }
    assert storage_account(environ) == StorageAccount(
        blob_url="https://examplestate.blob.core.windows.net",
        queue_url="https://examplestate.queue.core.windows.net",
        table_url="https://examplestate.table.core.windows.net",
        client_id=CLIENT,
    )


def test_service_uris_go_before_the_name() -> None:
    """Other clouds have other domains."""
    environ = {
        "AzureWebJobsStorage__accountName": "examplestate",
        "AzureWebJobsStorage__tableServiceUri": "https://examplestate.table.core.example.com/",
    }
    account = storage_account(environ)
    assert account is not None
    assert account.table_url == "https://examplestate.table.core.example.com"
    assert account.blob_url == "https://examplestate.blob.core.windows.net"


@pytest.mark.parametrize(
    ("environ", "field"),
    [
        ({"AzureWebJobsStorage": f"AccountName=x;Key={KEY}"}, "AzureWebJobsStorage"),
        ({"AzureWebJobsStorage": KEY}, "AzureWebJobsStorage"),
        ({"AzureWebJobsStorage__accountName": "a.b"}, "AzureWebJobsStorage__accountName"),
        (
            {"AzureWebJobsStorage__blobServiceUri": "https://x.blob.example.com"},
            "AzureWebJobsStorage__queueServiceUri",
        ),
        (
            {"AzureWebJobsStorage__blobServiceUri": "http://x.blob.example.com"},
            "AzureWebJobsStorage__blobServiceUri",
        ),
        (
            {"AzureWebJobsStorage__accountName": "example", "AzureWebJobsStorage__clientId": "1"},
            "AzureWebJobsStorage__clientId",
        ),
    ],
)
def test_a_wrong_one_is_named_without_its_secret(environ: dict[str, str], field: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        storage_account(environ)
    (problem,) = caught.value.problems
    assert problem.field == field
    assert problem.remedy
    assert KEY not in str(caught.value)
