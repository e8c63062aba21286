"""The ways from the program to both servers: without sockets, and watched."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from provisioning.errors import RemoteUnavailable
from provisioning.fence import at_the_wire
from provisioning.graph.wire import GRAPH
from provisioning.graph.wire import Answer as GraphAnswer
from provisioning.graph.wire import Request as GraphRequest
from provisioning.lease import REQUEST_TIMEOUT
from provisioning.scim.transport import Answer, AnswerBroken, NotSent
from simulator.entra import EntraSimulator
from simulator.http import Request, Response
from simulator.zscloud import ZSCloudSimulator
from tests.soak.answers import Answers
from tests.soak.loop import OUTSIDE

_BASE = "http://127.0.0.1:8001/v1.0/"


class Scim:
    """A ``Transport`` to the ZSCloud simulator. A request that has arrived is executed, also when
    its sender is killed or gives up. ``sent`` is told of each one, at the moment it arrives, and
    ``answers`` of what its sender hears.
    """

    def __init__(
        self, zscloud: ZSCloudSimulator, sent: Callable[[str, str], None], answers: Answers
    ) -> None:
        self._zscloud = zscloud
        self._sent = sent
        self._answers = answers
        self.refused = False
        """Nobody listens: a connection is refused before anything is sent."""

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        """One exchange. Raises ``NotSent``, ``AnswerBroken``, ``LeaseUnavailable``."""
        lower = {name.lower(): value for name, value in headers.items()}
        await asyncio.sleep(0)  # a connection is waited for
        if self.refused:
            if method == "GET":  # A write is as if nobody had thought of it.
                self._answers.heard(method, url, body, None)
            raise NotSent("connection refused")
        # The last look, as the real transport has it; nothing is awaited after it.
        at_the_wire()
        self._sent(method, url)
        request = Request(method, url, lower, body or b"")
        handling = asyncio.get_running_loop().create_task(
            self._zscloud.handle(request), context=OUTSIDE.copy()
        )
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT):
                answer: Response = await asyncio.shield(handling)
        except TimeoutError:
            self._answers.heard(method, url, body, None)
            raise AnswerBroken("no answer in time") from None
        await asyncio.sleep(0)
        self._answers.heard(method, url, body, None if answer.drop else answer)
        if answer.drop:
            raise AnswerBroken("connection closed")
        names = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status, names, answer.body)


class Graph:
    """A transport of ``graph.channel`` to the Entra simulator: the SDK's own costs most of a run,
    and is tested elsewhere.
    """

    def __init__(self, entra: EntraSimulator, time: Callable[[], float]) -> None:
        self._entra = entra
        self._time = time

    async def send(self, request: GraphRequest) -> GraphAnswer:
        """One exchange. Raises ``RemoteUnavailable`` when no answer came."""
        url = request.url if request.url.startswith("http") else _BASE + request.url.lstrip("/")
        headers = {name.lower(): value for name, value in request.headers.items()}
        body: Any = request.body
        await asyncio.sleep(0)
        answer = await self._entra.handle(Request(request.method, url, headers, body or b""))
        if answer.drop:
            raise RemoteUnavailable(GRAPH, request.operation, "connection closed")
        names = {name.lower(): value for name, value in answer.headers.items()}
        return GraphAnswer(answer.status, names, answer.body, self._time())

    async def close(self) -> None:
        """Nothing to close."""
