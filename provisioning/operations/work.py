"""What timers and the work queue do: a part of the work for each execution, within its budget."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from provisioning.alerts.lines import AlertCode, alert, report
from provisioning.audit import Operator
from provisioning.errors import LeaseUnavailable, ProvisioningError
from provisioning.handover import Handover
from provisioning.job import Job
from provisioning.notifications.message import HINTS
from provisioning.operations import alarms
from provisioning.operations.audit import note
from provisioning.operations.cycles import find_or_start, run_dry, start_cycle
from provisioning.operations.documents import Document
from provisioning.operations.writing import Writing, ask_for_probe, orders, wakes, writing
from provisioning.record import OPEN, CycleKind, CycleStatus
from provisioning.services import Services
from provisioning.wake import WORK

_AGAIN = 15.0
"""Seconds until a dry run that found the lease taken is tried again."""

_AFTER_FAILURE = 300.0
"""Seconds for which hints wait after a cycle that failed."""

_BRIEF = 2.0
"""Seconds that an execution works which was called for a hint: the next hint waits behind it."""

_SOONEST = 1.0
"""Seconds at least until an item that waits for its time is looked at again."""


async def tick(services: Services, kind: CycleKind) -> Document:
    """A timer: starts a cycle or keeps the open one, and sees to it that a wake-up is on its way.

    Raises ``ConfigurationError`` while the job is off, when calls on demand are worked on all the
    same, and while it is stopped.
    """
    try:
        return await start_cycle(services, kind, dry_run=False)
    finally:
        if await until_there_is_work(services, services.job()) == 0:
            await wakes(services).ensure()
        await alarms.watch(services)


async def on_wake(services: Services, generation: int) -> bool:
    """One execution of the work queue: goes on with what there is, and arms the next if need be.

    False if the message was too old to count. Raises ``ConfigurationError``, ``StoreUnavailable``.
    """

    async def work(held: Writing) -> None:
        await _work(held)
        await held.job.poison.clear(WORK)

    woken = await _handover(services, work).on_wake(wakes(services), generation)
    if woken:
        await alarms.watch(services)
    return woken


async def look_now(services: Services) -> None:
    """Looks at stored hints in this execution, if nobody else is at work, for a short time.

    Whoever holds the lease looks by itself; an open cycle takes hints up when it goes on.
    """
    job = services.job()
    if services.settings.provisioning_status != "on" or await job.orders.stop() is not None:
        return
    if await job.quarantine.get() is not None:
        # The hint waits where it is stored; what may be due is a probe.
        if await until_there_is_work(services, job) == 0:
            await wakes(services).ensure()
        return
    wait = await job.hints.wait(services.clock.time())
    if wait:
        # In the pause between two looks: the lease is not asked for.
        await wakes(services).ensure(wait, slack=0)
        return
    if await job.cycles.open_cycle() is not None:
        await wakes(services).ensure()
        return

    async def work(held: Writing) -> None:
        await held.answer_calls(budget=_BRIEF)
        await _look_at_hints(held, _BRIEF)
        await held.job.poison.clear(HINTS)

    await _handover(services, work).once(wakes(services))


async def check_zscloud(services: Services) -> None:
    """Asks ZSCloud for nothing in particular: what refuses that is known before work needs it.

    Whoever is at work finds out by itself, and so does whoever probes.
    """
    job = services.job()
    if services.settings.provisioning_status != "on" or await job.quarantine.get() is not None:
        return
    if await job.orders.stop() is not None:
        return
    if await job.knowledge.get("target") is None:
        return

    async def work(held: Writing) -> None:
        record = await held.check()
        if record.error is not None:
            report(record)

    await _handover(services, work).once(wakes(services))


async def queue_cycle(
    services: Services, kind: CycleKind, *, dry_run: bool, operator: Operator | None = None
) -> Document:
    """Starts a cycle that the work queue runs, for ``operator``.

    Raises ``ConfigurationError`` while the job is off or stopped.
    """
    cycle = await start_cycle(services, kind, dry_run=dry_run)
    if not dry_run:
        await note(services, operator, "cycle", cycle["cycle_id"], cycle["kind"])
        await ask_for_probe(services)
    if cycle["dry_run"]:
        await _send_dry_run(services, cycle["cycle_id"], 0.0)
    else:
        await wakes(services).arm()
    return cycle


async def dry_run(services: Services, cycle_id: str) -> None:
    """One dry run. While another process has the lease, its message waits."""
    try:
        await run_dry(services, cycle_id)
    except LeaseUnavailable:
        await _send_dry_run(services, cycle_id, _AGAIN)
        return
    if await until_there_is_work(services, services.job()) == 0:
        await wakes(services).ensure()


async def failed(services: Services, queue: str, error: Exception) -> None:
    """Remembers what a message failed with, in case it was its last try."""
    await services.job().poison.failed(queue, error)


async def poisoned(
    services: Services, queue: str, text: str, *, dry_run: str | None = None
) -> None:
    """A message failed too often: it is set aside with its reason, and somebody is alerted.

    ``dry_run`` is the cycle that it asked for, which has failed with it.
    """
    job = services.job()
    message = await job.poison.set_aside(queue, text)
    record = None if dry_run is None else await job.cycles.rows.get(dry_run)
    if record is not None and record.dry_run and record.status in OPEN:
        record.fail(ProvisioningError(f"It failed too often: {message.reason}"), message.since)
        await job.store.write([job.cycles.rows.put(record.cycle_id, record)])
    reason = message.reason.rstrip(".")
    alert(AlertCode.POISON, f"A message on {queue} was set aside: {reason}. {message.remedy}")
    await alarms.watch(services)


async def _work(held: Writing) -> None:
    if await orders(held.services).stop() is not None:
        return
    budget = held.services.settings.drain_budget_seconds
    if held.services.settings.provisioning_status != "on":
        await held.answer_calls(budget=budget)
        return
    now, digest = held.services.clock.time(), held.services.settings_digest
    shut = await held.job.quarantine.wait(now, digest)
    if shut:
        # Calls are told of it. A wake-up waits ten minutes at most: it is not time yet.
        await held.answer_calls(budget=budget)
        return
    await held.job.escrow.take_up(now)
    if shut is None and await held.job.cycles.open_cycle() is None and not await _is_due(held):
        await held.answer_calls(budget=budget)
        await _look_at_hints(held, budget)
        return
    record = await find_or_start(held.job, held.services, CycleKind.INCREMENTAL)
    done = record.done
    await held.cycle(record, budget=budget).run()
    if record.status is CycleStatus.QUARANTINED:
        await held.answer_calls(budget=budget)
    elif record.error is not None:
        # The next tick begins anew; until then a hint would only make it fail again, at once.
        hints = held.job.hints
        now = held.services.clock.time()
        await held.job.store.write(hints.postponed(await hints.due(now), now + _AFTER_FAILURE))
    if record.status not in OPEN or record.done > done:
        report(record)


async def _look_at_hints(held: Writing, budget: float) -> None:
    """Looks if there is a hint. What the budget does not suffice for goes on as a cycle."""
    if await held.job.hints.wait(held.services.clock.time()) != 0:
        return
    if await held.job.was_read_otherwise():
        # What another schema or scope asks for was never read: no look may work by it.
        await find_or_start(held.job, held.services, CycleKind.INCREMENTAL)
        return
    record = await held.live(budget=budget)
    if record.status in OPEN or record.status is CycleStatus.STOPPED:
        await find_or_start(held.job, held.services, CycleKind.INCREMENTAL)
    else:
        report(record)


async def _send_dry_run(services: Services, cycle_id: str, delay: float) -> None:
    await services.queue.send(WORK, json.dumps({"dry_run": cycle_id}), delay=delay)


async def _is_due(held: Writing) -> bool:
    """Whether there is work that no open cycle stands for: what waited for its time."""
    return bool(await held.job.work.due(held.services.clock.time(), limit=1))


def _handover(services: Services, work: Callable[[Writing], Awaitable[None]]) -> Handover[Writing]:
    async def left(held: Writing | None) -> float | None:
        return await until_there_is_work(services, services.job() if held is None else held.job)

    return Handover(lambda: writing(services, wait=0), work, left)


async def until_there_is_work(services: Services, job: Job) -> float | None:
    """Seconds until there is work again. What failed waits for the next tick, or its next try;
    what an operator has stopped, for the start.
    """
    if await job.orders.restarts():
        return 0.0
    if await job.orders.stop() is not None:
        return None
    if await job.calls.unfinished():
        return 0.0
    if services.settings.provisioning_status != "on":
        return None
    now = services.clock.time()
    probe = await job.quarantine.wait(now, services.settings_digest)
    if probe is not None:
        return probe
    if await job.cycles.open_cycle() is not None or await job.escrow.any_wanted():
        return 0.0
    due = await job.work.next_due(now)
    item = None if due is None else max(_SOONEST, due.at - now)
    hint = await job.hints.wait(now)
    return min((each for each in (item, hint) if each is not None), default=None)
