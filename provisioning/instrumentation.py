"""What the core tells whoever watches it: what is under way, and numbers.

The core knows this port and no library. ``telemetry`` implements it; where nothing collects,
``SILENT`` does, which costs a call. Nothing here waits, raises, or changes what is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

from provisioning.origins import Origins

if TYPE_CHECKING:
    from collections.abc import Iterator


class Remote(StrEnum):
    """Whom a request goes to."""

    GRAPH = "graph"
    ZSCLOUD = "zscloud"


class LeaseChange(StrEnum):
    """How the lease came to another holder."""

    RELEASED = "released"
    """Its last holder let go."""
    EXPIRED = "expired"
    """Its last holder died, or was paused for too long; or it never had one."""
    LOST = "lost"
    """It was taken from a holder that still worked."""


class Beat(NamedTuple):
    """A sign of life of one timer. ``state`` is the word of ``status``; ``idle``: alive, and
    nothing to do. Only one timer counts: the items in each lane, objects in
    escrow, removals held, and the age of the watermark in seconds.
    """

    timer: str
    state: str
    idle: bool
    lanes: Mapping[int, int] = MappingProxyType({})
    escrow: int | None = None
    held: int | None = None
    watermark_age: float | None = None


class Exchange(Protocol):
    """One request that is under way."""

    def answered(self, status: int) -> None:
        """An answer of this HTTP status came. Without one, none did."""
        ...


class Outcome(Protocol):
    """A piece of work that is under way."""

    def ended(self, status: str) -> None:
        """How it ended, or that it goes on later (``running``)."""
        ...


class Telemetry(Protocol):
    """What collects. All of it is done at once, and in memory."""

    @property
    def collects(self) -> bool:
        """Whether anybody listens: else what is costly to find out need not be told."""
        ...

    def execution(
        self, function: str, parent: str = "", origins: Origins = ()
    ) -> AbstractContextManager[None]:
        """One execution of a function, of which ``parent`` is the traceparent that the host gave,
        and ``origins`` are those whom its message came from.
        """
        ...

    def cycle(self, cycle_id: str, kind: str) -> AbstractContextManager[Outcome]:
        """The part of a cycle that one execution does."""
        ...

    def item(
        self, object_type: str, source_id: str, lane: int, origins: Origins
    ) -> AbstractContextManager[None]:
        """The work on one item."""
        ...

    def request(
        self, remote: Remote, method: str, template: str, attempt: int = 1
    ) -> AbstractContextManager[Exchange]:
        """One HTTP request. ``template`` is its path without ids, names and query."""
        ...

    def origin(self) -> str:
        """The traceparent of what is under way; empty where nothing is recorded."""
        ...

    def trace_id(self) -> str | None:
        """The trace that what is under way belongs to."""
        ...

    def cycle_ended(
        self, kind: str, status: str, seconds: float, facts: Mapping[str, str | int]
    ) -> None:
        """A cycle has ended, so long after it began. ``facts`` are fields of its event."""
        ...

    def latency(self, seconds: float, action: str) -> None:
        """From a change in Entra to the answer of ZSCloud that accepted it."""
        ...

    def lease(self, change: LeaseChange) -> None:
        """The lease has another holder."""
        ...

    def heartbeat(self, beat: Beat) -> None:
        """A timer has run."""
        ...

    def entries_stored(self, entries: Sequence[bytes]) -> None:
        """Entries of the provisioning log are stored, in the form in which they are."""
        ...

    def close(self) -> None:
        """Hands over what was collected, within seconds."""
        ...


class _Nothing:
    """What is under way, to nobody."""

    def answered(self, status: int) -> None:
        """Nobody hears it."""

    def ended(self, status: str) -> None:
        """Nobody hears it."""


_NOTHING = nullcontext(_Nothing())
_NONE = nullcontext(None)


class Silence:
    """Nobody listens: whatever is told, nothing happens."""

    collects = False

    def _under_way(self, *_: object, **__: object) -> AbstractContextManager[_Nothing]:
        return _NOTHING

    def _told(self, *_: object, **__: object) -> None:
        return None

    def origin(self) -> str:
        """There is none."""
        return ""

    def execution(self, *_: object, **__: object) -> AbstractContextManager[None]:
        """To nobody."""
        return _NONE

    item = execution
    cycle = request = _under_way
    trace_id = cycle_ended = latency = lease = heartbeat = entries_stored = close = _told


SILENT: Telemetry = Silence()

_attempt: ContextVar[int] = ContextVar("attempt", default=1)


@contextmanager
def attempt(number: int) -> Iterator[None]:
    """Within the body, requests are the ``number``-th try of what they are sent for."""
    token = _attempt.set(number)
    try:
        yield
    finally:
        _attempt.reset(token)


def present_attempt() -> int:
    """Which try of something a request is that is sent now: 1 for the first."""
    return _attempt.get()
