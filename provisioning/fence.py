"""The last look before a request is written to the wire.

Between the decision to send and the first byte lie awaits: a connection is waited for, and made;
other tasks have their turn. A process may be paused there for longer than its lease, or held up for
longer than the pace allows for. So whoever decides leaves word here, and the transport asks, and
tells, when the connection stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from provisioning.errors import LeaseUnavailable


class _Word(NamedTuple):
    may_send: Callable[[], bool]
    written: Callable[[], None]


_word: ContextVar[_Word | None] = ContextVar("word", default=None)


@contextmanager
def fenced(may_send: Callable[[], bool], written: Callable[[], None]) -> Iterator[None]:
    """What is sent within the body is sent only while ``may_send`` says so; ``written`` is told
    when. Raises ``LeaseUnavailable`` at once if nothing may be sent now.
    """
    token = _word.set(_Word(may_send, written))
    try:
        _check(may_send)
        yield
    finally:
        _word.reset(token)


def at_the_wire() -> None:
    """Called right before a request is written. Raises ``LeaseUnavailable``: nothing was sent."""
    word = _word.get()
    if word is not None:
        _check(word.may_send)
        word.written()


def _check(may_send: Callable[[], bool]) -> None:
    if not may_send():
        raise LeaseUnavailable("The lease of this ZSCloud tenant was lost.")
