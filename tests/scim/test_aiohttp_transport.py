"""The transport over real sockets on loopback."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from provisioning.apply.sending.sender import Halted
from provisioning.errors import LeaseUnavailable
from provisioning.fence import fenced
from provisioning.scim import aiohttp_transport
from provisioning.scim.aiohttp_transport import AiohttpTransport
from provisioning.scim.transport import AnswerBroken, AnswerTooLarge, Closable, NotSent

Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[object]]
OK = b"HTTP/1.1 200 OK\r\nX-Name: Value\r\nContent-Length: 2\r\n\r\n{}"


@asynccontextmanager
async def serving(handle: Handle) -> AsyncIterator[str]:
    """A raw server; ``handle`` gets each connection."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handle(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@pytest.fixture
async def transport() -> AsyncIterator[AiohttpTransport]:
    made = AiohttpTransport(timeout_seconds=5)
    yield made
    await made.close()


async def head(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def test_what_goes_out_and_what_comes_back(transport: AiohttpTransport) -> None:
    """The URL as encoded by the caller, the headers, the body; a kept connection."""
    seen = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            seen.append(await head(reader) + await reader.readexactly(3))
            writer.write(OK)

    async with serving(handle) as url:
        for _ in range(2):
            headers = {"authorization": "Bearer t", "content-type": "application/scim+json"}
            got = await transport.request("PATCH", f"{url}/a%2Fb?f=%22x%22%40", headers, b"abc")
            assert (got.status, got.headers["x-name"], got.body) == (200, "Value", b"{}")
    assert len(seen) == 2
    assert seen[0].startswith(b"PATCH /a%2Fb?f=%22x%22%40 HTTP/1.1\r\n")
    assert b"authorization: Bearer t\r\n" in seen[0]
    assert b"content-type: application/scim+json\r\n" in seen[0]
    assert seen[0].endswith(b"\r\n\r\nabc")


async def test_redirects_and_cookies_are_not_followed(transport: AiohttpTransport) -> None:
    """Both are handed to the caller as they are."""
    seen = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            seen.append(await head(reader))
            writer.write(
                b"HTTP/1.1 307 Go\r\nLocation: /other\r\nSet-Cookie: a=b\r\n"
                b"Content-Length: 0\r\n\r\n"
            )

    async with serving(handle) as url:
        for _ in range(2):
            assert (await transport.request("GET", url, {}, None)).status == 307
    assert not any(b"/other" in one or b"Cookie" in one for one in seen)


async def test_a_refused_connection_was_not_sent(transport: AiohttpTransport) -> None:
    """Nobody listens there."""
    async with serving(lambda *_: asyncio.sleep(0)) as url:
        pass
    with pytest.raises(NotSent):
        await transport.request("POST", url, {}, b"{}")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "reply", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", b"junk\r\n\r\n"]
)
async def test_an_answer_that_breaks_off(
    transport: AiohttpTransport, method: str, reply: bytes
) -> None:
    """The request was sent: it may have been executed."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(reply)

    async with serving(handle) as url:
        with pytest.raises(AnswerBroken):
            await transport.request(method, url, {}, None)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
async def test_a_broken_kept_connection_is_not_tried_again(
    transport: AiohttpTransport, method: str
) -> None:
    """Aiohttp repeats idempotent requests by itself; a request here is sent once."""
    seen = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await head(reader))
        writer.write(OK)
        seen.append(await head(reader))

    async with serving(handle) as url:
        await transport.request(method, url, {}, None)
        with pytest.raises(AnswerBroken):
            await transport.request(method, url, {}, None)
    assert len(seen) == 2


async def test_time_runs_out_after_sending() -> None:
    """The total bounds the wait for the answer; it ends near the second, not rounded up."""
    transport = AiohttpTransport(timeout_seconds=0.1)
    released = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await head(reader)
        await released.wait()

    async with serving(handle) as url:
        with pytest.raises(AnswerBroken, match="Timeout"):
            await transport.request("POST", url, {}, b"")
        released.set()
    await transport.close()


async def test_time_runs_out_before_sending() -> None:
    """A TLS handshake that nobody answers: not a byte of the request has left."""
    transport = AiohttpTransport(timeout_seconds=0.1)
    released = asyncio.Event()

    async with serving(lambda *_: released.wait()) as url:
        with pytest.raises(NotSent, match="Timeout"):
            await transport.request("POST", url.replace("http:", "https:"), {}, b"{}")
        released.set()
    await transport.close()


async def test_an_answer_that_is_too_large(
    transport: AiohttpTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted after decompression, so that a small body cannot fill the memory."""
    monkeypatch.setattr(aiohttp_transport, "LARGEST_ANSWER", 10_000)
    body = gzip.compress(b"x" * 10_001)
    exact = b"y" * 10_000

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        writer.write(body)
        await writer.drain()

    async def handle_exact(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n" + exact)
        await writer.drain()

    async with serving(handle) as url:
        with pytest.raises(AnswerTooLarge):
            await transport.request("GET", url, {}, None)
    async with serving(handle_exact) as url:
        assert (await transport.request("GET", url, {}, None)).body == exact


async def test_a_closed_transport_opens_again(transport: AiohttpTransport) -> None:
    """Closing twice is closing; a later request makes a new session."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(OK)

    async with serving(handle) as url:
        await transport.request("GET", url, {}, None)
        await transport.close()
        await transport.close()
        assert (await transport.request("GET", url, {}, None)).status == 200
    assert isinstance(transport, Closable)


async def test_nothing_is_written_once_the_lease_has_ended(transport: AiohttpTransport) -> None:
    """The process was paused while it connected: the last look finds the lease gone."""
    got: list[bytes] = []
    looks = iter([True, False])

    async def handle(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        got.append(await reader.read(1000))

    async with serving(handle) as url:
        with pytest.raises(LeaseUnavailable), fenced(lambda: next(looks), lambda: None):
            await transport.request("DELETE", f"{url}/Users/1", {}, None)
        await transport.close()
        await asyncio.sleep(0.05)
    assert got in ([], [b""])


async def test_a_stop_that_comes_while_it_connects_keeps_the_request_from_being_written(
    transport: AiohttpTransport,
) -> None:
    """What an operator has ordered is looked at when the connection stands, and not before."""
    got: list[bytes] = []
    order: list[str] = []

    async def handle(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        order.append("connected")
        got.append(await reader.read(1000))

    async def look() -> None:
        await asyncio.sleep(0.05)
        order.append("looked")
        raise Halted

    async with serving(handle) as url:
        with pytest.raises(Halted), fenced(lambda: True, lambda: order.append("written"), look):
            await transport.request("DELETE", f"{url}/Users/1", {}, None)
        await transport.close()
        await asyncio.sleep(0.05)
    assert order == ["connected", "looked"]
    assert got in ([], [b""])


async def test_the_moment_of_writing_is_told_after_the_connection_stands(
    transport: AiohttpTransport,
) -> None:
    order: list[str] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        order.append("connected")
        await head(reader)
        order.append("received")
        writer.write(OK)

    async with serving(handle) as url:
        with fenced(lambda: True, lambda: order.append("written")):
            await transport.request("GET", f"{url}/Users", {}, None)
    assert order.index("written") < order.index("received")
    assert order.count("written") == 1
