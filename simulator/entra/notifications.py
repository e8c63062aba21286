"""Delivery of change notifications: late, in batches, repeated or lost when the knobs say so.

Graph, "Receive change notifications through webhooks": retried with back-off for up to 4 hours,
then lost. Kept while a subscription waits for reauthorization, for as long.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
from yarl import URL

from .faults import FaultInjector
from .model import Change
from .properties import timestamp
from .subscriptions import Post, Subscription, Subscriptions
from .tenant import Tenant

KEPT = 4 * 3600.0
"""Seconds after which an undelivered notification is lost."""

_FIRST_RETRY = 10.0
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_LIFECYCLE_EVENTS = ("reauthorizationRequired", "subscriptionRemoved", "missed")


async def post_over_http(
    url: str, headers: Mapping[str, str], body: bytes
) -> tuple[int, Mapping[str, str], bytes]:
    """The default ``Post``: a real request with Graph's patience of 10 seconds."""
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.post(
                URL(url, encoded=True), headers=dict(headers), data=body, allow_redirects=False
            ) as answer,
        ):
            lowered = {name.lower(): value for name, value in answer.headers.items()}
            return answer.status, lowered, await answer.read()
    except aiohttp.ClientError as cause:
        raise ConnectionError(str(cause)) from cause


@dataclass(frozen=True, slots=True)
class _Pending:
    """One notification to be sent at ``due``, first made at ``since``; ``wait`` before a retry."""

    due: float
    since: float
    subscription_id: str
    payload: Mapping[str, Any]
    wait: float = _FIRST_RETRY


