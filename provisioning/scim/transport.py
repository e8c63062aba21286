"""The port through which the SCIM client speaks HTTP. Pure: no HTTP library is named here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read to its end. Headers are found by their names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class TransportError(Exception):
    """There is no whole answer. Its subclasses say what that means for the request."""


class NotSent(TransportError):
    """Not connected: the request was surely not sent, so surely not executed."""


class AnswerBroken(TransportError):
    """Broken off or timed out after sending began: the request may have been executed."""


class AnswerTooLarge(TransportError):
    """The answer is larger than anything that is an answer to us. It was not read to its end."""


class Transport(Protocol):
    """One call is one HTTP request: no retry, no redirect followed, no cookie kept.

    Raises ``NotSent``, ``AnswerBroken`` or ``AnswerTooLarge``.
    """

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        """Sends the request to the absolute, already percent-encoded URL."""
        ...


@runtime_checkable
class Closable(Protocol):
    """A transport that holds connections."""

    async def close(self) -> None:
        """Gives the connections back. A later request opens new ones."""
        ...
