"""What a visit to the subscriptions stores.

After a gap in coverage a hint is stored together with the row that ends it: what was told meanwhile
is lost, and only the delta feeds still know.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from provisioning.hints import FEEDS, Hint
from provisioning.job import Job
from provisioning.model import Subscription
from provisioning.ports import Row
from provisioning.rows.order import in_steps
from provisioning.subscribed import Subscribed
from provisioning.subscriptions.making import Webhook
from provisioning.subscriptions.plan import Known


class Storing:
    """Stores for one visit. ``webhook`` is ``None`` where nothing is to be kept."""

    def __init__(self, job: Job, webhook: Webhook | None) -> None:
        self._job = job
        self._webhook = webhook
        self.hinted = False
        """Whether a look at the feeds was asked for."""

    async def keep(self, known: Known, one: Subscription, *, gap: bool, adopted: bool) -> None:
        """Remembers a subscription that is there. ``gap``: it may not have told all until now."""
        assert self._webhook is not None
        row = known.stored.get(one.resource)
        if row is not None and row.id == one.id:
            # Its secret is what it was made with, whatever the settings say by now.
            row = msgspec.structs.replace(row, expires_at=one.expires_at)
        else:
            row = Subscribed(
                resource=one.resource,
                id=one.id,
                url=self._webhook.url,
                secret_digest=self._webhook.wanted.secret_digest,
                created_at=self._job.clock.time(),
                expires_at=one.expires_at,
                adopted=adopted,
            )
        # The hint first: a row without it would say that nothing was missed.
        hints = await self._hint_rows() if gap else []
        await self.write(in_steps(hints, [self._job.subscribed.put(row)]))

    async def hint(self) -> None:
        """Asks for a look at the feeds, since notifications may have been lost."""
        await self.write(await self._hint_rows())

    async def write(self, rows: Sequence[Row]) -> None:
        """Stores rows, if there are any."""
        if rows:
            await self._job.store.write(rows)

    async def _hint_rows(self) -> list[Row]:
        self.hinted = True
        hint = Hint(about=FEEDS, mark=self._job.ids.new(), told_at=self._job.clock.time())
        return self._job.hints.rows(await self._job.hints.merged([hint]))
