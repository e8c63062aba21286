"""Timers. Each starts a cycle, or keeps the open one, and sees to it that it is worked on."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import azure.functions as func

from handlers.execution import timer

if TYPE_CHECKING:
    from provisioning.services import Services

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]
_log = logging.getLogger(__name__)


@blueprint.function_name("incremental_cycle")
@blueprint.timer_trigger(arg_name="tick", schedule="%CYCLE_SCHEDULE%")
async def incremental_cycle(tick: func.TimerRequest, context: func.Context) -> None:
    """Starts an incremental cycle; the first cycle of all is an initial one."""
    async with timer(context, count=True) as made:
        await _start(made, "incremental", tick)


@blueprint.function_name("reconcile_cycle")
@blueprint.timer_trigger(arg_name="tick", schedule="%RECONCILE_SCHEDULE%")
async def reconcile_cycle(tick: func.TimerRequest, context: func.Context) -> None:
    """Starts a reconcile cycle: it compares with what ZSCloud holds."""
    async with timer(context) as made:
        await _start(made, "reconcile", tick)


@blueprint.function_name("assignment_poll")
@blueprint.timer_trigger(arg_name="tick", schedule="%ASSIGNMENTS_SCHEDULE%")
async def assignment_poll(tick: func.TimerRequest, context: func.Context) -> None:  # noqa: ARG001
    """Reads the list of assignments and looks, if it differs from what is stored. Brings the
    subscriptions to notifications up, where they are missing.
    """
    async with timer(context) as made:
        from provisioning.errors import ConfigurationError
        from provisioning.operations import assignments

        try:
            polled = await assignments.tick(made)
        except ConfigurationError as error:
            _log.warning("The assignments were not polled: %s", error)
            return
        if polled is not None and polled.error is not None:
            _log.warning("The assignments could not be polled: %s", polled.error)


async def _start(made: Services, kind: str, tick: func.TimerRequest) -> None:
    """Raises ``ConfigurationError`` for settings that cannot be used: the tick has failed.

    A job that is off, or a store that holds another job, is a state in which there is nothing to
    do: it is logged.
    """
    from provisioning.errors import ConfigurationError
    from provisioning.operations import work
    from provisioning.record import CycleKind

    try:
        cycle = await work.tick(made, CycleKind(kind))
    except ConfigurationError as error:
        _log.warning("No %s cycle was started: %s", kind, error)
        return
    late = ", past due" if tick.past_due else ""
    _log.info("%s cycle %s is %s%s", cycle["kind"], cycle["cycle_id"], cycle["status"], late)
