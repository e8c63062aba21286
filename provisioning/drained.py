"""How a drain of the lanes ends."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from provisioning.errors import ProvisioningError


class DrainEnd(StrEnum):
    """Why a drain ended."""

    EMPTY = "empty"
    BUDGET = "budget"
    HALTED = "halted"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    FAILING = "failing"
    LEASE_LOST = "lease_lost"


class Drained(msgspec.Struct, frozen=True):
    """The end of a drain, and the error that ended it."""

    end: DrainEnd
    error: ProvisioningError | None = None
