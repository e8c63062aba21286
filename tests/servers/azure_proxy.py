"""Between a program and Azurite: counts requests, and answers or breaks off as scripted.

What it does not forward reaches Azurite as little as a request that a network lost.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import aiohttp
import yarl
from aiohttp import web

from tests.servers.azurite import Azurite, connection_string

_HOP_BY_HOP = {"transfer-encoding", "connection", "content-length", "keep-alive"}


class Fault(NamedTuple):
    """What happens to one request. ``status``: the answer to it, which was not executed.

    ``lost``: the connection ends ``before`` it is executed, ``after``, without an answer, or
    ``midway`` in the answer; ``garbled``: its parts are no HTTP; ``hangs``: none ever comes.
    """

    status: int | None = None
    code: str = "ServerBusy"
    retry_after: str | None = None
    lost: str | None = None
    garbled: bool = False
    hangs: bool = False


class Seen(NamedTuple):
    """A request: its ``kind`` is that of ``kind_of``, ``text`` the path, the query and the body."""

    kind: str
    text: str


@dataclass
class Proxy:
    """Forwards to one service of Azurite. ``faults`` befall the next requests that ``befalls``."""

    target: str
    faults: list[Fault] = field(default_factory=list)
    befalls: Callable[[Seen], bool] = lambda seen: True
    seen: list[Seen] = field(default_factory=list)
    most_at_once: int = 0
    _at_once: int = 0

    @property
    def kinds(self) -> dict[str, int]:
        """How many requests of each kind have come."""
        return dict(Counter(seen.kind for seen in self.seen))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answers one request."""
        body = await request.read()
        seen = Seen(kind_of(request), f"{request.raw_path}\n{body.decode(errors='replace')}")
        self.seen.append(seen)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            fault = self.faults.pop(0) if self.faults and self.befalls(seen) else Fault()
            return await self._answer(request, body, fault)
        finally:
            self._at_once -= 1

    async def _answer(self, request: web.Request, body: bytes, fault: Fault) -> web.StreamResponse:
        if fault.hangs:
            await asyncio.Event().wait()
        if fault.status is not None:
            headers = {"x-ms-error-code": fault.code}
            if fault.retry_after is not None:
                headers["Retry-After"] = fault.retry_after
            error = {"code": fault.code, "message": {"lang": "en-US", "value": "As scripted."}}
            return web.json_response({"odata.error": error}, status=fault.status, headers=headers)
        answer = None if fault.lost == "before" else await self._forwarded(request, body)
        if answer is not None and fault.garbled:
            assert isinstance(answer.body, bytes)
            answer.body = answer.body.replace(b"HTTP/1.1", b"GARBLED")
        if answer is not None and fault.lost == "midway":
            return await _half(request, answer)
        if answer is None or fault.lost == "after":
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return answer

    async def _forwarded(self, request: web.Request, body: bytes) -> web.Response:
        url = yarl.URL(self.target + request.raw_path, encoded=True)
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP_BY_HOP}
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.request(
                request.method,
                url,
                headers=headers,
                data=body or None,
                # A header more, and the signature of the request is wrong.
                skip_auto_headers=["Content-Type"],
            ) as answer,
        ):
            kept = {k: v for k, v in answer.headers.items() if k.lower() not in _HOP_BY_HOP}
            return web.Response(status=answer.status, headers=kept, body=await answer.read())


async def _half(request: web.Request, answer: web.Response) -> web.StreamResponse:
    """Sends half of an answer, and ends the connection."""
    assert isinstance(answer.body, bytes)
    half = web.StreamResponse(status=answer.status, headers=answer.headers)
    half.content_length = max(2, len(answer.body))
    await half.prepare(request)
    await half.write(answer.body[: len(answer.body) // 2] or b"x")
    assert request.transport is not None
    request.transport.abort()
    return half


def kind_of(request: web.Request) -> str:
    """What a request asks for: ``batch``, ``query``, ``get``, ``put``, ``delete`` and so on."""
    if request.path.endswith("/$batch"):
        return "batch"
    if request.method == "GET" and "PartitionKey=" not in request.path:
        return "query"
    return request.query.get("comp") or request.method.lower()


@asynccontextmanager
async def between(azurite: Azurite, service: str) -> AsyncIterator[tuple[Proxy, Mapping[str, str]]]:
    """A proxy before one service of Azurite, and the environment of a program that uses it."""
    proxy = Proxy(f"http://127.0.0.1:{azurite.ports[service]}")
    application = web.Application(client_max_size=16 * 1024 * 1024)
    application.router.add_route("*", "/{path:.*}", proxy.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        given = connection_string({**azurite.ports, service: port})
        yield proxy, {"AzureWebJobsStorage": given}
    finally:
        await runner.cleanup()
