"""What kept a subscription from being made or renewed, until it is."""

from __future__ import annotations

import msgspec

from provisioning.errors import ProvisioningError
from provisioning.ports import Row, Store
from provisioning.rows.table import Table


class SubscriptionFailure(msgspec.Struct, frozen=True, kw_only=True):
    """The last try for one resource. Times are epoch seconds: ``since`` the first failure in a
    row, ``tried_at`` the last; ``alerted_at`` is when somebody was last told.
    """

    resource: str
    code: str
    message: str
    remedy: str
    since: float
    tried_at: float
    alerted_at: float = 0.0

    @staticmethod
    def of(
        error: ProvisioningError, resource: str, now: float, before: SubscriptionFailure | None
    ) -> SubscriptionFailure:
        """The failure that an error is, after the one before it."""
        return SubscriptionFailure(
            resource=resource,
            code=error.code,
            message=str(error),
            remedy=error.remedy,
            since=now if before is None else before.since,
            tried_at=now,
            alerted_at=0.0 if before is None else before.alerted_at,
        )


class SubscriptionFailures:
    """The failures of one job, by resource. One that was mended has no row."""

    def __init__(self, store: Store, job: str) -> None:
        self._rows = Table(store, job, "subscription_failure", SubscriptionFailure)

    def put(self, failure: SubscriptionFailure) -> Row:
        """The row that stores a failure."""
        return self._rows.put(failure.resource, failure)

    def drop(self, resource: str) -> Row:
        """The row that forgets it."""
        return self._rows.drop(resource)

    async def all(self) -> dict[str, SubscriptionFailure]:
        """The failures by resource."""
        return {resource: row async for resource, row in self._rows.all()}
