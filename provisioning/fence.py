"""The last look before a request is written to the wire.

Between the decision to send and the first byte lie awaits: a connection is waited for, and made;
other tasks have their turn; a write to the storage is many requests, and each is tried again. A
process may be paused there for longer than its lease, or held up for longer than the pace allows
for. So whoever decides leaves word here, and whoever sends asks once more, and tells when.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from provisioning.errors import LeaseUnavailable


class _Word(NamedTuple):
    may_send: Callable[[], bool]
    written: Callable[[], None]
    look: Callable[[], Awaitable[None]]


_word: ContextVar[_Word | None] = ContextVar("word", default=None)


def _nobody() -> None:
    """Nobody wants to know when."""


async def _nothing() -> None:
    """Nothing has to be looked at."""


@contextmanager
def fenced(
    may_send: Callable[[], bool],
    written: Callable[[], None] = _nobody,
    look: Callable[[], Awaitable[None]] = _nothing,
) -> Iterator[None]:
    """What is sent within the body is sent only while ``may_send`` says so; ``written`` is told
    when. ``look`` is awaited before: it raises what keeps the request from being sent.
    Raises ``LeaseUnavailable`` at once if nothing may be sent now.
    """
    token = _word.set(_Word(may_send, written, look))
    try:
        check_fence()
        yield
    finally:
        _word.reset(token)


def check_fence() -> None:
    """Called before something is sent. Raises ``LeaseUnavailable``: nothing was sent."""
    word = _word.get()
    if word is not None and not word.may_send():
        raise LeaseUnavailable("The lease of this ZSCloud tenant was lost.")


async def before_the_wire() -> None:
    """Awaited when the connection stands, before ``at_the_wire``. Raises what the sender has seen
    that forbids to send: nothing was sent.
    """
    word = _word.get()
    if word is not None:
        await word.look()


def at_the_wire() -> None:
    """Called right before a request is written, without an await in between. Raises
    ``LeaseUnavailable``: nothing was sent.
    """
    check_fence()
    word = _word.get()
    if word is not None:
        word.written()
