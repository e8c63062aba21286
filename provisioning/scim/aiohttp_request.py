"""aiohttp's request with a last look before it is written. Imported with the first request only.

A subclass, not aiohttp's tracing, which tells of ten more moments of each request, at a price.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

import aiohttp
from aiohttp.connector import Connection

from provisioning.fence import at_the_wire, before_the_wire
from provisioning.scim.transport import AnswerBroken, NotSent, TransportError


@dataclass(slots=True)
class Sending:
    """How far one request has come."""

    begun: bool = False

    def failure(self, error: Exception) -> TransportError:
        """What the library's error means: nothing is lost while no header has been written."""
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return AnswerBroken(text) if self.begun else NotSent(text)


sending: ContextVar[Sending] = ContextVar("sending")
"""The request that the running task sends."""


class FencedRequest(aiohttp.ClientRequest):
    """A request that is written only if the fence lets it, and once."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        """Called when the connection stands, and nothing has been written to it. After the last
        look nothing is awaited any more until something is.

        When a kept connection breaks, aiohttp by itself sends GET, PUT and DELETE a second time
        (RFC 9110 section 9.2.2 allows it). That would go past the pacer, so it is refused here.
        """
        await before_the_wire()
        at_the_wire()
        this = sending.get()
        if this.begun:
            raise AnswerBroken("the server closed a kept connection instead of answering")
        this.begun = True
        return await super().send(conn)
