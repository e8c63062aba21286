"""The identity that the program shows to Azure Storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential


def credential(client_id: str | None) -> AsyncTokenCredential:
    """A credential of one's own, to be closed by whoever asked for it.

    With a ``client_id``, that user-assigned managed identity; without one, what the machine
    offers: its managed identity, or a developer's sign-in.
    """
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

    if client_id is not None:
        return ManagedIdentityCredential(client_id=client_id)
    return DefaultAzureCredential()
