"""A relay before ZSCloud: it notes when which instance sent a request."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_REQUEST = re.compile(rb"^(?:GET|POST|PUT|PATCH|DELETE) \S+ HTTP/1\.1\r\n", re.MULTILINE)
_CHUNK = 65_536


@dataclass
class Relay:
    """``url`` is the SCIM base URL to give to the instance; ``sent`` are epoch seconds."""

    url: str
    sent: list[float] = field(default_factory=list)


@asynccontextmanager
async def relay(scim_url: str) -> AsyncIterator[Relay]:
    """Passes bytes on in both directions, and notes each request line that goes out."""
    parts = urlsplit(scim_url)
    found: list[Relay] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.CancelledError):
            back, out = await asyncio.open_connection(parts.hostname, parts.port)
            async with asyncio.TaskGroup() as group:
                group.create_task(_pass(reader, out, found[0].sent))
                group.create_task(_pass(back, writer, None))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    found.append(Relay(f"http://127.0.0.1:{port}{parts.path}"))
    try:
        yield found[0]
    finally:
        server.close()


async def _pass(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: list[float] | None
) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(_CHUNK):
            if sent is not None:
                sent += [time.time()] * len(_REQUEST.findall(chunk))
            writer.write(chunk)
            await writer.drain()
    writer.close()
