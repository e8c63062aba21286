"""The last look before a request is written to the wire: whether we may still send.

Between the decision to send and the first byte lie awaits: a connection is waited for, and made;
a write to the storage is many requests, and each is tried again. A process may be paused there
for longer than its lease. So whoever decides leaves the question here, and whoever sends asks it
once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from provisioning.errors import LeaseUnavailable

_ask: ContextVar[Callable[[], bool] | None] = ContextVar("may_send", default=None)


@contextmanager
def fenced(may_send: Callable[[], bool]) -> Iterator[None]:
    """What is sent within the body is sent only while ``may_send`` says so."""
    token = _ask.set(may_send)
    try:
        yield
    finally:
        _ask.reset(token)


def check_fence() -> None:
    """Called right before a request is written. Raises ``LeaseUnavailable``: nothing was sent."""
    may_send = _ask.get()
    if may_send is not None and not may_send():
        raise LeaseUnavailable("The lease of this ZSCloud tenant was lost.")
