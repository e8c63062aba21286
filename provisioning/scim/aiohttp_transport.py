"""The SCIM client's transport over real sockets: one aiohttp session per process.

aiohttp is imported with the first request, not with this module: it costs a cold start dearly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING

from provisioning.fence import at_the_wire, before_the_wire
from provisioning.scim.transport import (
    Answer,
    AnswerBroken,
    AnswerTooLarge,
    NotSent,
    TransportError,
)

if TYPE_CHECKING:
    import aiohttp

CONNECTIONS = 64
"""Most connections held open at once."""

LARGEST_ANSWER = 32 * 1024 * 1024
"""Bytes of a body after decompression. A page of 1,000 users is below 1 MiB."""


@dataclass(slots=True)
class _Sending:
    """How far one request has come."""

    begun: bool = False

    def failure(self, error: Exception) -> TransportError:
        """What the library's error means: nothing is lost while no header has been written."""
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return AnswerBroken(text) if self.begun else NotSent(text)


class AiohttpTransport:
    """Sends requests through one lazily made session. ``timeout_seconds`` bounds a request in all:
    waiting for a connection, connecting, sending, and reading the answer.
    """

    def __init__(self, timeout_seconds: float = 20.0) -> None:
        self._timeout_seconds = timeout_seconds
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        """See ``Transport``. A redirect is an answer like any other."""
        import aiohttp
        from yarl import URL

        sending = _Sending()
        try:
            async with self._opened().request(
                method,
                # As encoded by the caller: yarl would decode what it thinks needs no encoding.
                URL(url, encoded=True),
                headers=headers,
                data=body,
                allow_redirects=False,
                trace_request_ctx=sending,
            ) as response:
                content = await _read(response.content)
                names = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, names, content)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # Without the cause: some of the library's errors hold the request's headers.
            raise sending.failure(error) from None

    async def close(self) -> None:
        """Closes the session. A later request makes a new one."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = _session(self._timeout_seconds)
        return self._session


def _session(timeout_seconds: float) -> aiohttp.ClientSession:
    import aiohttp

    tracing = aiohttp.TraceConfig()
    tracing.on_request_headers_sent.append(_note_sending)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS),
        cookie_jar=aiohttp.DummyCookieJar(),
        # Above its threshold aiohttp rounds a deadline up to the next whole second.
        timeout=aiohttp.ClientTimeout(total=timeout_seconds, ceil_threshold=timeout_seconds + 1),
        trace_configs=[tracing],
    )


async def _note_sending(
    _session: aiohttp.ClientSession,
    context: SimpleNamespace,
    _params: aiohttp.TraceRequestHeadersSentParams,
) -> None:
    """Called before the headers are written: the connection stands, and after the last look
    nothing is awaited any more.

    When a kept connection breaks, aiohttp by itself sends GET, PUT and DELETE a second time
    (RFC 9110 section 9.2.2 allows it). That would go past the pacer, so it is refused here.
    """
    await before_the_wire()
    at_the_wire()
    sending: _Sending = context.trace_request_ctx
    if sending.begun:
        raise AnswerBroken("the server closed a kept connection instead of answering")
    sending.begun = True


async def _read(stream: aiohttp.StreamReader) -> bytes:
    chunks = []
    size = 0
    async for chunk in stream.iter_any():
        size += len(chunk)
        if size > LARGEST_ANSWER:
            raise AnswerTooLarge(f"the answer is larger than {LARGEST_ANSWER} bytes")
        chunks.append(chunk)
    return b"".join(chunks)
