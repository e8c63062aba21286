"""A sign of life with each timer: that the app runs, how the job stands, and what waits.

One line in the log, which the alert rules of ``infra/`` miss when it does not come, and the same
as telemetry.
"""

from __future__ import annotations

import logging

from provisioning.errors import ProvisioningError
from provisioning.instrumentation import Beat
from provisioning.job import Job
from provisioning.operations.status import watermark_age
from provisioning.operations.work import until_there_is_work
from provisioning.services import Services

_log = logging.getLogger(__name__)


async def beat(services: Services, timer: str, *, count: bool = False) -> None:
    """Says that a timer has come, and how the job stands. ``count``: with how much waits, if
    somebody collects that, since it reads all the keys. Never raises: no timer fails for want of a
    heartbeat.
    """
    try:
        found = await _look(services, timer, count=count and services.telemetry.collects)
    except ProvisioningError as error:
        _log.warning("How the job stands could not be read: %s", error)
        found = Beat(timer, "unknown", idle=False)
    except Exception:  # noqa: BLE001  a defect here must not take the timer with it
        _log.exception("How the job stands could not be read")
        found = Beat(timer, "unknown", idle=False)
    services.telemetry.heartbeat(found)
    _log.info("HEARTBEAT %s: %s%s", timer, found.state, ", nothing to do" if found.idle else "")


async def _look(services: Services, timer: str, *, count: bool) -> Beat:
    job = services.job()
    waits = await until_there_is_work(services, job) == 0
    lanes = {lane.value: n for lane, n in (await job.work.counts()).items()} if count else {}
    idle = not waits and not any(lanes.values())
    state = await _state(services, job, idle=idle)
    if not count:
        return Beat(timer, state, idle=idle)
    return Beat(
        timer,
        state,
        idle=idle,
        lanes=lanes,
        escrow=await job.escrow.count(),
        held=await job.held.held.count(),
        watermark_age=await watermark_age(job, services.clock.time()),
    )


async def _state(services: Services, job: Job, *, idle: bool) -> str:
    """The word of ``status``. Whether somebody is at work is told by what there is to do."""
    if services.settings.provisioning_status != "on":
        return "off"
    if await job.orders.stop() is not None:
        return "stopped"
    if await job.quarantine.get() is not None:
        return "quarantined"
    if not idle:
        return "working"
    return "held" if await job.held.held.page(limit=1) else "healthy"
