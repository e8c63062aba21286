"""Receiving change notifications: checked, reduced to hints, and put on the queue.

Neither Graph nor ZSCloud is asked here: Graph wants an answer within seconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from weakref import WeakKeyDictionary

from provisioning.errors import StoreUnavailable
from provisioning.hint_sender import HintSender
from provisioning.notification_counts import Counted, hour_of
from provisioning.notifications import Batch, Dropped, Expected, read_batch
from provisioning.services import Services

_log = logging.getLogger(__name__)

_KNOWN_FOR = 60.0
"""Seconds for which the subscriptions are kept in memory."""

_READ_AGAIN = 2.0
"""Seconds at least between two reads of them, however many unknown ones come."""

_COUNTS_EVERY = 10.0
"""Seconds at least between two writes of the counts, so that a flood costs no more."""


async def receive(services: Services, body: bytes) -> None:
    """Takes one batch. Its hints are on the queue when it returns.

    What is not ours is dropped and counted. Raises ``QueueUnavailable``.
    """
    await _receiver(services).receive(body)


class Receiver:
    """What one process knows between two batches."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._sender = HintSender(services.queue, services.clock)
        self._known: frozenset[str] | None = None
        self._read_at = float("-inf")
        self._hour = ""
        self._counted = Counted()
        self._unsaid: Counter[str] = Counter()
        self._refused: set[str] = set()
        self._written_at = float("-inf")

    async def receive(self, body: bytes) -> None:
        """The same as the function of that name."""
        batch = await self._read(body)
        try:
            if batch.message is not None:
                await self._sender.send(batch.message)
        finally:
            await self._count(batch)

    async def _read(self, body: bytes) -> Batch:
        settings, clock = self.services.settings, self.services.clock
        secrets = tuple(secret.reveal() for secret in settings.notification_client_state)
        if not secrets or settings.entra_tenant_id is None:
            return Batch(message=None, dropped={Dropped.NOT_CONFIGURED: 1})
        await self._learn(_KNOWN_FOR)
        expected = Expected(
            secrets=secrets, tenant_id=settings.entra_tenant_id, subscriptions=self._known
        )
        batch = read_batch(body, expected, clock.time())
        if batch.unknown and await self._learn(_READ_AGAIN):
            # A subscription may be newer than what was read.
            again = Expected(
                secrets=secrets, tenant_id=settings.entra_tenant_id, subscriptions=self._known
            )
            batch = read_batch(body, again, clock.time())
        return batch

    async def _learn(self, older_than: float) -> bool:
        """Reads which subscriptions are ours, if that is older than so many seconds. Whether it
        was read. While the store is away, tenant and secret decide.
        """
        now = self.services.clock.monotonic()
        if now - self._read_at < older_than:
            return False
        self._read_at = now
        try:
            found = await self.services.job().subscribed.all()
        except StoreUnavailable as error:
            _log.warning("The subscriptions could not be read: %s", error)
            self._known = None
        else:
            self._known = frozenset(each.id for each in found.values())
        return True

    # --- counting ------------------------------------------------------------------------------

    async def _count(self, batch: Batch) -> None:
        now = self.services.clock.time()
        if hour_of(now) != self._hour:
            self._hour, self._counted = hour_of(now), Counted()
        dropped = Counter({why.value: number for why, number in batch.dropped.items()})
        self._counted = self._counted.plus(batch.accepted, dropped, now)
        self._unsaid += dropped
        self._refused |= batch.refused
        if now - self._written_at >= _COUNTS_EVERY:
            self._written_at = now
            await self._write_counts(now)

    async def _write_counts(self, now: float) -> None:
        dropped, self._unsaid = self._unsaid, Counter()
        refused, self._refused = self._refused, set()
        if dropped:
            what = ", ".join(f"{why} {number}" for why, number in sorted(dropped.items()))
            _log.warning("Notifications were dropped: %s", what)
        job = self.services.job()
        rows = [job.notified.row(self.services.holder.replace("/", "-"), self._counted, now)]
        try:
            rows += [*job.notified.refused_rows(refused, now), *await job.notified.forget(now)]
            await job.store.write(rows)
        except StoreUnavailable as error:
            # The hints are on the queue; only the numbers of this moment are missing.
            _log.warning("The counts of notifications could not be stored: %s", error)


_receivers: WeakKeyDictionary[asyncio.AbstractEventLoop, Receiver] = WeakKeyDictionary()


def _receiver(services: Services) -> Receiver:
    loop = asyncio.get_running_loop()
    made = _receivers.get(loop)
    if made is None or made.services is not services:
        made = _receivers[loop] = Receiver(services)
    return made
