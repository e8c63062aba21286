"""What to do about the subscriptions: decided from what Graph lists and what is stored.

Pure. Graph holds the truth; the store says which of what it lists were ours under another URL.
Times are epoch seconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec

from provisioning.model import CHANGE_TYPES, Subscription
from provisioning.setting_values import Secret
from provisioning.subscribed import RESOURCES, Subscribed
from provisioning.subscriptions.failures import SubscriptionFailure

_HOUR = 3600.0
_DAY = 86_400.0

LIFE = 41_760 * 60.0 - _HOUR
"""Seconds that a subscription is asked to live. Graph allows users and groups 41,760 minutes
(Graph: subscription resource type); clocks may differ, and an answer takes its time.
"""

RENEW_WITHIN = 7 * _DAY
ALERT_WITHIN = 3 * _DAY
ALERT_AFTER = _HOUR
"""Seconds without any subscription after which somebody must know."""
ALERT_EVERY = _HOUR
TRY_EVERY = 300.0
"""Seconds between two tries while they fail, when nobody asks for one."""

_SAME = 1.0


class Wanted(msgspec.Struct, frozen=True):
    """Where notifications are to go, and what tells which secret they are to bring."""

    url: str
    secret_digest: str


class Do(StrEnum):
    """What becomes of the subscription to one resource."""

    NOTHING = "nothing"
    ADOPT = "adopt"
    """It is in Graph, and the store does not know it."""
    RECORD = "record"
    """The store knows it with another end."""
    RENEW = "renew"
    CREATE = "create"
    RECREATE = "recreate"
    DELETE = "delete"
    """Nothing is to be subscribed to any more."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What to do about one resource. ``why`` is a sentence.

    ``subscription`` is the one that stays. ``remove`` are those that go: before a new one is made
    in their place, or beside the one that stays.
    """

    resource: str
    do: Do
    why: str
    subscription: Subscription | None = None
    adopted: bool = False
    """Whether the one that stays was not known to the store."""
    remove: tuple[Subscription, ...] = ()


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is decided from. ``wanted`` is ``None`` where there is no webhook.

    ``refused`` are the ids of subscriptions that were known to the webhook and brought a wrong
    secret.
    """

    listed: Sequence[Subscription]
    stored: Mapping[str, Subscribed]
    refused: Collection[str]
    wanted: Wanted | None
    now: float


def digest(secret: Secret) -> str:
    """What is stored of a secret: enough to see that it is another one."""
    return hashlib.sha256(secret.reveal().encode()).hexdigest()[:32]


def decide_all(known: Known) -> list[Decision]:
    """A decision for each resource that is, or was, subscribed to."""
    if known.wanted is None:
        return [decide(known, resource) for resource in known.stored]
    return [decide(known, resource) for resource in RESOURCES]


def decide(known: Known, resource: str) -> Decision:
    """What to do about one resource."""
    ours = [one for one in known.listed if one.resource == resource and is_ours(known, one)]
    if known.wanted is None:
        stored = known.stored.get(resource)
        gone = tuple(one for one in ours if stored is not None and one.id == stored.id)
        return Decision(
            resource=resource, do=Do.DELETE, why="NOTIFICATION_URL is not set.", remove=gone
        )
    fitting = [one for one in ours if _flaw(known, known.wanted, one) is None]
    if fitting:
        best = max(fitting, key=lambda one: (_is_stored(known, one), one.expires_at, one.id))
        return _kept(known, best, tuple(one for one in ours if one.id != best.id))
    if ours:
        flaws = [_flaw(known, known.wanted, one) or "" for one in ours]
        return Decision(resource=resource, do=Do.RECREATE, why=flaws[0], remove=tuple(ours))
    return Decision(resource=resource, do=Do.CREATE, why=_missing(known.stored.get(resource)))


def is_ours(known: Known, one: Subscription) -> bool:
    """Whether a subscription is this job's: by its URL, or since our store says so."""
    points_here = known.wanted is not None and one.notification_url == known.wanted.url
    return points_here or _is_stored(known, one)


def leftovers(known: Known) -> list[Subscription]:
    """Subscriptions to something else that point to our URL."""
    if known.wanted is None:
        return []
    url = known.wanted.url
    return [
        one for one in known.listed if one.notification_url == url and one.resource not in RESOURCES
    ]


def is_needed(known: Known) -> bool:
    """Whether there is something to do, as far as the store alone can tell."""
    if known.wanted is None:
        return bool(known.stored)
    return any(_row_flaw(known, known.wanted, resource) is not None for resource in RESOURCES)


