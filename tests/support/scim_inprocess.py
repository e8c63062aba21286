"""The ZSCloud simulator as a SCIM transport without a socket, for simulated time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from provisioning.ports import Clock
from provisioning.scim.transport import Answer, AnswerBroken
from simulator.http import Handler, Request


class InProcessScim:
    """Gives each request to the simulator. A dropped answer, and one that comes too late, is an
    answer broken off: the request may have been executed.
    """

    def __init__(self, handler: Handler, clock: Clock, timeout_seconds: float) -> None:
        self._handler = handler
        self._clock = clock
        self._timeout = timeout_seconds

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        lower = {name.lower(): value for name, value in headers.items()}
        request = Request(method, url, lower, body or b"")
        # A place to be killed at before the server has seen it, and one after.
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._handler.handle(request)
        except TimeoutError:
            raise AnswerBroken("no answer in time") from None
        await asyncio.sleep(0)
        if answer.drop:
            raise AnswerBroken("connection closed")
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status, headers, answer.body)
