"""Receiving change notifications: checked, reduced to hints, and put on the queue.

Neither Graph nor ZSCloud is asked here: Graph wants an answer within seconds.
"""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

import msgspec

from provisioning.near_scope import NearScope
from provisioning.notifications.batch import Batch, Dropped, Expected, read_batch, with_feeds
from provisioning.notifications.known_ids import KnownIds
from provisioning.notifications.known_subscriptions import KnownSubscriptions
from provisioning.notifications.sender import HintSender
from provisioning.notifications.tally import NotificationTally
from provisioning.origins import merged
from provisioning.services import Services
from provisioning.subscribed import SubscribedRows


async def receive(services: Services, body: bytes) -> None:
    """Takes one batch. Its hints are on the queue when it returns.

    What is not ours is dropped and counted. Raises ``QueueUnavailable``.
    """
    await _receiver(services).receive(body)


async def settle() -> None:
    """Stores what this event loop has counted and not yet stored. Nothing counted is no error."""
    receiver = _receivers.get(asyncio.get_running_loop())
    if receiver is not None:
        await receiver.settle()


class Receiver:
    """What one process knows between two batches."""

    def __init__(self, services: Services) -> None:
        self.services = services
        settings, clock = services.settings, services.clock
        self._secrets = tuple(each.reveal() for each in settings.notification_client_state)
        strangers = KnownIds(NearScope(services.store, settings.job), clock)
        everyone = services.rules.scope.everyone
        narrow = None if everyone else strangers.without_strangers
        self._sender = HintSender(services.queue, clock, narrow)
        self._known = KnownSubscriptions(SubscribedRows(services.store, settings.job), clock)
        self._tally = NotificationTally(services.store, settings.job, services.holder, clock)

    async def receive(self, body: bytes) -> None:
        """The same as the function of that name."""
        batch = await self._read(body)
        kept = False
        try:
            if batch.message is not None:
                origins = merged((self.services.telemetry.origin(),))
                await self._sender.send(msgspec.structs.replace(batch.message, origins=origins))
            kept = True
        finally:
            self._tally.add(batch, accepted=kept)

    async def settle(self) -> None:
        """The same as the function of that name."""
        await self._tally.stored()

    async def _read(self, body: bytes) -> Batch:
        tenant = self.services.settings.entra_tenant_id
        if not self._secrets or tenant is None:
            return Batch(message=None, dropped={Dropped.NOT_CONFIGURED: 1})
        came = self.services.clock.monotonic()
        batch = self._checked(body, tenant, await self._known.ids())
        if not batch.unknown:
            return batch
        # A subscription may be newer than what was known.
        fresh = await self._known.renew(came)
        batch = self._checked(body, tenant, await self._known.ids())
        if batch.unknown and not fresh:
            return with_feeds(batch, self.services.clock.time())
        return batch

    def _checked(self, body: bytes, tenant: str, known: frozenset[str] | None) -> Batch:
        expected = Expected(secrets=self._secrets, tenant_id=tenant, subscriptions=known)
        return read_batch(body, expected, self.services.clock.time())


_receivers: WeakKeyDictionary[asyncio.AbstractEventLoop, Receiver] = WeakKeyDictionary()


def _receiver(services: Services) -> Receiver:
    loop = asyncio.get_running_loop()
    made = _receivers.get(loop)
    if made is None or made.services is not services:
        made = _receivers[loop] = Receiver(services)
    return made
