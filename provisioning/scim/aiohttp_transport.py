"""The SCIM client's transport over real sockets: one aiohttp session per process.

aiohttp is imported with the first request, not with this module: it costs a cold start dearly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from provisioning.scim.transport import (
    Answer,
    AnswerTooLarge,
)

if TYPE_CHECKING:
    import aiohttp

CONNECTIONS = 64
"""Most connections held open at once."""

LARGEST_ANSWER = 32 * 1024 * 1024
"""Bytes of a body after decompression. A page of 1,000 users is below 1 MiB."""


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

        from provisioning.scim.aiohttp_request import Sending, sending

        this = Sending()
        token = sending.set(this)
        try:
            async with self._opened().request(
                method,
                # As encoded by the caller: yarl would decode what it thinks needs no encoding.
                URL(url, encoded=True),
                headers=headers,
                data=body,
                allow_redirects=False,
            ) as response:
                content = await _read(response.content)
                return Answer(response.status, response.headers, content)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # Without the cause: some of the library's errors hold the request's headers.
            raise this.failure(error) from None
        finally:
            sending.reset(token)

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

    from provisioning.scim.aiohttp_request import FencedRequest

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS),
        cookie_jar=aiohttp.DummyCookieJar(),
        # Above its threshold aiohttp rounds a deadline up to the next whole second.
        timeout=aiohttp.ClientTimeout(total=timeout_seconds, ceil_threshold=timeout_seconds + 1),
        request_class=FencedRequest,
    )


async def _read(stream: aiohttp.StreamReader) -> bytes:
    content = await stream.readany()
    if stream.at_eof() and len(content) <= LARGEST_ANSWER:
        return content  # Most answers come in one piece.
    chunks = [content]
    size = len(content)
    async for chunk in stream.iter_any():
        size += len(chunk)
        if size > LARGEST_ANSWER:
            break
        chunks.append(chunk)
    if size > LARGEST_ANSWER:
        raise AnswerTooLarge(f"the answer is larger than {LARGEST_ANSWER} bytes")
    return b"".join(chunks)
