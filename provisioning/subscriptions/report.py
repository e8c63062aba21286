"""What a visit to the subscriptions did, and what it could not do."""

from __future__ import annotations

import msgspec

from provisioning.model import Subscription
from provisioning.subscriptions.failures import SubscriptionFailure
from provisioning.subscriptions.plan import Do


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What was done about one resource, and why; ``failure`` is what kept it from being done.

    ``id`` and ``expires_at`` (epoch seconds) are those of the subscription that there is now.
    """

    resource: str
    did: Do
    why: str
    id: str | None = None
    expires_at: float | None = None
    failure: SubscriptionFailure | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was done. ``deleted`` are the ids that Graph does not have any more.

    ``look_wanted``: a hint was stored, since notifications may have been lost.
    """

    outcomes: tuple[Outcome, ...] = ()
    deleted: tuple[str, ...] = ()
    look_wanted: bool = False

    @property
    def failures(self) -> list[SubscriptionFailure]:
        """What could not be done."""
        return [each.failure for each in self.outcomes if each.failure is not None]


def done(did: Do, why: str, one: Subscription) -> Outcome:
    """It was done, and this is the subscription that there is now."""
    return Outcome(resource=one.resource, did=did, why=why, id=one.id, expires_at=one.expires_at)
