"""Who is a stranger, as the webhook knows it: from the store, kept in memory.

Most notifications of a large tenant are about people whom nothing assigns. They are let go here,
where they cost one small read for all that come together, and no message.
"""

from __future__ import annotations

import asyncio
import logging

import msgspec

from provisioning.errors import ProvisioningError
from provisioning.near_scope import NearScope
from provisioning.notifications.message import HintMessage
from provisioning.ports import Clock

_log = logging.getLogger(__name__)

MOST = 20_000
"""Ids that are kept, at most. With more people in scope fewer are strangers; whoever receives the
hints looks them up then."""

AGAIN = 10.0
"""Seconds at least from one reading of all ids to the next."""

PATIENCE = 1.0
"""Seconds that the store has for an answer."""


class KnownIds:
    """One process's knowledge. It belongs to one event loop."""

    def __init__(self, near: NearScope, clock: Clock) -> None:
        self._near = near
        self._clock = clock
        self._ids: frozenset[str] | None = None
        self._mark: str | None = None
        self._began = float("-inf")
        self._reading: asyncio.Task[None] | None = None

    async def without_strangers(self, message: HintMessage) -> HintMessage:
        """The message without keys that are known to be of strangers.

        While that is not known, it is as it was: its receiver looks its keys up.
        """
        if not (message.users or message.groups):
            return message
        try:
            async with asyncio.timeout(PATIENCE):
                mark = await self._near.mark()
        except (ProvisioningError, TimeoutError) as error:
            _log.warning("Hints go on their way with strangers among them: %r", error)
            return message
        if mark is None or mark != self._mark:
            self._read_later()
            return message
        ids = self._ids
        if ids is None:
            return message
        return msgspec.structs.replace(
            message,
            narrowed=True,
            users={id: ago for id, ago in message.users.items() if id in ids},
            groups={id: ago for id, ago in message.groups.items() if id in ids},
        )

    def _read_later(self) -> None:
        """Reads the ids beside: nobody waits for it."""
        now = self._clock.monotonic()
        if self._reading is None and now - self._began >= AGAIN:
            self._began = now
            self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            mark = await self._near.mark()
            ids = await self._near.ids(MOST)
            if mark is not None and mark == await self._near.mark():
                self._ids, self._mark = ids, mark
        except ProvisioningError as error:
            _log.warning("Who is near scope could not be read: %s", error)
        finally:
            self._reading = None
