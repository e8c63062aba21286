"""What comes while the lanes are drained: taken up at once, beside the sending."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from provisioning.calls import Call
from provisioning.discovery.hinted import HintedLook
from provisioning.discovery.look import Look
from provisioning.errors import LeaseUnavailable, ProvisioningError, StoreUnavailable
from provisioning.hints import ASSIGNMENTS, Hint
from provisioning.job import Job
from provisioning.ports import Source
from provisioning.record import CycleKind, CycleRecord, CycleStatus

_log = logging.getLogger(__name__)


class Arrivals:
    """Takes calls on demand and hints up, one after the other, in a task of its own.

    ``record`` is the cycle that goes on meanwhile. Without ``hints`` only calls are taken up.
    """

    def __init__(self, job: Job, source: Source, record: CycleRecord, *, hints: bool) -> None:
        self._job = job
        self._source = source
        self._record = record
        self._hints = hints
        self._task: asyncio.Task[None] | None = None

    async def look(self) -> None:
        """Begins to take up what waits. Raises what an earlier take-up failed with."""
        if self._task is not None and self._task.done():
            task, self._task = self._task, None
            task.result()
        if self._task is None and await self._any_waiting():
            self._task = asyncio.create_task(self._take_up_all())

    def under_way(self) -> asyncio.Task[None] | None:
        """What is being taken up, and files its work when it is done."""
        return self._task

    async def settle(self) -> None:
        """Returns when nothing waits any more."""
        await self.look()
        while self._task is not None:
            await asyncio.wait([self._task])
            await self.look()

    async def stop(self) -> None:
        """Ends a take-up that is under way: what it was about goes on waiting."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def take_up_hints(self) -> None:
        """Looks at what hints tell of. Raises what Graph could not be read for."""
        hints = await self._job.hints.due(self._job.clock.time())
        if not hints:
            return
        # The list of assignments by itself: what keeps it from being read keeps no leaver.
        listed = [hint for hint in hints if hint.about == ASSIGNMENTS]
        named = [hint for hint in hints if hint.about != ASSIGNMENTS]
        try:
            if named:
                await self._look_at(named)
        finally:
            if listed:
                await self._look_at(listed)

    async def _look_at(self, hints: Sequence[Hint]) -> None:
        # A record of its own, since it is judged by itself; the cycle counts what it brings.
        record = CycleRecord(cycle_id=self._job.ids.new(), kind=CycleKind.LIVE)
        await HintedLook(self._job, self._source, record).take_up(hints)
        counts, brought = self._record.counts, record.counts
        self._record.left += record.left
        counts.unchanged += brought.unchanged
        counts.skipped += brought.skipped
        counts.held += brought.held

    async def _any_waiting(self) -> bool:
        # Side by side: the sending waits for this, four times a second.
        call, wait, escrow = await asyncio.gather(
            self._job.calls.any_waiting(),
            self._wait_for_hint(),
            self._job.escrow.any_wanted(),
        )
        return call or wait == 0 or escrow

    async def _wait_for_hint(self) -> float | None:
        return await self._job.hints.wait(self._job.clock.time()) if self._hints else None

    async def _take_up_all(self) -> None:
        await self._job.escrow.take_up(self._job.clock.time())
        for call in await self._job.calls.waiting():
            await self._take_up(call)
        if self._hints and await self._job.hints.wait(self._job.clock.time()) == 0:
            try:
                await self.take_up_hints()
            except (LeaseUnavailable, StoreUnavailable):
                raise
            except ProvisioningError as error:
                _log.warning("What hints tell of is looked at again later: %s", error)
            except Exception:  # noqa: BLE001
                # The boundary of one look: it was postponed, and everybody else's work goes on.
                _log.exception("Looking at what hints tell of failed")

    async def _take_up(self, call: Call) -> None:
        record = await self._job.calls.record(call)
        record.status = CycleStatus.RUNNING
        try:
            await self._file(call, record)
        except (LeaseUnavailable, StoreUnavailable):
            raise
        except ProvisioningError as error:
            record.fail(error, self._job.clock.time())
        except Exception as error:  # noqa: BLE001  the boundary of one call's work
            _log.exception("taking up the call %s failed", call.id)
            defect = ProvisioningError(f"A fault of this program: {error!r}")
            record.fail(defect, self._job.clock.time())
        stored = self._job.cycles.rows.put(record.cycle_id, record)
        await self._job.store.write([stored, self._job.calls.taken_up(call)])

    async def _file(self, call: Call, record: CycleRecord) -> None:
        named = frozenset(call.keys)
        look = Look(self._job, self._source, record)
        lane = await look.read(named, whole=False)
        await look.file(lane, named, told=True)
