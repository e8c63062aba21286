"""scim2-server as a child of the suite: ``python -m tests.servers.scim2 [port]``.

The package's own command serves HTTP/1.0, a connection for each request. Here aiohttp carries the
requests to its ASGI application instead, over its asynchronous in-memory storage. The child
speaks as ``child.mjs`` says: token from SCIM_SERVER_TOKEN, one JSON line when ready, "reset" on
stdin, ends with stdin.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

from aiohttp import web
from scim2_models import ScimProvider, UnauthorizedException
from scim2_server.applications.asgi import ASGIApplication
from scim2_server.memory import AsyncInMemoryStorage
from scim2_server.requests import ScimRequest
from scim2_server.utils import load_default_provider

HOST = "127.0.0.1"
PREFIX = "/v2"
KEEP_ALIVE_SECONDS = 120.0
"""Longer than a client keeps an idle connection, so that never the server closes first."""


class TokenApplication(ASGIApplication):
    """The application behind one static bearer token."""

    def __init__(self, token: str, provider: ScimProvider) -> None:
        super().__init__(AsyncInMemoryStorage(), provider)
        self._expected = f"Bearer {token}"

    def check_auth(self, request: ScimRequest) -> None:
        if request.header("Authorization") != self._expected:
            raise UnauthorizedException


class Child:
    """The HTTP server, whose application is replaced by a reset."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._provider = load_default_provider()
        self.reset()

    def reset(self) -> None:
        self._application = TokenApplication(self._token, self._provider)

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Answer one request with what the SCIM application answers."""
        response = await self._application.serve(
            ScimRequest(
                method=request.method,
                base_url=f"http://{request.host}{PREFIX}",
                path=ASGIApplication.split_path(request.path),
                query=dict(request.query),
                headers=list(request.headers.items()),
                body=await request.read(),
            )
        )
        body = b"" if response.body is None else json.dumps(response.body).encode()
        return web.Response(status=int(response.status), headers=response.headers, body=body)


async def serve(token: str, port: int) -> None:
    """Serve until stdin ends."""
    child = Child(token)
    runner = web.ServerRunner(
        web.Server(child.handle), keepalive_timeout=KEEP_ALIVE_SECONDS, access_log=None
    )
    await runner.setup()
    site = web.TCPSite(runner, HOST, port)
    await site.start()
    _, bound_port = runner.addresses[0][:2]
    say({"url": f"http://{HOST}:{bound_port}{PREFIX}", "token": token})
    while line := await asyncio.to_thread(sys.stdin.readline):
        if line.strip() != "reset":
            raise ValueError(f"unknown command: {line}")
        child.reset()
        say({"reset": True})
    await runner.cleanup()


def say(message: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    arguments = sys.argv[1:] or ["0"]
    asyncio.run(serve(os.environ["SCIM_SERVER_TOKEN"], int(arguments[0])))
