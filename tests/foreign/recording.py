"""What the program sent to a server, and how it was answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from provisioning.scim.aiohttp_transport import AiohttpTransport
from provisioning.scim.transport import Answer
from tests.foreign.loop import running_loop


@dataclass(frozen=True)
class SentRequest:
    """One request. ``path`` is decoded, without the query; ``body`` the JSON sent, or None."""

    method: str
    path: str
    query: str
    body: Any
    status: int
    answer: str

    @property
    def refused(self) -> bool:
        """Whether the server did not do it."""
        return self.status >= 400


class RecordingTransport:
    """The program's own transport, over sockets. ``requests`` are in the order of the answers."""

    def __init__(self, timeout_seconds: float = 20.0) -> None:
        self.requests: list[SentRequest] = []
        self._transport = AiohttpTransport(timeout_seconds)

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        """See ``provisioning.scim.transport.Transport``."""
        with running_loop().waiting_for_an_answer():
            answer = await self._transport.request(method, url, headers, body)
        parts = urlsplit(url)
        self.requests.append(
            SentRequest(
                method,
                unquote(parts.path),
                parts.query,
                json.loads(body) if body else None,
                answer.status,
                answer.body.decode(),
            )
        )
        return answer

    async def close(self) -> None:
        """Closes the connections; a later request opens new ones."""
        await self._transport.close()
