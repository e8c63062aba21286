"""How long changes took to ZSCloud, hour by hour."""

from __future__ import annotations

from provisioning.operations.documents import Document, timestamp
from provisioning.services import Services


async def list_latency(services: Services) -> Document:
    """The last day, the oldest hour first: ``{items: [{hour, changes, p50_seconds, p99_seconds}],
    next}``. Hours without a change are left out.

    Raises ``ConfigurationError`` for a store of another job.
    """
    await services.claim(dry_run=True)
    hours = await services.job().latencies.hours(services.clock.time())
    items = [
        {
            "hour": timestamp(began),
            "changes": summary.changes,
            "p50_seconds": summary.p50,
            "p99_seconds": summary.p99,
        }
        for began, summary in hours
    ]
    return {"items": items, "next": None}
