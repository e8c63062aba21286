"""Answers of Graph within bounds: nobody there can fill our memory.

httpx unpacks whatever a server packed, as far as it goes: 30 KB become 30 MB, and 30 MB more than
any machine has. So unpacking is done here, a piece at a time, and what is read is counted after
it. This module imports httpx: it is loaded with the first request.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Protocol

import httpx

LARGEST_ANSWER = 32 * 1024 * 1024
"""Bytes of a body after unpacking. A page of 999 users with thirty attributes is below 2 MiB."""

ENCODING = "gzip"
"""What we say that we can unpack."""

_PIECE = 64 * 1024


class AnswerTooLarge(Exception):
    """The answer is larger than anything that is an answer to us. It was not read to its end."""


def bound(client: httpx.AsyncClient, largest: int) -> None:
    """Lets a client read no larger answers. It still closes its own transports."""
    client.headers["accept-encoding"] = ENCODING
    client._transport = Bounded(client._transport, largest)  # noqa: SLF001
    mounts = client._mounts.items()  # noqa: SLF001
    client._mounts = {at: each and Bounded(each, largest) for at, each in mounts}  # noqa: SLF001


class Bounded(httpx.AsyncBaseTransport):
    """A transport whose answers are at most ``largest`` bytes long, unpacked.

    What reads such an answer raises ``AnswerTooLarge``.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, largest: int) -> None:
        self._inner = inner
        self._largest = largest

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises ``httpx.DecodingError`` for a way of packing that was not offered."""
        response = await self._inner.handle_async_request(request)
        packed = response.headers.get("content-encoding", "identity").strip().lower()
        if packed not in (ENCODING, "identity"):
            await response.aclose()
            raise httpx.DecodingError(f"the answer is packed by {packed[:40]!r}", request=request)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        unpack = _Unzip() if packed == ENCODING else _AsItIs()
        headers = [
            (name, value)
            for name, value in response.headers.raw
            if name.lower() not in (b"content-encoding", b"content-length")
        ]
        return httpx.Response(
            response.status_code,
            headers=headers,
            stream=_Counted(response.stream, unpack, self._largest),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Closes the transport."""
        await self._inner.aclose()


class _Unpack(Protocol):
    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """What a chunk is, unpacked, in pieces of a bounded size."""
        ...


class _AsItIs:
    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        yield chunk


class _Unzip:
    def __init__(self) -> None:
        self._unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """Raises ``httpx.DecodingError``. A piece that is full may have more behind it."""
        while True:
            try:
                piece = self._unzip.decompress(chunk, _PIECE)
            except zlib.error as error:
                raise httpx.DecodingError(str(error)) from error
            yield piece
            chunk = self._unzip.unconsumed_tail
            if not chunk and len(piece) < _PIECE:
                return


class _Counted(httpx.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream, unpack: _Unpack, largest: int) -> None:
        self._inner = inner
        self._unpack = unpack
        self._largest = largest

    async def __aiter__(self) -> AsyncIterator[bytes]:
        came = unpacked = 0
        async for chunk in self._inner:
            came += len(chunk)
            for piece in self._unpack.pieces(chunk):
                unpacked += len(piece)
                # What comes counts too: behind the end of what is packed, anything may follow.
                if max(came, unpacked) > self._largest:
                    raise AnswerTooLarge(f"the answer is larger than {self._largest:,} bytes")
                yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()
