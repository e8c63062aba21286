"""How far a cycle has come: its phase, the requests it has sent, and what is left to do."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from provisioning.ports import Clock, Source, TargetReader
from provisioning.record import CycleRecord


class Progress:
    """Keeps the record of a cycle up to date, and tells ``told`` of it. ``batch`` is how many
    items go into one request.

    The requests of one execution come to those that the record has counted before.
    """

    def __init__(
        self,
        clock: Clock,
        source: Source,
        reader: TargetReader,
        record: CycleRecord,
        told: Callable[[CycleRecord], None],
        batch: Callable[[], int] = lambda: 1,
    ) -> None:
        self._batch = batch
        self._clock = clock
        self._source = source
        self._reader = reader
        self._record = record
        self._told = told
        self._before = (source.requests, reader.requests, source.throttled + reader.throttled)
        self._counted = msgspec.structs.replace(record.requests)

    @property
    def has_asked_zscloud(self) -> bool:
        """Whether this execution has sent ZSCloud a request."""
        return self._reader.requests > self._before[1]

    def phase(self, phase: str) -> None:
        """The next part of the cycle begins."""
        self._record.phase = phase
        self.report()

    def draining(self) -> None:
        """From now on the filed work is done."""
        self._record.draining_since = self._clock.monotonic()
        self._record.done_before = self._record.done
        self.phase("provisioning")

    def report(self) -> None:
        """Counts, estimates and tells."""
        self.count_requests()
        self._estimate()
        self._told(self._record)

    def count_requests(self) -> None:
        """Brings the numbers of requests up to now."""
        graph, scim, throttled = self._before
        now, counted = self._record.requests, self._counted
        now.graph = counted.graph + self._source.requests - graph
        now.scim = counted.scim + self._reader.requests - scim
        total = self._source.throttled + self._reader.throttled
        now.throttled = counted.throttled + total - throttled

    def _estimate(self) -> None:
        """What is left at the present pace: one request for each item, or for a batch of them."""
        record = self._record
        record.requests_left = -(-record.left // self._batch())
        if record.draining_since is None or record.done <= record.done_before:
            return
        took = self._clock.monotonic() - record.draining_since
        record.seconds_left = round(took * record.left / (record.done - record.done_before))
