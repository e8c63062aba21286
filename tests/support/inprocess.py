"""A simulator behind an HTTP client without a socket, so that it can run on simulated time."""

from __future__ import annotations

import httpx

from simulator.http import Handler, Request


class _InProcessTransport(httpx.AsyncBaseTransport):
    """Gives each request to the handler, in the caller's task."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        headers = {name.lower(): value for name, value in request.headers.items()}
        answer = await self._handler.handle(
            Request(request.method, str(request.url), headers, body)
        )
        if answer.drop:
            raise httpx.RemoteProtocolError(
                "Server disconnected without sending a response.", request=request
            )
        return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.body)


def httpx_client_for(handler: Handler) -> httpx.AsyncClient:
    """A client whose every request, to whatever host, is answered by the handler.

    A dropped answer raises ``httpx.RemoteProtocolError``, as a closed connection does.
    """
    return httpx.AsyncClient(transport=_InProcessTransport(handler), trust_env=False)