def alarm(stored: Subscribed | None, failure: SubscriptionFailure | None, now: float) -> str | None:
    """The sentence for the log, if somebody must know; at most once an hour."""
    if failure is None or now - failure.alerted_at < ALERT_EVERY:
        return None
    found = concern(stored, failure, now)
    return None if found is None else f"{found} {failure.remedy}"


def concern(stored: Subscribed | None, failure: SubscriptionFailure, now: float) -> str | None:
    """The sentence for somebody who must know, if a resource is about to be without notifications
    or is without them for an hour.
    """
    reason = f"{failure.message.rstrip('.')}."
    left = 0.0 if stored is None else stored.expires_at - now
    if stored is None or left <= 0:
        if now - failure.since < ALERT_AFTER:
            return None
        hours = (now - failure.since) / _HOUR
        return f"No subscription to {failure.resource} could be made for {hours:.0f} h: {reason}"
    if left >= ALERT_WITHIN:
        return None
    return f"The subscription to {failure.resource} ends in {left / _HOUR:.0f} h: {reason}"


class Health(StrEnum):
    """How the subscription to one resource stands."""

    ACTIVE = "active"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    MISSING = "missing"


def health(stored: Subscribed | None, now: float) -> Health:
    """How it stands, as far as the store knows."""
    if stored is None:
        return Health.MISSING
    if stored.expires_at <= now:
        return Health.EXPIRED
    return Health.EXPIRING if stored.expires_at - now <= RENEW_WITHIN else Health.ACTIVE


def stored_flaw(known: Known, resource: str) -> str | None:
    """What is wrong with the stored one of a resource, or that there is none."""
    if known.wanted is None:
        return "NOTIFICATION_URL is not set: it is about to be deleted."
    return _row_flaw(known, known.wanted, resource)


def _is_stored(known: Known, one: Subscription) -> bool:
    stored = known.stored.get(one.resource)
    return stored is not None and stored.id == one.id


def _flaw(known: Known, wanted: Wanted, one: Subscription) -> str | None:
    """Why a subscription that is ours has to be made anew, if it has to."""
    stored = known.stored.get(one.resource) if _is_stored(known, one) else None
    if one.notification_url != wanted.url:
        return "NOTIFICATION_URL is another now."
    if one.lifecycle_url != wanted.url:
        return "It has another lifecycle URL, which cannot be changed."
    if one.change_types != CHANGE_TYPES:
        return "It is told of other changes."
    if stored is not None and stored.secret_digest != wanted.secret_digest:
        return "NOTIFICATION_CLIENT_STATE is another now."
    if one.id in known.refused and (stored is None or stored.adopted):
        return "It was found in Graph, and brings another secret than ours."
    return "It has expired." if one.expires_at <= known.now else None


def _kept(known: Known, one: Subscription, doubles: tuple[Subscription, ...]) -> Decision:
    stored = known.stored.get(one.resource) if _is_stored(known, one) else None
    if one.expires_at - known.now <= RENEW_WITHIN:
        do, why = Do.RENEW, "It has a week or less to live."
    elif stored is None:
        do, why = Do.ADOPT, "It was found in Graph."
    elif abs(stored.expires_at - one.expires_at) > _SAME:
        do, why = Do.RECORD, "Graph knows another end of it."
    else:
        do, why = Do.NOTHING, "It is as it should be."
    return Decision(
        resource=one.resource,
        do=do,
        why=why,
        subscription=one,
        adopted=stored is None,
        remove=doubles,
    )


def _missing(stored: Subscribed | None) -> str:
    return "There is none." if stored is None else "Graph does not have it any more."


def _row_flaw(known: Known, wanted: Wanted, resource: str) -> str | None:
    stored = known.stored.get(resource)
    if stored is None:
        return "There is none yet."
    if stored.url != wanted.url:
        return "NOTIFICATION_URL is another now."
    if stored.secret_digest != wanted.secret_digest:
        return "NOTIFICATION_CLIENT_STATE is another now."
    if stored.adopted and stored.id in known.refused:
        return "It was found in Graph, and brings another secret than ours."
    if stored.expires_at <= known.now:
        return "It has expired."
    return "It has a week or less to live." if _ends_soon(stored, known.now) else None


def _ends_soon(stored: Subscribed, now: float) -> bool:
    return stored.expires_at - now <= RENEW_WITHIN


def holders(listed: Iterable[Subscription], resource: str) -> list[Subscription]:
    """Those that keep another one to the same resource from being made."""
    return [one for one in listed if one.resource == resource and one.change_types == CHANGE_TYPES]
