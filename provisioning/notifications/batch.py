"""What a batch of change notifications says: who may have changed. Pure.

Only the key of each item is believed, and only as a hint (Graph: change notifications). An item
that is not ours, or that nobody could read, is dropped and counted; it never costs another.
"""

from __future__ import annotations

import hmac
import re
from collections import Counter
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from provisioning.notifications.message import OBJECT_ID, HintMessage, graver

LARGEST_BODY = 2 * 1024 * 1024
"""Bytes; a thousand notifications are about a third of that."""

MOST_ITEMS = 1000

MOST_COMMAS = 100_000
"""Graph's notifications have about half as many in the largest body. Of one that is nothing but
commas a million items would be made, in 70 MB, before they could be counted."""

_LIFECYCLE = frozenset({"reauthorizationRequired", "subscriptionRemoved", "missed"})
_CHANGES = frozenset({"created", "updated", "deleted"})
_KINDS = ("users", "groups")


class Dropped(StrEnum):
    """Why an item was dropped."""

    NOT_CONFIGURED = "not_configured"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    MALFORMED = "malformed"
    CLIENT_STATE = "client_state"
    TENANT = "tenant"
    SUBSCRIPTION = "subscription"
    RESOURCE = "resource"
    LIFECYCLE = "lifecycle"
    """An event that this version does not know: the feeds are read instead."""


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What ours look like. ``subscriptions`` are known ids, ``None`` when they could not be read:
    then tenant and secret decide.
    """

    secrets: tuple[str, ...]
    tenant_id: str
    subscriptions: frozenset[str] | None


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of a batch: ``message`` is ``None`` when it told nothing.

    ``refused`` are known subscriptions whose secret was wrong, ``unknown`` ids of subscriptions
    that nobody knows though tenant and secret are right.
    """

    message: HintMessage | None
    accepted: int = 0
    dropped: dict[Dropped, int] = {}
    refused: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()


class _ResourceData(msgspec.Struct):
    id: str | None = None
    eventTime: str | None = None  # noqa: N815  Graph's name


class _Item(msgspec.Struct):
    """changeNotification, or a lifecycle notification (Graph: changeNotification resource type)."""

    subscriptionId: str = ""  # noqa: N815
    clientState: str | None = None  # noqa: N815
    tenantId: str = ""  # noqa: N815
    changeType: str = ""  # noqa: N815
    resource: str = ""
    resourceData: _ResourceData | None = None  # noqa: N815
    lifecycleEvent: str | None = None  # noqa: N815


class _Collection(msgspec.Struct):
    value: list[msgspec.Raw]


_collection = msgspec.json.Decoder(_Collection)
_item = msgspec.json.Decoder(_Item)


def read_batch(body: bytes, expected: Expected, now: float) -> Batch:
    """The good items of a body as one message. ``now`` is epoch seconds. Never raises."""
    if len(body) > LARGEST_BODY:
        return _nothing(Dropped.TOO_LARGE)
    if body.count(b",") > MOST_COMMAS:
        return _nothing(Dropped.TOO_MANY)
    try:
        raw = _collection.decode(body).value
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return _nothing(Dropped.MALFORMED)
    reader = _Reader(expected, now)
    for each in raw[:MOST_ITEMS]:
        reader.take(each)
    return reader.batch(len(raw) - MOST_ITEMS)


def with_feeds(batch: Batch, now: float) -> Batch:
    """The batch with the delta feeds to be read: they have what it told and nobody could check."""
    message = batch.message or HintMessage(told=now)
    return msgspec.structs.replace(batch, message=msgspec.structs.replace(message, feeds=True))


def _nothing(why: Dropped) -> Batch:
    return Batch(message=None, dropped={why: 1})


