"""What ZSCloud offers to one execution: discovery, read once and kept, and whether writes travel
together by what was learned since.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec

from provisioning.apply.batching.bulk_use import BulkUse
from provisioning.apply.batching.together import Together
from provisioning.apply.finding.matching import Matching
from provisioning.apply.sending.sender import Sender
from provisioning.bulk import WEEK
from provisioning.errors import RemoteError
from provisioning.job import Job
from provisioning.lanes import Lane
from provisioning.ports import TargetReader, TargetWriter

_log = logging.getLogger(__name__)


class Offer:
    """Finds out what is offered. ``writer`` is ``None`` for a dry run: its writes share nothing."""

    def __init__(
        self,
        job: Job,
        sender: Sender,
        reader: TargetReader,
        writer: TargetWriter | None,
        matching: Matching,
    ) -> None:
        self._job = job
        self._sender = sender
        self._reader = reader
        self._writer = writer
        self._matching = matching
        self._bulk = BulkUse(job)

    async def find_out(self) -> None:
        """Reads discovery, unless somebody has read it before."""
        known = await self._job.learned()
        if known.capabilities is None:
            await self._read()

    async def take_up(self, lanes: Sequence[Lane]) -> None:
        """Lets writes share requests from here on, or not, by what is known of the server. What is
        known for long is found out anew where these lanes have work.
        """
        known = await self._job.learned()
        old = known.discovered_at + WEEK <= self._job.clock.time()
        if self._writer is not None and self._job.rules.bulk and old and await self._any(lanes):
            try:
                await self._read()
            except RemoteError as error:
                _log.warning("what ZSCloud offers could not be read anew: %s", error)
        await self._bulk.begin()
        loads = None
        if self._writer is not None and self._bulk.known.is_usable:
            loads = Together(
                self._job, self._sender, self._reader, self._writer, self._matching, self._bulk
            )
        self._sender.share(loads)

    def batch(self) -> int:
        """Writes that go into one request; 1 while they go one by one."""
        return self._bulk.size

    def batch_of_one(self) -> int:
        """Writes of one object that go into one request."""
        return self._bulk.size_of_one

    def may_refer(self) -> bool:
        """Whether a write may name what another one of its batch creates."""
        return self._writer is not None and self._bulk.known.may_refer

    async def _read(self) -> None:
        capabilities = await self._sender.send(self._reader.capabilities, (4, 0))
        known = await self._job.learned()
        now = self._job.clock.time()
        known = msgspec.structs.replace(
            known, capabilities=capabilities, discovered_at=now, member_batch=0
        )
        await self._job.learn(known)

    async def _any(self, lanes: Sequence[Lane]) -> bool:
        return any([await self._job.work.page(lane, limit=1) for lane in lanes])
