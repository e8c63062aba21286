"""Quarantine: a whole job waits, with short probes, until ZSCloud takes its work again.

By kind of failure: the token is refused, ZSCloud is not there, or too many of the objects that are
tried fail. It never ends by giving up: probes go on for ever, and the first that succeeds lets the
work go on where it was.
"""

from __future__ import annotations

import hashlib
import hmac
from enum import StrEnum

import msgspec

from provisioning.errors import (
    CredentialsRefused,
    EndpointGone,
    NotReached,
    ProvisioningError,
    TooManyFailures,
)
from provisioning.ports import Row, Store
from provisioning.rows.buffer import WriteBehind
from provisioning.rows.table import Table

RETRIED = "quarantine"
"""The cause of work that failed for what the quarantine is about, and is tried once more."""

FAR_FROM_ALL = 40
"""Percent of the objects tried that may fail (contracts; Entra: the same share, from 5,000 on)."""

AT_LEAST = 20
"""Objects that must have been tried before their share says anything."""

WINDOW = 900.0
"""Seconds that live work is judged over."""

SAMPLE = 5
"""Objects that failed, tried anew by one probe of a quarantine by ratio."""

_FIRST = 60.0
_LONGEST = 900.0
_DOUBLINGS = 8
_JITTER = 0.2
_UNREACHED = 600.0
"""Seconds in which nobody is there, after which an outage is a quarantine."""

_SLICE = 60
"""Seconds that are counted together."""

_LATELY = 3
"""Of these, what may not be written yet."""

_KEY = "now"
_REMOTE = "ZSCloud"


class Cause(StrEnum):
    """What kind of failure it is."""

    CREDENTIALS_REFUSED = "credentials_refused"
    TARGET_GONE = "target_gone"
    FAILURE_RATIO = "failure_ratio"


class QuarantineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A quarantine that holds. Times are epoch seconds.

    ``probes`` is how many have failed; ``cycle_id`` is whose work was stopped by it.
    ``settings_digest`` tells whether URL or token are still those that failed.
    """

    cause: Cause
    error_code: str
    reason: str
    remedy: str
    since: float
    next_probe: float
    settings_digest: str
    cycle_id: str
    probes: int = 0


class Unreached(msgspec.Struct, frozen=True):
    """Since when, and when last, ZSCloud was not reached (epoch seconds)."""

    since: float
    last: float


class Tally(msgspec.Struct, frozen=True):
    """Objects that were tried, and those of them that failed."""

    tried: int = 0
    failed: int = 0

    @property
    def is_too_bad(self) -> bool:
        """Whether so many fail that this is not the objects' fault."""
        return self.tried >= AT_LEAST and self.failed * 100 > FAR_FROM_ALL * self.tried


def cause_of(error: ProvisioningError, outage: Unreached | None) -> Cause | None:
    """The quarantine that an error is a reason for; ``None`` if the next tick may simply try.

    ``outage`` is the one that the error is a part of. Answers of 5xx are none: ZSCloud is there.
    """
    if isinstance(error, TooManyFailures):
        return Cause.FAILURE_RATIO
    if isinstance(error, EndpointGone):
        return Cause.TARGET_GONE
    if isinstance(error, CredentialsRefused):
        return Cause.CREDENTIALS_REFUSED if error.remote == _REMOTE else None
    if outage is not None and outage.last - outage.since >= _UNREACHED:
        return Cause.TARGET_GONE
    return None


def is_unreached(error: ProvisioningError) -> bool:
    """Whether nobody was there to answer."""
    return isinstance(error, NotReached) and error.remote == _REMOTE


def outage_with(before: Unreached | None, now: float) -> Unreached:
    """The outage that one more failure belongs to. One long after the last begins a new one."""
    if before is None or now - before.last > 2 * _LONGEST:
        return Unreached(now, now)
    return Unreached(before.since, now)


def probe_wait(probes: int, random: float) -> float:
    """Seconds until the next probe, after so many: one minute, doubling to fifteen at most.

    ``random``, from 0 to 1, shortens it by up to a fifth, so that many jobs do not probe together.
    """
    wait: float = min(_LONGEST, _FIRST * 2 ** min(probes, _DOUBLINGS))
    return wait * (1 - _JITTER * random)