class _Reader:
    """Takes items one by one."""

    def __init__(self, expected: Expected, now: float) -> None:
        self._expected = expected
        self._now = now
        self._secrets = [secret.encode() for secret in expected.secrets]
        self._changed: dict[str, dict[str, float]] = {kind: {} for kind in _KINDS}
        self._lifecycle: dict[str, str] = {}
        self._dropped: Counter[Dropped] = Counter()
        self._refused: set[str] = set()
        self._unknown: set[str] = set()
        self._accepted = 0
        self._feeds = False

    def take(self, raw: msgspec.Raw) -> None:
        try:
            item = _item.decode(raw)
        except (msgspec.MsgspecError, RecursionError, UnicodeError):
            self._dropped[Dropped.MALFORMED] += 1
            return
        why = self._wrong(item) or self._understood(item)
        if why is None:
            self._accepted += 1
        else:
            self._dropped[why] += 1

    def batch(self, too_many: int) -> Batch:
        if too_many > 0:
            self._dropped[Dropped.TOO_MANY] += too_many
            # What was not examined is found by reading the feeds.
            self._feeds = self._feeds or self._accepted > 0
        message = HintMessage(
            told=self._now,
            users=self._ago("users"),
            groups=self._ago("groups"),
            feeds=self._feeds,
            lifecycle=self._lifecycle,
        )
        return Batch(
            message=message if self._accepted or self._feeds else None,
            accepted=self._accepted,
            dropped=dict(self._dropped),
            refused=frozenset(self._refused),
            unknown=frozenset(self._unknown),
        )

    def _wrong(self, item: _Item) -> Dropped | None:
        """Why the item is not ours."""
        known = self._expected.subscriptions
        if not self._is_secret(item.clientState):
            if known is not None and item.subscriptionId in known:
                self._refused.add(item.subscriptionId)
            return Dropped.CLIENT_STATE
        if item.tenantId.lower() != self._expected.tenant_id:
            return Dropped.TENANT
        if known is None:
            return None if OBJECT_ID.fullmatch(item.subscriptionId) else Dropped.SUBSCRIPTION
        if item.subscriptionId not in known:
            self._unknown.add(item.subscriptionId)
            return Dropped.SUBSCRIPTION
        return None

    def _is_secret(self, given: str | None) -> bool:
        """Compared in constant time, with each of the accepted secrets."""
        found = False
        for secret in self._secrets:
            found |= hmac.compare_digest((given or "").encode(errors="replace"), secret)
        return found

    def _understood(self, item: _Item) -> Dropped | None:
        if item.lifecycleEvent is not None:
            self._feeds = True
            return self._lifecycle_event(item.subscriptionId, item.lifecycleEvent)
        if item.changeType.lower() not in _CHANGES:
            return Dropped.MALFORMED
        kind, _, id = item.resource.strip("/").partition("/")
        data = item.resourceData
        id = (data.id if data is not None and data.id else id).lower()
        if kind.lower() not in _KINDS or not OBJECT_ID.fullmatch(id):
            return Dropped.RESOURCE
        changed = self._changed[kind.lower()]
        at = _time(data.eventTime if data is not None else None, self._now)
        changed[id] = min(at, changed.get(id, at))
        return None

    def _lifecycle_event(self, id: str, event: str) -> Dropped | None:
        if event not in _LIFECYCLE:
            return Dropped.LIFECYCLE
        self._lifecycle[id] = graver(event, self._lifecycle.get(id))
        return None

    def _ago(self, kind: str) -> dict[str, int]:
        return {id: round((self._now - at) * 1000) for id, at in self._changed[kind].items()}


_OLDEST = 4 * 3600.0
"""Graph tries to deliver a notification for four hours: an older event is no time to count from."""


def _time(text: str | None, now: float) -> float:
    """When Graph says that the change was made; ``now`` when it does not, or not believably."""
    try:
        at = datetime.fromisoformat(_six_digits(text or ""))
    except ValueError:
        return now
    epoch = (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
    return epoch if now - _OLDEST <= epoch <= now else now


def _six_digits(text: str) -> str:
    """Graph writes seven digits of a second; Python takes six before version 3.11 does more."""
    return re.sub(r"(\.\d{6})\d+", r"\1", text)
