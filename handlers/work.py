"""The work queue: each message runs a cycle, or a part of it, within the drain's time budget."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import azure.functions as func

from handlers.queues import POISON, STORAGE, WORK, WorkMessage, decode_message

if TYPE_CHECKING:
    from provisioning.record import CycleRecord
    from provisioning.services import Services

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]
_log = logging.getLogger(__name__)

_LEASE_WAIT = 5.0
"""Seconds that an execution waits for the lease before its message goes back to the queue."""


@blueprint.function_name("work")
@blueprint.queue_trigger(arg_name="message", queue_name=WORK, connection=STORAGE)
@blueprint.queue_output(arg_name="continuation", queue_name=WORK, connection=STORAGE)
async def work(message: func.QueueMessage, continuation: func.Out[str]) -> None:
    """Runs the cycle of a message, and leaves a continuation if it is not at its end.

    A message that cannot be understood is raised, so that it becomes poison.
    """
    from provisioning.bootstrap import services

    try:
        wake = decode_message(message.get_body())
    except ValueError as error:
        _log.error("A message on %s is refused: %s", WORK, error)
        raise
    if await _leaves_more(await services(), wake):
        continuation.set(wake.next().encode())


@blueprint.function_name("work_poison")
@blueprint.queue_trigger(arg_name="message", queue_name=POISON, connection=STORAGE)
async def work_poison(message: func.QueueMessage) -> None:
    """Reports a message that failed too often. Its cycle stays open: the next tick wakes it."""
    text = message.get_body().decode(errors="replace")
    _log.error("A message failed too often and was set aside: %.500s", text)


async def _leaves_more(services: Services, wake: WorkMessage) -> bool:
    """Works on the cycle of a message. Whether a continuation is needed."""
    from provisioning.errors import ConfigurationError, InvalidRequest, LeaseUnavailable
    from provisioning.operations.cycles import get_cycle
    from provisioning.record import OPEN

    try:
        cycle = await get_cycle(services, wake.cycle_id)
        if cycle["status"] not in OPEN:
            # Queues deliver at least once: what a repeated message asks for is done already.
            _log.info("Cycle %s is %s already", wake.cycle_id, cycle["status"])
            return False
        record = await _run(services, wake)
    except InvalidRequest as error:
        _log.warning("A message names a cycle that the store does not have: %s", error)
        return False
    except ConfigurationError as error:
        _log.warning("Cycle %s does not go on: %s", wake.cycle_id, error)
        return False
    except LeaseUnavailable as error:
        # A timer wakes a cycle that runs elsewhere, and whose holder leaves a continuation of its
        # own. Anything else waits in the queue: nobody else would come back to it.
        redundant = wake.generation == 0 and cycle["status"] == "running"
        _log.info("Cycle %s waits: %s", wake.cycle_id, error)
        return not redundant
    _log.info("Cycle %s is %s, %d left", record.cycle_id, record.status.value, record.left)
    return record.status in OPEN


async def _run(services: Services, wake: WorkMessage) -> CycleRecord:
    from provisioning.operations.cycles import run_cycle
    from provisioning.record import CycleKind

    record, _ = await run_cycle(
        services,
        CycleKind(wake.kind),
        cycle_id=wake.cycle_id,
        dry_run=wake.dry_run,
        wait=_LEASE_WAIT,
        # A dry run stores nothing that another execution could go on from.
        budget=None if wake.dry_run else services.settings.drain_budget_seconds,
    )
    return record
