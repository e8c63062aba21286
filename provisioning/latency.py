"""How long changes take to ZSCloud: counted by hour, in steps of a tenth.

What counts is the time from the change in Entra or, where Graph does not say, from the moment we
were told, to the answer of ZSCloud that accepted it. Loads and reconciles are no single change.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

import msgspec

from provisioning.ports import Row, Store
from provisioning.rows.table import Table
from provisioning.rows.times import time_of

_STEP = math.log(1.1)
_SHORTEST = 0.001
_HOURS = 24
_KEPT_HOURS = 48


class Summary(msgspec.Struct, frozen=True):
    """Of the changes of a day: how many, and within how many seconds half and 99 % of them were
    accepted; ``None`` without any.
    """

    changes: int = 0
    p50: float | None = None
    p99: float | None = None


class Latencies:
    """The latencies of one job, written by the holder of the lease."""

    def __init__(self, store: Store, job: str) -> None:
        self._hours = Table(store, job, "latency", dict[str, int])
        self._hour = ""
        self._counts: Counter[str] = Counter()

    async def load(self, now: float) -> None:
        """Reads what the present hour holds; it is counted on in memory from then on."""
        self._hour = _hour(now)
        self._counts = Counter(await self._hours.get(self._hour) or {})

    def rows(self, seconds: float, now: float) -> list[Row]:
        """Rows that count one change. To be deferred without waiting in between."""
        if _hour(now) != self._hour:
            self._hour, self._counts = _hour(now), Counter()
        self._counts[str(_bucket(seconds))] += 1
        return [self._hours.put(self._hour, dict(self._counts))]

    async def summary(self, now: float) -> Summary:
        """The last day."""
        first = _hour(now - _HOURS * 3600)
        total: Counter[str] = Counter()
        for hour, counts in await self._hours.page(after=first):
            if hour <= _hour(now):
                total.update(counts)
        return summarized(total)

    async def hours(self, now: float) -> list[tuple[int, Summary]]:
        """The hours of the last day that had changes, by when they began (epoch seconds)."""
        first = _hour(now - _HOURS * 3600)
        rows = await self._hours.page(after=first)
        last = _hour(now)
        return [(self._begins(hour), summarized(c)) for hour, c in rows if hour <= last and c]

    def _begins(self, hour: str) -> int:
        """When the hour of a row began. Raises ``StateDamaged`` for a key that names none."""
        return int(time_of(self._hours.name, hour)) * 3600

    async def forget(self, now: float) -> list[Row]:
        """Rows that drop hours that nobody asks for any more."""
        oldest = _hour(now - _KEPT_HOURS * 3600)
        return [self._hours.drop(hour) for hour, _ in await self._hours.page() if hour < oldest]


def summarized(counts: Mapping[str, int]) -> Summary:
    """The quantiles of counted latencies: each is at most a tenth too high."""
    number = sum(counts.values())
    if number == 0:
        return Summary()
    return Summary(number, _quantile(counts, 0.5), _quantile(counts, 0.99))


def _quantile(counts: Mapping[str, int], share: float) -> float:
    wanted = math.ceil(share * sum(counts.values()))
    for bucket in sorted(map(int, counts)):
        wanted -= counts[str(bucket)]
        if wanted <= 0:
            return round(_SHORTEST * math.exp(bucket * _STEP), 3)
    raise AssertionError("the counts add up to their sum")


def _bucket(seconds: float) -> int:
    return max(0, math.ceil(math.log(max(seconds, _SHORTEST) / _SHORTEST) / _STEP))


def _hour(time: float) -> str:
    return f"{int(time // 3600):010d}"
