"""A cycle: find keys, drain them, say how it ended.

It goes on where the last invocation stopped.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from provisioning.apply.batching.offer import Offer
from provisioning.apply.finding.matching import Matching
from provisioning.apply.provision import Provisioner
from provisioning.apply.recording.outcome import Recorder
from provisioning.apply.removal import RemovalForm
from provisioning.apply.sending.sender import Halted, Sender, Stopped
from provisioning.apply.unattended import file_unattended
from provisioning.calls import Call
from provisioning.cycle_end import CycleEnd
from provisioning.cycle_progress import Progress
from provisioning.cycle_telemetry import told
from provisioning.discovery.arrivals import Arrivals
from provisioning.discovery.crowd import Crowd
from provisioning.discovery.filing import Filing
from provisioning.discovery.leaving import Reconsideration, take_due
from provisioning.discovery.live import LiveRead
from provisioning.discovery.look import Look
from provisioning.discovery.rebuilding import Rebuilding
from provisioning.drained import Drained, DrainEnd
from provisioning.engine import Engine
from provisioning.errors import (
    ApplicationUnfit,
    LeaseUnavailable,
    ProvisioningError,
    SourceImplausible,
    TooManyFailures,
)
from provisioning.gate import Gate
from provisioning.job import Job
from provisioning.lanes import Lane
from provisioning.model import Key, ObjectType
from provisioning.ports import Source, TargetReader, TargetWriter
from provisioning.record import OPEN, CycleKind, CycleRecord
from provisioning.resolve import load_graph

_log = logging.getLogger(__name__)


class CycleRun:
    """Runs one cycle, or goes on with it. ``writer`` is ``None`` for a dry run, whose changes are
    collected if ``keep_changes``; they are in the log in any case.
    """

    def __init__(
        self,
        job: Job,
        source: Source,
        reader: TargetReader,
        writer: TargetWriter | None,
        sender: Sender,
        record: CycleRecord,
        *,
        settings_digest: str = "",
        budget: float | None = None,
        progress: Callable[[CycleRecord], None] = lambda _: None,
        keep_changes: bool = True,
    ) -> None:
        self._job = job
        self._source = source
        self._reader = reader
        self._sender = sender
        self._writer = writer
        self.record = record
        self._deadline = None if budget is None else job.clock.monotonic() + budget
        # Only a pause ends a look early: begun anew each time, a long one would never end.
        sender.deadline = self._deadline
        self._call: Call | None = None
        self._matching = Matching(job, sender, reader)
        self._rebuilding = Rebuilding(job, source, self._matching, record, self._deadline)
        self._rebuilds = False
        self._offer = Offer(job, sender, reader, writer, self._matching)
        collect = writer is None or record.kind is CycleKind.ON_DEMAND
        self.recorder = Recorder(job, record, collect=collect, keep=keep_changes)
        self._gate = Gate(job, sender, reader, settings_digest, self._provisioner)
        self._progress = Progress(job.clock, source, reader, record, progress, self._offer.batch)
        self._end = CycleEnd(job, record, self._gate, self._progress, dry_run=writer is None)

    async def run(self) -> CycleRecord:
        """Discovers, drains, finishes. Errors end up in the record, with code and remedy.

        Raises ``LeaseUnavailable`` when the lease was lost: the record stays open.
        """
        return await self._run(partial(self._discover, frozenset(), prepare=True), tuple(Lane))

    async def run_on_demand(self, keys: Sequence[Key]) -> CycleRecord:
        """The same for named keys: what else is found is filed, and left to the cycles."""
        discover = partial(self._discover, frozenset(keys), prepare=False)
        return await self._run(discover, (Lane.ON_DEMAND,))

    async def run_live(self) -> CycleRecord:
        """Looks at what hints tell of, and drains what that brings. The record is not stored."""
        lanes = (Lane.LEAVERS, Lane.ON_DEMAND, Lane.LIVE)
        return await self._run(partial(self._take_up_hints, lanes), lanes)

    async def check(self) -> None:
        """Sends one cheap request: what it is refused for is a reason for quarantine."""
        error = await self._gate.check()
        if error is not None:
            await self._end.by(error)

    async def answer(self, call: Call) -> CycleRecord:
        """The same for a stored call, which waits no more once its keys are filed."""
        self._call = call
        return await self.run_on_demand(call.keys)

    async def _run(self, find: Callable[[], Awaitable[None]], lanes: Sequence[Lane]) -> CycleRecord:
        with told(self._job.telemetry, self.record, dry_run=self._writer is None):
            return await self._work(find, lanes)

    async def _work(
        self, find: Callable[[], Awaitable[None]], lanes: Sequence[Lane]
    ) -> CycleRecord:
        record = self.record
        record.begin(self._job.clock.time())
        await self._save()
        await self._job.load_tallies()
        try:
            if not await self._end.is_shut():
                await find()
                await self._save()
                ended = await self._drain(lanes)
                if self._rebuilds and ended.end is DrainEnd.EMPTY:
                    ended = await self._hold_lost(lanes)
                await self._end.drained(ended)
        except ApplicationUnfit as error:
            self._end.failed(error)
        except SourceImplausible as error:
            self._end.failed(error)
            await self._drain_leavers(lanes)
        except Halted:
            self._end.halted()
        except Stopped:
            _log.info("the budget is spent; the cycle goes on with the next execution")
        except LeaseUnavailable:
            raise  # The cycle has not failed: its next holder goes on with it.
        except ProvisioningError as error:
            await self._end.by(error)
        self._progress.count_requests()
        await self._save()
        return record

    # --- finding keys --------------------------------------------------------------------------

    async def _discover(self, named: frozenset[Key], *, prepare: bool) -> None:
        await self._offer.find_out()
        record = self.record
        self._rebuilds = prepare and await self._rebuilding.begin()
        reconcile = record.kind is CycleKind.RECONCILE and not record.discovered
        look = Look(self._job, self._source, record)
        self._progress.phase("reading Entra")
        lane = await look.read(named, whole=reconcile)
        others: set[Key] = set()
        if reconcile and not look.first:
            self._progress.phase("reading ZSCloud")
            live = LiveRead(self._job, self._sender, self._reader, record)
            others |= await live.compare()
            await self._job.store.write([self._job.cycles.current.drop("reconcile")])
        self._progress.phase("planning")
        if prepare:
            others |= await take_due(self._job)
        everybody = reconcile and not look.first
        await look.file(lane, named, told=not reconcile, others=others, everybody=everybody)
        record.discovered = True
        for type in ObjectType if prepare else ():
            await self._matching.prepare(
                type, partial(self._unlinked, type), record.cycle_id, whole=self._rebuilds
            )

    async def _take_up_hints(self, lanes: Sequence[Lane]) -> None:
        self._progress.phase("reading Entra")
        arrivals = self._arrivals(lanes)
        assert arrivals is not None
        # Before ZSCloud is asked: what is taken up does not come again at once.
        await arrivals.take_up_hints()
        await self._offer.find_out()
        self.record.discovered = True

    async def _unlinked(self, type: ObjectType, most: int) -> int:
        """How many filed keys have no link, also those that an earlier cycle left behind; counted
        up to ``most``.
        """
        count = 0
        for lane in (Lane.LIVE, Lane.BULK):
            async for items in self._job.work.pages(lane):
                keys = {item.key for item in items if item.key.type is type}
                count += len(keys) - len(await self._job.links.get_many(keys))
                if count >= most:
                    return most
        return count

    # --- draining ------------------------------------------------------------------------------

    async def _drain_leavers(self, lanes: Sequence[Lane]) -> None:
        """What has evidence of its own goes on: leavers that are filed already."""
        if Lane.LEAVERS in lanes:
            try:
                ended = await self._drain((Lane.LEAVERS,))
            except ProvisioningError as error:
                _log.warning("leavers filed earlier wait: %s", error)
            else:
                if ended.error is not None and self._writer is not None:
                    await self._gate.shut_by(ended.error, self.record.cycle_id)

    async def _drain(self, lanes: Sequence[Lane]) -> Drained:
        await self._offer.take_up(lanes)
        if self._writer is not None and Lane.LIVE in lanes:
            kind = self.record.kind.value
            await file_unattended(self._job, kind, self.record.cycle_id)
        self._progress.draining()
        while True:
            self._sender.go_on()
            provisioner = self._provisioner()
            engine = Engine(
                self._job,
                provisioner,
                deadline=self._deadline,
                lanes=tuple(lanes),
                progress=self._progress.report,
                dry_run=self._writer is None,
                arrivals=self._arrivals(lanes),
                failing=self._too_many_failures,
                halted=self._sender.is_halted,
                batch=self._offer.batch,
                may_refer=self._offer.may_refer,
            )
            ended = await engine.drain()
            if ended.end is not DrainEnd.EMPTY or not provisioner.unjudged:
                return ended
            await self._judge_again(set(provisioner.unjudged))

    def _provisioner(self) -> Provisioner:
        return Provisioner(
            self._job,
            self._sender,
            self._matching,
            RemovalForm(self._job, self._sender, self._reader),
            self.recorder,
            self._writer,
            self.record.cycle_id,
            Reconsideration(self._job, self._source).still_leaves,
            self._offer.batch,
            self._offer.batch_of_one,
            self._offer.may_refer,
        )

    def _too_many_failures(self) -> TooManyFailures | None:
        return None if self._writer is None else self.recorder.failures.too_many()

    def _arrivals(self, lanes: Sequence[Lane]) -> Arrivals | None:
        """Calls and hints are taken up by whoever works on their lanes, but in a dry run."""
        if self._writer is None or Lane.ON_DEMAND not in lanes:
            return None
        return Arrivals(self._job, self._source, self.record, hints=Lane.LIVE in lanes)

    async def _judge_again(self, keys: set[Key]) -> None:
        """Removals that turned up while draining go through the brake like all others."""
        filing = Filing(self._job, await load_graph(self._job), self.record, Lane.LIVE)
        await filing.file(Crowd(self._job, keys), self.record.kind.value, told=False)
        await self._job.store.write([self._job.touched.drop(str(key)) for key in keys])

    async def _hold_lost(self, lanes: Sequence[Lane]) -> Drained:
        """When everybody who is assigned is matched: what else Entra knows in ZSCloud is held."""
        self._progress.phase("looking for what nothing assigns")
        keys = await self._rebuilding.find()
        if keys:
            graph = await load_graph(self._job)
            filing = Filing(self._job, graph, self.record, Lane.LIVE)
            await filing.file(Crowd(self._job, keys), self.record.kind.value, told=False)
        await self._rebuilding.filed()
        # What somebody has decided meanwhile was taken up with it.
        return await self._drain(lanes)

    # --- storing ---------------------------------------------------------------------------------

    async def _save(self) -> None:
        record = self.record
        if not record.is_stored:
            return
        rows = [self._job.cycles.rows.put(record.cycle_id, record)]
        if self._call is not None and (record.discovered or record.status not in OPEN):
            rows.append(self._job.calls.taken_up(self._call))
        await self._job.store.write(rows)
