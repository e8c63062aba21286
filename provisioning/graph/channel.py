"""One exchange with Graph: sent, retried within bounds, counted.

This is the only retry policy of Graph's requests. Any may be repeated: nearly all only read, and a
subscription that was made by a request whose answer got lost is found when it is made again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from provisioning.errors import RemoteError, RemoteUnavailable
from provisioning.graph.allowance import Allowance
from provisioning.graph.urls import path_template
from provisioning.graph.wire import Answer, Decode, Request, Undecodable
from provisioning.instrumentation import SILENT, Remote, Telemetry
from provisioning.ports import Clock

T = TypeVar("T")


class Transport(Protocol):
    """What carries requests to Graph."""

    async def send(self, request: Request) -> Answer:
        """Sends the request once. Raises ``RemoteUnavailable`` when no answer came."""
        ...


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Bounds of the retries of one request. Waits are in seconds, ``total`` is their sum."""

    attempts: int = 6
    total: float = 180.0
    first: float = 1.0
    longest: float = 30.0

    def backoff(self, attempt: int, random: float) -> float:
        """The wait after the attempt (1-based): doubling, with half of it left to chance."""
        wait = min(self.longest, self.first * 2.0 ** (attempt - 1))
        return wait * (0.5 + random / 2)


class Channel:
    """Sends requests through a transport and makes values of the answers."""

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        policy: RetryPolicy,
        random: Callable[[], float],
        telemetry: Telemetry = SILENT,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._policy = policy
        self._random = random
        self._telemetry = telemetry
        self._allowance = Allowance()
        self.requests = 0
        self.throttled = 0
        self.clock_ahead: float | None = None

    async def fetch(self, request: Request, decode: Decode[T], received: Answer | None = None) -> T:
        """The decoded answer. ``received`` is an answer that came already, inside a ``$batch``.

        Repeats on 429, 5xx, time-out, lost connection and truncated JSON; a wait that the server
        asks for is kept. Raises the last error when the attempts or the total wait are used up.
        """
        waited = 0.0
        attempt = 1
        while True:
            answer = received
            received = None
            try:
                answer = answer or await self._send(request, attempt)
                self._allowance.observe(answer)
                self.throttled += answer.status == 429
                return decode(answer, request)
            except (RemoteUnavailable, Undecodable) as error:
                delay = self._delay(attempt, answer, waited, error)
            await self._clock.sleep(delay)
            waited += delay
            attempt += 1

    async def _send(self, request: Request, attempt: int) -> Answer:
        while wait := self._allowance.wait(self._clock.time()):
            await self._clock.sleep(wait)
        self.requests += 1
        template = path_template(request.url)
        with self._telemetry.request(Remote.GRAPH, request.method, template, attempt) as exchange:
            answer = await self._transport.send(request)
            exchange.answered(answer.status)
        if answer.date is not None:
            self.clock_ahead = answer.time - answer.date
        return answer

    def _delay(
        self, attempt: int, answer: Answer | None, waited: float, error: RemoteError
    ) -> float:
        """The wait before the next attempt. Raises the error when there is none."""
        asked = answer.retry_after if answer is not None else None
        if answer is not None and asked is not None:
            delay = max(0.0, answer.time + asked - self._clock.time())
        else:
            delay = self._policy.backoff(attempt, self._random())
        if attempt >= self._policy.attempts or waited + delay > self._policy.total:
            raise error
        return delay
