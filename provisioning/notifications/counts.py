"""How many notifications came and what was dropped, by hour and process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from provisioning.ports import Row, Store
from provisioning.rows.table import Table

_HOURS = 24
_KEPT_HOURS = 48


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """``last`` is when the last good one came, in epoch seconds."""

    accepted: int = 0
    dropped: dict[str, int] = {}
    last: float | None = None

    def plus(self, accepted: int, dropped: Mapping[str, int], now: float) -> Counted:
        """With the items of one more batch."""
        return Counted(
            accepted=self.accepted + accepted,
            dropped=dict(Counter(self.dropped) + Counter(dict(dropped))),
            last=now if accepted else self.last,
        )


class NotificationCounts:
    """The stored counts of one job. Each process writes rows of its own."""

    def __init__(self, store: Store, job: str) -> None:
        self._hours = Table(store, job, "notification_count", Counted)
        self._refused = Table(store, job, "subscription_refused", float)

    def row(self, process: str, hour: str, counted: Counted) -> Row:
        """The row of what a process has counted in an hour."""
        return self._hours.put(f"{hour}/{process}", counted)

    def refused_rows(self, subscriptions: Iterable[str], now: float) -> list[Row]:
        """Rows that remember subscriptions of ours whose notifications had another secret."""
        return [self._refused.put(id, now) for id in subscriptions]

    def not_refused(self, subscription: str) -> Row:
        """The row that forgets that."""
        return self._refused.drop(subscription)

    async def refused(self) -> set[str]:
        """Ids of subscriptions whose notifications had another secret than ours."""
        return {id async for id, _ in self._refused.all()}

    async def summary(self, now: float) -> Counted:
        """The last day, of all processes."""
        before = hour_of(now - _HOURS * 3600)
        total = Counted()
        async for key, counted in self._hours.all():
            if key.partition("/")[0] <= before:
                continue
            lasts = [at for at in (total.last, counted.last) if at is not None]
            total = Counted(
                accepted=total.accepted + counted.accepted,
                dropped=dict(Counter(total.dropped) + Counter(counted.dropped)),
                last=max(lasts, default=None),
            )
        return total

    async def forget(self, now: float) -> list[Row]:
        """Rows that drop hours that nobody asks for any more."""
        oldest = hour_of(now - _KEPT_HOURS * 3600)
        return [self._hours.drop(key) for key, _ in await self._hours.page() if key < oldest]


def hour_of(time: float) -> str:
    """The hour as a key that sorts by time."""
    return f"{int(time // 3600):010d}"
