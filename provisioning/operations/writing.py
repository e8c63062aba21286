"""Working under the lease: the same frame for cycles, calls on demand and dry runs."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from provisioning.apply.sending.halting import Halting
from provisioning.apply.sending.sender import Sender
from provisioning.cycle import CycleRun
from provisioning.errors import ConfigurationError, Problem
from provisioning.handover import Handover
from provisioning.instrumentation import LeaseChange
from provisioning.job import Job
from provisioning.lease import HeldLease, held
from provisioning.operations.documents import timestamp
from provisioning.orders import Order, Orders
from provisioning.record import OPEN, CycleKind, CycleRecord
from provisioning.restart import carry_out
from provisioning.services import Services
from provisioning.wake import Wakes

Progress = Callable[[CycleRecord], None]


def silent(_: CycleRecord) -> None:
    """Nobody looks at the progress."""


@dataclass(frozen=True, slots=True)
class Writing:
    """The job and the way to ZSCloud, while the lease is ours. A dry run has no writer."""

    services: Services
    job: Job
    sender: Sender
    dry_run: bool

    def cycle(
        self, record: CycleRecord, *, budget: float | None, progress: Progress = silent
    ) -> CycleRun:
        """A run of the cycle, for at most ``budget`` seconds of work."""
        return CycleRun(
            self.job,
            self.services.source,
            self.services.target,
            None if self.dry_run else self.services.target,
            self.sender,
            record,
            settings_digest=self.services.settings_digest,
            budget=budget,
            progress=progress,
        )

    async def live(self, *, budget: float | None) -> CycleRecord:
        """Looks at what hints tell of and works it off, as far as the budget goes."""
        record = CycleRecord(cycle_id=self.services.ids.new(), kind=CycleKind.LIVE)
        return await self.cycle(record, budget=budget).run_live()

    async def check(self) -> CycleRecord:
        """One cheap request to ZSCloud, for what its answer says about token and URL."""
        record = CycleRecord(cycle_id=self.services.ids.new(), kind=CycleKind.LIVE)
        await self.cycle(record, budget=None).check()
        return record

    async def answer_calls(self, *, budget: float | None, progress: Progress = silent) -> None:
        """Provisions whom calls on demand name, call by call, as long as the budget lasts.

        Also those whose keys are filed already, if whoever took them up has not ended them.
        """
        if await self.sender.is_halted():
            return
        tried: set[str] = set()
        calls = self.job.calls
        while left := [call for call in await calls.unfinished() if call.id not in tried]:
            tried.add(left[0].id)
            record = await calls.record(left[0])
            await self.cycle(record, budget=budget, progress=progress).answer(left[0])
            if record.status in OPEN:
                return


@contextlib.asynccontextmanager
async def writing(
    services: Services, *, wait: float | None, dry_run: bool = False
) -> AsyncIterator[Writing]:
    """Holds the lease for the body. Waits up to ``wait`` seconds for it, for ever if ``None``.
    A restart that was ordered is carried out first; a dry run leaves it to others.

    Raises ``LeaseUnavailable``, and ``ConfigurationError`` for a store of another job.
    """
    await services.claim(dry_run=dry_run)
    ours = held(
        services.leases,
        services.settings.zscloud_tenant,
        # A holder of its own: two executions of one process must not share a lease.
        f"{services.holder}/{services.ids.new()}",
        services.clock,
        services.pacer,
        wait=wait,
    )
    async with ours as lease, services.held_job(lease, dry_run=dry_run) as job:
        _tell_handover(services, lease)
        if dry_run:
            sender = Sender(services.pacer, lease, services.clock, services.ids)
            yield Writing(services, job, sender, dry_run)
            return
        await carry_out(job)
        halting = Halting(orders(services), services.clock)
        try:
            sender = Sender(services.pacer, lease, services.clock, services.ids, halting)
            yield Writing(services, job, sender, dry_run)
        finally:
            if lease.lost:
                services.telemetry.lease(LeaseChange.LOST)
            await halting.close()


def _tell_handover(services: Services, lease: HeldLease) -> None:
    """That the lease comes from another process: one takes it anew with each execution."""
    if not lease.let_go:
        services.telemetry.lease(LeaseChange.EXPIRED)
    elif not lease.after.startswith(f"{services.holder}/"):
        services.telemetry.lease(LeaseChange.RELEASED)


def orders(services: Services) -> Orders:
    """What operators have ordered, as it is stored: nothing of it is remembered."""
    return Orders(services.store, services.settings.job)


async def require_started(services: Services) -> None:
    """Raises ``ConfigurationError`` while an operator has stopped the job."""
    order = await orders(services).stop()
    if order is not None:
        raise ConfigurationError(
            (
                Problem(
                    "start",
                    f"the job was stopped {stopped_by(order)}: nothing is sent to ZSCloud.",
                    "Run `start`, or call POST /api/start. Dry runs work meanwhile.",
                ),
            )
        )


def stopped_by(order: Order) -> str:
    """By whom, since when, and why."""
    why = f" ({order.note})" if order.note else ""
    return f"by {order.by} at {timestamp(order.at)}{why}"


async def ask_for_probe(services: Services) -> None:
    """Ends the wait of a quarantine: a person, or somebody for them, wants to go on."""
    job = services.job()
    if await job.quarantine.get() is not None:
        await job.store.write([job.quarantine.wanted(services.ids.new())])


def wakes(services: Services) -> Wakes:
    """The wake-ups of the job."""
    return Wakes(services.store, services.settings.job, services.queue, services.clock)


def calls_handover(
    services: Services, *, budget: float | None, progress: Progress = silent
) -> Handover[Writing]:
    """Answers calls on demand as long as there are any, if the lease is free."""

    async def answer(held: Writing) -> None:
        await held.answer_calls(budget=budget, progress=progress)

    async def left(_: Writing | None) -> float | None:
        if await orders(services).stop() is not None:
            return None  # They wait for the start.
        return 0.0 if await services.job().calls.any_waiting() else None

    return Handover(lambda: writing(services, wait=0), answer, left)
