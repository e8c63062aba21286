"""Telling the channels what is due, and storing what they have accepted.

One process at a time tells, under a lease of its own: what another one sees meanwhile, it sees
itself or is seen at the next run. A message is stored as told only after the channel took it. So a
process that dies in between repeats one message, and none is lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from provisioning.alerts.conditions import Condition
from provisioning.alerts.deciding import Due, due, outdated
from provisioning.alerts.lines import AlertCode, alert
from provisioning.alerts.rows import AlarmRows, ChannelFailure
from provisioning.errors import RemoteError, RemoteUnavailable
from provisioning.lease import HeldLease
from provisioning.notice import Notice
from provisioning.ports import AlertChannel, Clock, Ids, LeasePort

_log = logging.getLogger(__name__)

Look = Callable[[], Awaitable[Sequence[Condition]]]
"""Says what holds now."""

LOG_EVERY = 3600.0
"""Seconds between two lines about a channel that goes on failing."""


class Teller:
    """Tells the channels of one job. ``link`` is the console, where that is known."""

    def __init__(
        self,
        rows: AlarmRows,
        channels: Sequence[AlertChannel],
        leases: LeasePort,
        clock: Clock,
        ids: Ids,
        *,
        job: str,
        holder: str,
        link: str | None,
    ) -> None:
        self._rows = rows
        self._channels = channels
        self._leases = leases
        self._clock = clock
        self._ids = ids
        self._job = job
        self._holder = holder
        self._link = link

    async def tell(self, look: Look) -> int:
        """Sends what is due, each channel apart from the others; how many messages were accepted.

        0 also while another process is at it. Raises ``StoreUnavailable``.
        """
        if not self._channels or not await self._is_anything_due(await look()):
            return 0
        async with self._lease() as lease:
            if lease is None:
                return 0
            # Once more: what was seen before the lease was ours may be over by now.
            conditions = await look()
            told = (self._tell_one(each, conditions, lease) for each in self._channels)
            results = await asyncio.gather(*told, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return sum(result for result in results if isinstance(result, int))

    async def _is_anything_due(self, conditions: Sequence[Condition]) -> bool:
        now = self._clock.time()
        for channel in self._channels:
            told = await self._rows.told(channel.name)
            if due(conditions, told, now) or outdated(told, now):
                return True
        return False

    async def _tell_one(
        self, channel: AlertChannel, conditions: Sequence[Condition], lease: HeldLease
    ) -> int:
        store, now = self._rows.store, self._clock.time()
        told = await self._rows.told(channel.name)
        failed = await self._rows.failures.get(channel.name)
        accepted = 0
        for each in due(conditions, told, now):
            if not lease.may_store():
                return accepted
            try:
                await channel.send(self._notice(each, now))
            except RemoteError as error:
                failed = await self._failed(channel, error, failed)
                if isinstance(error, RemoteUnavailable):
                    return accepted
                continue
            row = self._rows.put(channel.name, each.place, each.told, each.before)
            await store.write([row])
            accepted += 1
            code, state = each.told.code.value, each.state.value
            _log.info("ALARM %s %s was sent by %s", code, state, channel.name)
        if failed is not None and accepted:
            await store.write([self._rows.failures.drop(channel.name)])
        old = outdated(told, now)
        rows = [self._rows.drop(channel.name, place, each) for place, each in old.items()]
        if rows:
            await store.write(rows)
        return accepted

    async def _failed(
        self, channel: AlertChannel, error: RemoteError, before: ChannelFailure | None
    ) -> ChannelFailure:
        """Remembers why a channel takes nothing, and says so in the log now and then."""
        now = self._clock.time()
        quiet = before is not None and now - before.logged_at < LOG_EVERY
        failure = ChannelFailure(
            code=error.code,
            message=str(error),
            remedy=error.remedy,
            since=now if before is None else before.since,
            logged_at=before.logged_at if before is not None and quiet else now,
        )
        if not quiet:
            alert(
                AlertCode.CHANNEL_FAILED,
                f"Alarms cannot be sent by {channel.name}: {failure.message.rstrip('.')}. "
                f"{failure.remedy} They are tried again.",
            )
        await self._rows.store.write([self._rows.failures.put(channel.name, failure)])
        return failure

    def _notice(self, each: Due, now: float) -> Notice:
        told = each.told
        return Notice(
            id=each.place,
            code=told.code,
            state=each.state,
            subject=told.subject,
            sentence=told.sentence,
            remedy=told.remedy,
            names=told.names,
            since=told.since,
            time=now,
            job=self._job,
            link=self._link,
        )

    @contextlib.asynccontextmanager
    async def _lease(self) -> AsyncIterator[HeldLease | None]:
        """The lease of those who tell, kept for the body; ``None`` while another has it."""
        name = f"{self._job}/alarms"
        holder = f"{self._holder}/{self._ids.new()}"
        lease = HeldLease(self._leases, name, holder, self._clock)
        if await lease.acquire() is None:
            yield None
            return
        keeping = asyncio.create_task(lease.keep())
        try:
            yield lease
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            await lease.release()