def settings_digest(job: str, url: str, token: str) -> str:
    """Differs if URL or token do. Keyed by job and cut: the token cannot be told by it."""
    text = f"{url.rstrip('/')}\n{token}".encode()
    return hmac.new(job.encode(), text, hashlib.sha256).hexdigest()[:12]


class Quarantine:
    """The stored quarantine of one job. Only the holder of the lease writes it; anybody may ask
    for a probe.
    """

    def __init__(self, store: Store, job: str) -> None:
        self._entries = Table(store, job, "quarantine", QuarantineEntry)
        self._unreached = Table(store, job, "unreached", Unreached)
        self._wanted = Table(store, job, "quarantine_probe", str)

    async def get(self) -> QuarantineEntry | None:
        """The quarantine that holds now, if one does."""
        return await self._entries.get(_KEY)

    async def wait(self, now: float, digest: str) -> float | None:
        """Seconds until the next probe, 0 for at once; ``None`` without a quarantine.

        A probe that somebody asked for is due, and so is one with another URL or token.
        """
        entry = await self.get()
        if entry is None:
            return None
        if entry.settings_digest != digest or await self._wanted.get(_KEY) is not None:
            return 0.0
        return max(0.0, entry.next_probe - now)

    def wanted(self, mark: str) -> Row:
        """The row that asks for a probe at once. ``mark`` differs each time."""
        return self._wanted.put(_KEY, mark)

    async def granted(self) -> list[Row]:
        """Rows that end the wish for a probe, unless it has come again meanwhile."""
        mark = await self._wanted.get(_KEY)
        return [] if mark is None else [self._wanted.drop_if(_KEY, mark)]

    def put(self, entry: QuarantineEntry) -> Row:
        """The row that stores it."""
        return self._entries.put(_KEY, entry)

    def released(self) -> list[Row]:
        """Rows that end it."""
        return [self._entries.drop(_KEY), self._unreached.drop(_KEY)]

    async def unreached(self) -> Unreached | None:
        """The outage that is under way."""
        return await self._unreached.get(_KEY)

    def unreached_row(self, outage: Unreached | None) -> Row:
        """The row that stores the outage, or its end."""
        if outage is None:
            return self._unreached.drop(_KEY)
        return self._unreached.put(_KEY, outage)


class Tries:
    """Objects tried and failed within the last ``WINDOW``, by the minute: a few rows.

    Changed in memory after ``load``, by the one writer.
    """

    def __init__(self, store: WriteBehind, job: str) -> None:
        self._store = store
        self._rows = Table(store, job, "tries", Tally)
        self._slices: dict[str, Tally] = {}

    async def load(self) -> None:
        """Reads what is stored."""
        self._slices = {slice: tally async for slice, tally in self._rows.all()}

    def add(self, now: float, *, failed: bool) -> list[Row]:
        """Counts one object, with the next write. Rows that forget what is too old."""
        slice = _slice(now)
        before = self._slices.get(slice, Tally())
        self._slices[slice] = Tally(before.tried + 1, before.failed + failed)
        self._store.defer_counter(self._counted_rows)
        return self._forget(_slice(now - WINDOW))

    def _counted_rows(self) -> list[Row]:
        """Of the last minutes: some of them may not be written yet."""
        return [self._rows.put(slice, self._slices[slice]) for slice in [*self._slices][-_LATELY:]]

    def recent(self, now: float) -> Tally:
        """All of the window."""
        first = _slice(now - WINDOW)
        counted = [tally for slice, tally in self._slices.items() if slice > first]
        return Tally(sum(t.tried for t in counted), sum(t.failed for t in counted))

    def forget(self) -> list[Row]:
        """Rows after which counting begins anew."""
        return self._forget("~")

    def _forget(self, until: str) -> list[Row]:
        old = [slice for slice in self._slices if slice <= until]
        for slice in old:
            del self._slices[slice]
        return [self._rows.drop(slice) for slice in old]


def _slice(time: float) -> str:
    return f"{int(time // _SLICE):09d}"
