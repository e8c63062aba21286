"""The last look before a request is written to the wire.

Between the decision to send and the first byte lie awaits: a connection is waited for, and made;
other tasks have their turn; a write to the storage is many requests, and each is tried again. A
process may be paused there for longer than its lease, or held up for longer than the pace allows
for. So whoever decides leaves word here, and whoever sends asks once more, and tells when.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar, Token
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


class fenced:  # noqa: N801  read as a statement, like those of contextlib
    """What is sent within the body is sent only while ``may_send`` says so; ``written`` is told
    when. ``look`` is awaited before: it raises what keeps the request from being sent.
    Raises ``LeaseUnavailable`` at once if nothing may be sent now.
    """

    __slots__ = ("_token", "_told")
    _token: Token[_Word | None]

    def __init__(
        self,
        may_send: Callable[[], bool],
        written: Callable[[], None] = _nobody,
        look: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        self._told = _Word(may_send, written, look)

    def __enter__(self) -> None:
        self._token = _word.set(self._told)
        try:
            check_fence()
        except BaseException:
            _word.reset(self._token)
            raise

    def __exit__(self, *_: object) -> None:
        _word.reset(self._token)


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
