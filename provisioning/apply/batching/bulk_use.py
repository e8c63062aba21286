"""What is known of the server's Bulk, kept while it is learned and stored for the next ones."""

from __future__ import annotations

import logging

import msgspec

from provisioning import bulk
from provisioning.bulk import BulkKnowledge
from provisioning.job import Job
from provisioning.model import Capabilities

_log = logging.getLogger(__name__)

_TARGET = "target"


async def bulk_knowledge(job: Job) -> BulkKnowledge:
    """What counts now of what was learned. Nothing is offered while Bulk is switched off."""
    if not job.rules.bulk:
        return BulkKnowledge()
    known = await job.learned()
    stored = await job.bulk.get(_TARGET)
    return bulk.known(stored, known.capabilities or Capabilities(), job.clock.time())


class BulkUse:
    """The knowledge of one drain."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self.known = BulkKnowledge()
        self._stored = BulkKnowledge()
        self._set_back_at = float("-inf")

    async def begin(self) -> None:
        """Recalls what was learned."""
        self.known = self._stored = await bulk_knowledge(self._job)

    @property
    def size(self) -> int:
        """Writes that go into one request; 1 while they go one by one."""
        return self.known.most if self.known.is_proven else 1

    @property
    def size_of_one(self) -> int:
        """Writes of one object that go into one request."""
        return self.known.most_of_one

    def same_object_seen(self, *, holds: bool) -> None:
        """Whether several writes of one object in a batch were all done."""
        if self.known.same_object is not bulk.Standing.REFUSED:
            self.known = bulk.same_object_seen(self.known, holds=holds)

    def references_seen(self, *, holds: bool) -> None:
        """Whether the server knows what a write of a batch means by another one's object."""
        if self.known.references is not bulk.Standing.REFUSED:
            self.known = bulk.references_seen(self.known, holds=holds)

    def did(self, count: int, seconds: float, *, proven: bool) -> None:
        """A batch was answered in so many seconds, and read back if ``proven``."""
        self.known = bulk.did(self.known, count, seconds, proven=proven)

    def too_large(self, count: int) -> None:
        """A batch was refused as too large."""
        self.known = bulk.too_large(self.known, count)

    def set_back(self, count: int, why: str, began: float) -> None:
        """A batch that began then (monotonic) brought nothing. Several that were under way at the
        same time had the same bad moment, and count once.
        """
        if began < self._set_back_at:
            return
        self._set_back_at = self._job.clock.monotonic()
        self.known = bulk.set_back(self.known, count, why, self._job.clock.time())

    def give_up(self, why: str) -> None:
        """Bulk is not what it seemed."""
        self.known = bulk.given_up(self.known, why, self._job.clock.time())

    async def remember(self) -> None:
        """Stores what was learned, if it is more than a batch a little larger or smaller."""
        known, stored = self.known, self._stored
        if not _is_news(known, stored):
            return
        self._stored = known
        if known.refused and known.refused != stored.refused:
            _log.warning("BULK is not used for a while: %s", known.refused)
        elif known.is_proven and not stored.is_proven:
            _log.info("BULK is proven, up to %d writes go in one request", known.most)
        await self._job.store.write([self._job.bulk.put(_TARGET, known)])


def _is_news(known: BulkKnowledge, stored: BulkKnowledge) -> bool:
    return _lasting(known) != _lasting(stored) or not stored.size / 2 < known.size < stored.size * 2


def _lasting(known: BulkKnowledge) -> BulkKnowledge:
    return msgspec.structs.replace(known, size=0)
