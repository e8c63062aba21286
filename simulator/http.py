"""The one request and response shape of both simulators, and the aiohttp server that speaks it.

A simulator is an object with ``async handle(request) -> Response``. The same object answers over a
socket (``Server``) or inside the caller's process, so that a test can run it on a simulated clock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. ``url`` is absolute; header names are lower case."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def path(self) -> str:
        """The decoded path, without the query."""
        return unquote(urlsplit(self.url).path)

    @property
    def query(self) -> dict[str, str]:
        """The decoded query; of a repeated name the last value counts."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    @property
    def origin(self) -> str:
        """Scheme, host and port as the caller addressed them, for links in answers."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def json(self) -> Any:
        """The body as JSON. Raises ``ValueError`` when it is none."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer. ``drop`` closes the connection without one: the caller never learns."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    drop: bool = False


def json_response(
    status: int,
    document: Any,
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An answer whose body is the document as JSON."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status, {"content-type": content_type, **(headers or {})}, body)


class Handler(Protocol):
    """What a simulator is to the outside."""

    async def handle(self, request: Request) -> Response: ...


class Server:
    """Serves a handler on a loopback port. ``port`` 0 picks a free one; ``url`` tells which."""

    def __init__(self, handler: Handler, host: str = "127.0.0.1", port: int = 0) -> None:
        self._handler = handler
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> Server:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{tail:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        self.url = f"http://{self._host}:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        # The raw path keeps percent-encoding that the simulators must see as it was sent.
        url = f"{request.scheme}://{request.host}{request.raw_path}"
        headers = {name.lower(): value for name, value in request.headers.items()}
        answer = await self._handler.handle(
            Request(request.method, url, headers, await request.read())
        )
        if answer.drop:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        return web.Response(status=answer.status, headers=dict(answer.headers), body=answer.body)
