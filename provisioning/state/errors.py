"""What goes wrong with the state store, for a while."""

from __future__ import annotations

from provisioning.errors import ProvisioningError


class StoreUnavailable(ProvisioningError):
    """The state store cannot be reached at the moment. What was not confirmed is not stored."""

    code = "StoreUnavailable"
    remedy = "Nothing confirmed was lost. Run again when the state store can be reached."
