"""Where the state, the lease and the queues are."""

from __future__ import annotations

import json

from provisioning.operations.checks import Check, Concern, Grade, NothingToCheck
from provisioning.rows.table import Table
from provisioning.services import Services
from provisioning.wake import WORK

_STATE = "state"
_LEASE = "doctor"
"""A lease that nothing else uses."""

_LEASE_SECONDS = 15.0


async def _job(services: Services) -> str:
    """Raises ``ConfigurationError`` for a store that holds another job."""
    await services.claim(dry_run=True)
    return "the store holds this job, or none yet"


async def _store(services: Services) -> str:
    rows = Table(services.store, services.settings.job, "doctor", str)
    mark = services.ids.new()
    await services.store.write([rows.put(services.holder, mark)])
    found = await rows.get(services.holder)
    await services.store.write([rows.drop(services.holder)])
    if found != mark:
        raise Concern(
            "StoreForgets",
            "What was written to the state store was not there afterwards.",
            "Give each job a store of its own that nothing else cleans or restores.",
            Grade.FAILED,
        )
    return "a row was written, read and taken out again"


async def _lease(services: Services) -> str:
    if await services.leases.acquire(_LEASE, services.holder, _LEASE_SECONDS) is None:
        raise NothingToCheck("another examination tries it at this moment")
    await services.leases.release(_LEASE, services.holder, b"")
    held = await services.leases.read(services.settings.zscloud_tenant)
    if held is not None and held.until > services.clock.time():
        return f"can be taken; that of this tenant is held by {held.holder}"
    return "can be taken; nobody holds that of this tenant"


async def _queue(services: Services) -> str:
    """Sends a wake-up that is outdated: whoever takes it returns at once."""
    await services.queue.send(WORK, json.dumps({"generation": 0}))
    return "a wake-up was sent"


CHECKS = (
    Check("State: job", _job, _STATE),
    Check("State: rows", _store, _STATE),
    Check("State: lease", _lease, _STATE),
    Check("State: queue", _queue),
)
