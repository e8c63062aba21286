"""The hints queue: what the webhook was told, taken in and looked at."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import azure.functions as func

from handlers.execution import execution
from handlers.queues import HINTS, HINTS_POISON, STORAGE
from handlers.work import remember

if TYPE_CHECKING:
    from provisioning.services import Services

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]
_log = logging.getLogger(__name__)


@blueprint.function_name("hints")
@blueprint.queue_trigger(arg_name="message", queue_name=HINTS, connection=STORAGE)
async def hints(message: func.QueueMessage, context: func.Context) -> None:
    """Stores hints of those who matter and looks at them.

    What it raises, the host tries again; after ``maxDequeueCount`` tries it becomes poison.
    """
    from provisioning.notifications.message import origins_of

    body = message.get_body()
    async with execution(context, origins_of(body)) as made:
        await _take_in(made, body)


async def _take_in(made: Services, body: bytes) -> None:
    from provisioning.errors import ConfigurationError
    from provisioning.notifications.message import decode
    from provisioning.operations.hints import take_in

    try:
        count = await take_in(made, decode(body))
        _log.info("%d hints were taken in", count)
    except ConfigurationError as error:
        # A store of another job: trying again would not help.
        _log.warning("No hint is taken in: %s", error)
    except Exception as error:
        await remember(made, HINTS, error)
        raise


@blueprint.function_name("hints_poison")
@blueprint.queue_trigger(arg_name="message", queue_name=HINTS_POISON, connection=STORAGE)
async def hints_poison(message: func.QueueMessage) -> None:
    """Sets a message aside that failed too often, with its reason, and alerts.

    What it told of is found by the next incremental cycle, which follows the delta feeds.
    """
    from provisioning.bootstrap import services
    from provisioning.operations.work import poisoned

    await poisoned(await services(), HINTS, message.get_body().decode(errors="replace"))
