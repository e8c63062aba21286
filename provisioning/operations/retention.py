"""Keeping the provisioning log to its retention, some of it each time."""

from __future__ import annotations

from provisioning.services import Services

SECONDS = 20.0
"""How long one run goes on. The next one begins where it stopped."""

_AT_ONCE = 500
"""Entries that are dropped together: whoever writes to the same store waits for no more."""


async def forget_old_entries(services: Services, seconds: float = SECONDS) -> None:
    """Drops entries older than ``LOG_RETENTION_DAYS``, for about so many seconds.

    Each cycle drops some as it ends; this is for logs that are longer than that, and for a job
    without cycles. It needs no lease: nobody looks at what is too old, and dropping it twice does
    no harm. Raises ``ConfigurationError`` for a store of another job, and ``StoreUnavailable``.
    """
    await services.claim(dry_run=True)
    job = services.job()
    oldest = services.clock.time() - job.rules.log_retention_days * 86_400
    end = services.clock.monotonic() + seconds
    while services.clock.monotonic() < end:
        rows = await job.log.forget_before(oldest, limit=_AT_ONCE)
        if not rows:
            return
        await job.store.write(rows)
