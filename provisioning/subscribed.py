"""The subscriptions to change notifications as this job last knew them.

What Graph holds is the truth; this is what the webhook knows notifications by, without asking
Graph, and what tells whether address or secret have changed since.
"""

from __future__ import annotations

import msgspec

from provisioning.ports import Row, Store
from provisioning.rows.table import Table

RESOURCES = ("users", "groups")
"""What there is to subscribe to for a job (Graph: change notifications overview)."""


class Subscribed(msgspec.Struct, frozen=True, kw_only=True):
    """One subscription. Times are epoch seconds.

    ``secret_digest`` tells whether the secret is still the one that it was made with. ``adopted``:
    found in Graph, not made by us, so that its secret is only believed to be ours.
    """

    resource: str
    id: str
    url: str
    secret_digest: str
    created_at: float
    expires_at: float
    adopted: bool = False


class SubscribedRows:
    """The stored subscriptions of one job, by resource."""

    def __init__(self, store: Store, job: str) -> None:
        self._rows = Table(store, job, "subscription", Subscribed)

    def put(self, subscribed: Subscribed) -> Row:
        """The row that stores a subscription."""
        return self._rows.put(subscribed.resource, subscribed)

    def drop(self, resource: str) -> Row:
        """The row that forgets the subscription of a resource."""
        return self._rows.drop(resource)

    async def all(self) -> dict[str, Subscribed]:
        """The stored subscriptions by resource."""
        return {resource: row async for resource, row in self._rows.all()}
