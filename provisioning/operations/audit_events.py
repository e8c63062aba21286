"""Hearing of assignments from Entra's audit log, where the tenant streams it to an Event Hub."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from provisioning.notifications.audit_events import read_events
from provisioning.notifications.message import HINTS, HintMessage, encode
from provisioning.services import Services

_log = logging.getLogger(__name__)


async def hear(services: Services, bodies: Iterable[bytes]) -> bool:
    """Puts one hint on the queue if a batch of events tells of an assignment of our application.
    Whether it does.

    The poll of the assignments finds the same without being told. Raises ``QueueUnavailable``.
    """
    heard = read_events(bodies, services.settings.entra_service_principal_id)
    if heard.malformed:
        _log.warning("%d records of the audit log could not be read", heard.malformed)
    if heard.ours:
        message = HintMessage(told=services.clock.time(), assignments=True)
        await services.queue.send(HINTS, encode(message))
    return heard.ours
