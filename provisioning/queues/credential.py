"""Who the program is to Azure Storage when it connects by identity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioning.storage_account import StorageAccount

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential


def credential(account: StorageAccount) -> AsyncTokenCredential:
    """The user-assigned identity that the account names, else the machine's or developer's own."""
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

    if account.client_id is not None:
        return ManagedIdentityCredential(client_id=account.client_id)
    return DefaultAzureCredential()
