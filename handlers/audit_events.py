"""Entra's audit log, where the tenant streams it to an Event Hub.

Off unless an Event Hub is named: ``AzureWebJobs.audit_events.Disabled`` is set then, and the host
starts no listener. The names of hub and consumer group are set all the same, so that nothing is
left unresolved.
"""

from __future__ import annotations

import logging
from typing import List  # noqa: UP035  the worker refuses the built-in list in this place

import azure.functions as func

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]
_log = logging.getLogger(__name__)

CONNECTION = "AUDIT_EVENTS"
"""The prefix of the settings of the connection (Azure Functions: Event Hubs trigger)."""


@blueprint.function_name("audit_events")
@blueprint.event_hub_message_trigger(
    arg_name="events",
    connection=CONNECTION,
    event_hub_name="%AUDIT_EVENT_HUB%",
    consumer_group="%AUDIT_CONSUMER_GROUP%",
    cardinality=func.Cardinality.MANY,
)
async def audit_events(events: List[func.EventHubEvent]) -> None:  # noqa: UP006
    """Turns events of app role assignments into one hint to read the list of assignments.

    What it raises is not tried again, since the host goes on to the next events (Azure Functions:
    Event Hubs trigger, retries). The poll finds what was lost.
    """
    from provisioning.bootstrap import services
    from provisioning.operations.audit_events import hear

    bodies = [event.get_body() for event in events]
    if await hear(await services(), bodies):
        _log.info("The audit log tells of an assignment")