class Notifier:
    """Collects notifications as the tenant changes and sends those that are due.

    Nothing is sent by itself: ``deliver`` sends what is due now, ``run`` does so again and again
    on the tenant's clock until it is cancelled.
    """

    def __init__(
        self, tenant: Tenant, subscriptions: Subscriptions, faults: FaultInjector, post: Post
    ) -> None:
        self._tenant = tenant
        self._subscriptions = subscriptions
        self._faults = faults
        self._post = post
        self._pending: list[_Pending] = []
        self._arrived = asyncio.Event()
        self.delivered = 0
        tenant.listeners.append(self._on_change)

    @property
    def pending(self) -> int:
        """Notifications not yet delivered or lost."""
        return len(self._pending)

    def _on_change(self, change: Change) -> None:
        knobs = self._faults.knobs
        now = self._tenant.clock.time()
        for subscription in self._subscriptions.living():
            if not _concerns(subscription, change):
                continue
            if self._faults.random.random() < knobs.notification_loss_share:
                continue
            copies = 1 + (self._faults.random.random() < knobs.notification_duplicate_share)
            payload = _payload(self._tenant, subscription, change)
            pending = _Pending(now + knobs.notification_delay, now, subscription.id, payload)
            self._pending.extend([pending] * copies)
            self._arrived.set()

    async def deliver(self) -> int:
        """Send every notification that is due. Answers how many were accepted."""
        now = self._tenant.clock.time()
        living = {one.id: one for one in self._subscriptions.living()}
        due = [
            one
            for one in self._pending
            if one.due <= now
            and one.subscription_id in living
            and not living[one.subscription_id].paused
        ]
        taken = {id(one) for one in due}
        self._pending = [
            one
            for one in self._pending
            if id(one) not in taken and one.subscription_id in living and now - one.since < KEPT
        ]
        if self._faults.knobs.notification_reorder:
            self._faults.random.shuffle(due)
        by_url: dict[str, list[_Pending]] = {}
        for one in due:
            by_url.setdefault(living[one.subscription_id].notification_url, []).append(one)
        accepted = 0
        size = max(1, self._faults.knobs.notification_batch)
        for url, items in by_url.items():
            for start in range(0, len(items), size):
                accepted += await self._send(url, items[start : start + size])
        self.delivered += accepted
        return accepted

    async def _send(self, url: str, items: list[_Pending]) -> int:
        if await self._accepted(url, [dict(one.payload) for one in items]):
            return len(items)
        now = self._tenant.clock.time()
        retries = [replace(one, due=now + one.wait, wait=one.wait * 2) for one in items]
        self._pending.extend(one for one in retries if now - one.since < KEPT)
        return 0

    async def _accepted(self, url: str, value: list[dict[str, Any]]) -> bool:
        body = json.dumps({"value": value}, separators=(",", ":")).encode()
        try:
            status, _, _ = await self._post(
                url, {"content-type": "application/json; charset=utf-8"}, body
            )
        except (OSError, TimeoutError):
            return False
        return 200 <= status < 300

    async def run(self) -> None:
        """Deliver whenever something is due, until cancelled."""
        while True:
            self._arrived.clear()
            await self.deliver()
            if not self._pending:
                await self._arrived.wait()
                continue
            pause = min(one.due for one in self._pending) - self._tenant.clock.time()
            # What a paused subscription leaves overdue is looked at again after a second.
            await self._sleep_or_arrival(pause if pause > 0 else 1.0)

    async def _sleep_or_arrival(self, seconds: float) -> None:
        tasks = [
            asyncio.ensure_future(self._tenant.clock.sleep(seconds)),
            asyncio.ensure_future(self._arrived.wait()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def lifecycle(
        self, event: str, subscription_id: str | None = None, *, pause: bool = False
    ) -> int:
        """Send a lifecycle notification for one or all subscriptions that asked for them.

        ``pause`` holds change notifications back until the subscription is reauthorized. Answers
        how many were accepted. Raises ``ValueError`` for an unknown event.
        """
        if event not in _LIFECYCLE_EVENTS:
            raise ValueError(f"event is one of {', '.join(_LIFECYCLE_EVENTS)}")
        accepted = 0
        for one in self._subscriptions.living():
            if subscription_id not in (None, one.id) or one.lifecycle_url is None:
                continue
            if pause:
                self._subscriptions.set_paused(one.id, paused=True)
            payload = {
                "subscriptionId": one.id,
                "subscriptionExpirationDateTime": timestamp(one.expires),
                "tenantId": self._tenant.id,
                "clientState": one.client_state,
                "lifecycleEvent": event,
            }
            accepted += await self._accepted(one.lifecycle_url, [payload])
        return accepted


def _concerns(subscription: Subscription, change: Change) -> bool:
    """Whether the change is announced: creation, soft deletion and restore count as updates."""
    if change.object_kind not in ("user", "group"):
        return False
    type_ = "deleted" if change.kind == "purged" else "updated"
    if type_ not in subscription.change_types:
        return False
    parts = subscription.resource.strip("/").split("/")
    if parts[0].lower() != f"{change.object_kind}s":
        return False
    if len(parts) > 1 and parts[1].lower() != change.object_id:
        return False
    relation = parts[2] if len(parts) == 3 else None
    return relation is None or (relation == "members" and change.member_id is not None)


def _payload(tenant: Tenant, subscription: Subscription, change: Change) -> dict[str, Any]:
    """One notification in the form of the changeNotification resource."""
    kind = change.object_kind.capitalize()
    data: dict[str, Any] = {
        "@odata.type": f"#Microsoft.Graph.{kind}",
        "@odata.id": f"{kind}s/{change.object_id}",
        "id": change.object_id,
        "organizationId": tenant.id,
        "eventTime": timestamp(change.time),
        "sequenceNumber": change.sequence,
    }
    if change.member_id is not None:
        # Seen on subscriptions to groups, though not documented: the member comes along.
        member: dict[str, Any] = {"id": change.member_id}
        if change.kind != "member_added":
            member["@removed"] = "deleted"
        data["members@delta"] = [member]
    return {
        "changeType": "deleted" if change.kind == "purged" else "updated",
        "clientState": subscription.client_state,
        "resource": f"{kind}s/{change.object_id}",
        "resourceData": data,
        "subscriptionExpirationDateTime": timestamp(subscription.expires),
        "subscriptionId": subscription.id,
        "tenantId": tenant.id,
    }
