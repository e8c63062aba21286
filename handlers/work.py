"""The work queue: each message does a part of the work, within the drain's time budget."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import azure.functions as func

from handlers.execution import execution
from handlers.queues import POISON, STORAGE, WORK, DryRun, WakeUp, decode_message

if TYPE_CHECKING:
    from provisioning.services import Services

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]
_log = logging.getLogger(__name__)


@blueprint.function_name("work")
@blueprint.queue_trigger(arg_name="message", queue_name=WORK, connection=STORAGE)
async def work(message: func.QueueMessage, context: func.Context) -> None:
    """Goes on with what there is to do. What is left is announced by another message.

    What it raises, the host tries again; after ``maxDequeueCount`` tries it becomes poison.
    """
    async with execution(context) as made:
        try:
            await _do(made, _decode(message.get_body()))
        except Exception as error:
            await remember(made, WORK, error)
            raise


@blueprint.function_name("work_poison")
@blueprint.queue_trigger(arg_name="message", queue_name=POISON, connection=STORAGE)
async def work_poison(message: func.QueueMessage) -> None:
    """Sets a message aside that failed too often, with its reason, and alerts.

    The work itself is in the store: the next tick of a timer wakes it again.
    """
    from provisioning.bootstrap import services
    from provisioning.operations.work import poisoned

    body = message.get_body()
    try:
        what = decode_message(body)
    except ValueError:
        dry_run = None
    else:
        dry_run = what.cycle_id if isinstance(what, DryRun) else None
    await poisoned(await services(), WORK, body.decode(errors="replace"), dry_run=dry_run)


def _decode(body: bytes) -> WakeUp | DryRun:
    try:
        return decode_message(body)
    except ValueError as error:
        _log.error("A message on %s is refused: %s", WORK, error)
        raise


async def _do(services: Services, what: WakeUp | DryRun) -> None:
    from provisioning.errors import ConfigurationError
    from provisioning.operations import work

    try:
        if isinstance(what, DryRun):
            await work.dry_run(services, what.cycle_id)
        elif not await work.on_wake(services, what.generation):
            _log.info("Wake-up %d is an older one: nothing to do", what.generation)
    except ConfigurationError as error:
        # A store of another job, or a job that is off: trying again would not help.
        _log.warning("Nothing is worked on: %s", error)


async def remember(services: Services, queue: str, error: Exception) -> None:
    """Keeps the reason, in case this was the message's last try."""
    from provisioning.errors import ProvisioningError
    from provisioning.operations.work import failed

    try:
        await failed(services, queue, error)
    except ProvisioningError as unstored:
        _log.warning("The reason of a failed message could not be stored: %s", unstored)
