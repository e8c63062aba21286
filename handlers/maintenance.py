"""The hourly timer: what has to be kept up while nothing else happens."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import azure.functions as func

from handlers.execution import timer

if TYPE_CHECKING:
    from provisioning.services import Services

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]
_log = logging.getLogger(__name__)


@blueprint.function_name("maintenance")
@blueprint.timer_trigger(arg_name="tick", schedule="%MAINTENANCE_SCHEDULE%")
async def maintenance(tick: func.TimerRequest, context: func.Context) -> None:  # noqa: ARG001
    """Keeps the subscriptions to change notifications up, and looks if notifications were lost.
    Asks ZSCloud whether the token still holds, drops what the log is to keep no longer, and tells
    what there is to tell.

    Raises ``ConfigurationError`` for settings that cannot be used: the tick has failed.
    """
    async with timer(context) as made:
        await _keep_up(made)


async def _keep_up(made: Services) -> None:
    from provisioning.errors import ConfigurationError, LeaseUnavailable, StoreUnavailable
    from provisioning.operations import token
    from provisioning.operations.alarms import watch
    from provisioning.operations.retention import forget_old_entries
    from provisioning.operations.subscriptions import ensure
    from provisioning.operations.work import look_now

    try:
        if (await ensure(made)).look_wanted:
            await look_now(made)
    except (ConfigurationError, LeaseUnavailable) as error:
        # A store of another job, or another process that is at it.
        _log.warning("The subscriptions were not looked after: %s", error)
    try:
        await token.check(made)
    except ConfigurationError as error:
        _log.warning("ZSCloud was not asked whether the token holds: %s", error)
    try:
        await forget_old_entries(made)
    except (ConfigurationError, StoreUnavailable) as error:
        _log.warning("The provisioning log was not kept to its retention: %s", error)
    await watch(made)
