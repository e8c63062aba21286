"""A Graph that sends more than anybody asked for."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from provisioning.errors import EndpointUnfit, ProtocolError, RemoteUnavailable, Unfit
from provisioning.graph import Handshake, bounded, endpoint
from tests.graph.scripted import FakeClock, Script, answer, source_for

JSON = {"content-type": "application/json"}
MEGABYTE = 1 << 20


class Endless(httpx.AsyncByteStream):
    """The beginning, then the same for ever; ``sent`` counts bytes."""

    def __init__(self, first: bytes, more: Callable[[], bytes]) -> None:
        self.sent = 0
        self._first = first
        self._more = more

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunk = self._first
        while True:
            self.sent += len(chunk)
            assert self.sent < 200 * MEGABYTE, "it is read without end"
            yield chunk
            chunk = self._more()


def packed(stream: httpx.AsyncByteStream, how: str | None) -> httpx.Response:
    headers = JSON if how is None else {**JSON, "content-encoding": how}
    return httpx.Response(200, headers=headers, stream=stream)


async def refused(response: httpx.Response, words: str) -> None:
    script = Script(response)
    source = source_for(script)
    with pytest.raises(ProtocolError, match=words):
        await source.find_groups("x")
    assert len(script.requests) == 1, "it is not asked for again"


async def test_an_answer_without_end() -> None:
    stream = Endless(b'{"value":[', lambda: b" " * MEGABYTE)
    await refused(packed(stream, None), "larger than 33,554,432 bytes")
    assert stream.sent < bounded.LARGEST_ANSWER + 2 * MEGABYTE


async def test_an_answer_that_unpacks_without_end() -> None:
    """A hundred kilobytes that are a hundred megabytes: never in memory, not for a moment."""
    zip = zlib.compressobj(wbits=31)
    bomb = zip.compress(bytes(100 * MEGABYTE)) + zip.flush()
    tracemalloc.start()
    try:
        await refused(packed(httpx.ByteStream(bomb), "gzip"), "larger than")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2.5 * bounded.LARGEST_ANSWER


async def test_what_follows_the_end_of_what_is_packed_counts() -> None:
    stream = Endless(gzip.compress(b"{}"), lambda: bytes(MEGABYTE))
    await refused(packed(stream, "gzip"), "larger than")


@pytest.mark.parametrize("how", ["br", "deflate", "gzip, gzip", "x" * 1000])
async def test_what_was_not_offered_is_not_unpacked(how: str) -> None:
    responses = [packed(httpx.ByteStream(b"{}"), how) for _ in range(6)]
    source = source_for(Script(*responses))
    with pytest.raises(RemoteUnavailable, match="is packed by"):
        await source.find_groups("x")


async def test_broken_packing_is_no_answer() -> None:
    responses = [packed(httpx.ByteStream(b"no gzip"), "gzip") for _ in range(6)]
    with pytest.raises(RemoteUnavailable):
        await source_for(Script(*responses)).find_groups("x")


@pytest.mark.parametrize("rows", [0, 20_000])
async def test_packed_answers_are_read(rows: int) -> None:
    """Also those of many pieces; gzip is all that is offered."""
    people = [{"id": str(n), "displayName": f"Group {n}"} for n in range(rows)]
    plain = answer({"value": people}).content
    chunks = [gzip.compress(plain)[n : n + 1000] for n in range(0, len(gzip.compress(plain)), 1000)]

    class Pieces(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for each in chunks:
                yield each

    script = Script(packed(Pieces(), "gzip"))
    assert len(await source_for(script).find_groups("x")) == rows
    assert script.requests[0].headers["accept-encoding"] == "gzip"


async def test_an_endpoint_that_answers_the_handshake_without_end() -> None:
    streams = [Endless(b"x", lambda: b"x" * MEGABYTE) for _ in range(endpoint.TRIES)]
    script = Script(*[packed(each, None) for each in streams])
    probe = Handshake(
        FakeClock(),
        http_client_factory=lambda: httpx.AsyncClient(transport=httpx.MockTransport(script)),
    )
    with pytest.raises(EndpointUnfit) as raised:
        await probe.probe("https://app.example.com/api/notifications")
    assert raised.value.seen is Unfit.BODY
