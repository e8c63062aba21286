"""Which subscriptions are ours, as the webhook knows them: from the store, kept in memory.

Graph waits ten seconds for an answer, and an endpoint that is late too often is told nothing for
a while (Graph: receive change notifications through webhooks). So a store that does not answer is
soon given up: then it is not known which are ours.
"""

from __future__ import annotations

import asyncio
import logging

from provisioning.errors import ProvisioningError
from provisioning.ports import Clock
from provisioning.subscribed import SubscribedRows

_log = logging.getLogger(__name__)

KEPT = 60.0
"""Seconds for which they are kept in memory."""

AGAIN = 2.0
"""Seconds at least between two reads, however many unknown ones come."""

AFTER_FAILURE = 10.0
"""Seconds after which a store that did not answer is tried again."""

PATIENCE = 1.5
"""Seconds that the store has for an answer."""


class KnownSubscriptions:
    """One process's knowledge. It belongs to one event loop."""

    def __init__(self, rows: SubscribedRows, clock: Clock) -> None:
        self._rows = rows
        self._clock = clock
        self._ids: frozenset[str] | None = None
        self._begun_at = self._read_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def ids(self) -> frozenset[str] | None:
        """Their ids, at most a minute old; ``None`` when they cannot be read."""
        if self._age >= (AFTER_FAILURE if self._ids is None else KEPT):
            await self._read()
        return self._ids

    async def renew(self, since: float) -> bool:
        """Reads them again, unless that was done just before. Whether what is known then is not
        older than ``since`` (monotonic seconds).
        """
        if self._begun_at < since and (self._age >= AGAIN or self._reading is not None):
            await self._read()
        return self._begun_at >= since

    @property
    def _age(self) -> float:
        return self._clock.monotonic() - self._read_at

    async def _read(self) -> None:
        """One read for all who ask meanwhile. Who of them goes away does not end it."""
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_once())
        await asyncio.shield(self._reading)

    async def _read_once(self) -> None:
        self._begun_at = self._clock.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._rows.all()
        except (ProvisioningError, TimeoutError) as error:
            why = "no answer in time" if isinstance(error, TimeoutError) else error
            _log.warning("The subscriptions could not be read: %s", why)
            self._ids = None
        else:
            self._ids = frozenset(each.id for each in found.values())
        finally:
            self._read_at = self._clock.monotonic()
            self._reading = None
