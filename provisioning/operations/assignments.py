"""The poll of the assignments: read at a short interval, compared, and hinted at if different."""

from __future__ import annotations

from provisioning.discovery.reading import USERS_FEED
from provisioning.errors import ConfigurationError, RemoteError, Throttled
from provisioning.hints import ASSIGNMENTS, Hint
from provisioning.operations import hints, subscriptions, work
from provisioning.operations.writing import orders
from provisioning.origins import marked, merged
from provisioning.polling import Poll, failed_poll, judge_poll
from provisioning.services import Services

INTERVAL = 30.0
"""Seconds between polls, as the default schedule has it; a failure doubles them."""

_EARLY = 1.0
"""Seconds by which a tick may come early."""


async def tick(services: Services) -> Poll | None:
    """What the short timer does: sees to it that subscriptions come up soon after a deployment,
    then polls. Raises as ``poll`` does.
    """
    if await subscriptions.ensure_if_needed(services):
        await work.look_now(services)
    return await poll(services)


async def poll(services: Services) -> Poll | None:
    """One poll, if it is time for one. Raises ``ConfigurationError``, ``StoreUnavailable``.

    ``None`` when there was nothing to do: everybody is in scope, nothing was ever read in full,
    the job is off or stopped, or the last poll took too long or was throttled for another so soon.
    """
    if services.settings.provisioning_scope == "all":
        return None
    if services.settings.provisioning_status != "on":
        return None
    await services.claim()
    if await orders(services).stop() is not None:
        return None  # The cycle that the start begins reads the list.
    job = services.job()
    before = await job.polls.get("last") or Poll()
    began = services.clock.time()
    if began < before.next_at - _EARLY or await job.watermarks.get(USERS_FEED) is None:
        return None
    try:
        read = [
            each.id async for page in services.source.assignments(background=True) for each in page
        ]
    except (RemoteError, ConfigurationError) as error:
        retry_after = error.retry_after if isinstance(error, Throttled) else 0.0
        failed = failed_poll(before, str(error), retry_after, services.clock.time(), INTERVAL)
        await job.store.write([job.polls.put("last", failed)])
        return failed
    listed, coming = await job.mirror.listed_assignments()
    again = coming.intersection(read)
    stored = {id: each.created for id, each in listed.items() if id not in again}
    ended = services.clock.time()
    polled, dues = judge_poll(before, stored, read, began=began, ended=ended)
    await job.store.write([job.polls.put("last", polled)])
    for due in dues:
        await _hint(services, polled, due)
    await work.look_now(services)
    return polled


async def _hint(services: Services, polled: Poll, due: float) -> None:
    hint = Hint(
        about=ASSIGNMENTS,
        mark=marked(services.ids.new(), merged((services.telemetry.origin(),))),
        told_at=polled.ended_at,
        due=due,
    )
    await hints.store(services, [hint])
