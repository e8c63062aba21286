"""The state store and the lease in one storage account of Azure."""

from provisioning.state.azure.lease import BlobLeases
from provisioning.state.azure.store import AzureStore

__all__ = ["AzureStore", "BlobLeases"]
