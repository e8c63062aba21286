"""A webhook for the tests: it shakes hands, and keeps what it is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from provisioning.ports import Clock
from simulator.http import Handler, Request, Response

GRAPH_WAITS = 10.0


class Webhook:
    """Answers as it should, unless told otherwise.

    ``slow`` are the seconds that each of the next requests takes; ``broken`` are answers, or errors
    of the connection, for the next ones. ``down`` keeps every one from being answered rightly.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.slow: list[float] = []
        self.broken: list[Response | Exception] = []
        self.down = False
        self.handshakes: list[str] = []
        self.items: list[dict[str, Any]] = []

    async def handle(self, request: Request) -> Response:
        if self.slow:
            await self._clock.sleep(self.slow.pop(0))
        if self.down:
            return Response(503)
        if self.broken:
            answer = self.broken.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        token = request.query.get("validationToken")
        if token is not None:
            self.handshakes.append(request.url)
            return Response(200, {"content-type": "text/plain; charset=utf-8"}, token.encode())
        self.items += json.loads(request.body)["value"]
        return Response(202)


def graph_post(receiver: Handler) -> Any:
    """How Graph calls the receiver: without a socket, and with its patience of 10 seconds."""

    async def post(
        url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        async with asyncio.timeout(GRAPH_WAITS):
            answer = await receiver.handle(Request("POST", url, headers, body))
        return answer.status, answer.headers, answer.body

    return post
