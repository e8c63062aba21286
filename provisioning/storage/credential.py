"""The identity that the program shows to Azure Storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioning.storage.account import StorageAccount

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential


def credential(account: StorageAccount) -> AsyncTokenCredential:
    """The user-assigned identity that the account names, else the machine's or developer's own.

    It is to be closed by whoever asked for it.
    """
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

    if account.client_id is not None:
        return ManagedIdentityCredential(client_id=account.client_id)
    return DefaultAzureCredential()
