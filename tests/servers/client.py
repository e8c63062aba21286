"""A plain SCIM client of the tests' own: it shares no code with the program.

It sends what it is told and shows what came back. A session lives for one call, so that a client
may be used from the event loop of any test.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

SCIM_JSON = "application/scim+json"
PAGE = 100

Resource = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What a server answered: the status, its headers, and the JSON body or None."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def ok(self) -> bool:
        return self.status < 300


@dataclass(frozen=True)
class PlainClient:
    """Requests to one server. ``url`` has /Users below it; an empty token sends none."""

    url: str
    token: str
    timeout_seconds: float = 30.0

    async def request(
        self,
        method: str,
        path: str,
        body: object = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request. ``headers`` come on top of Accept, Authorization and Content-Type."""
        sent = {"Accept": SCIM_JSON, "Content-Type": SCIM_JSON}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        timeout = aiohttp.ClientTimeout(total=self.timeout_seconds)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.request(
                method,
                f"{self.url}{path}",
                data=None if body is None else json.dumps(body).encode(),
                params=params,
                headers={**sent, **(headers or {})},
            ) as response,
        ):
            text = await response.text()
            return Answer(response.status, response.headers.copy(), json.loads(text or "null"))

    async def all(self, path: str) -> list[Resource]:
        """Every resource of a list, page by page (RFC 7644 section 3.4.2.4).

        :raises AssertionError: a page failed, repeats an id, or the list ends before its total.
        """
        found: dict[str, Resource] = {}
        while True:
            start = {"startIndex": str(len(found) + 1), "count": str(PAGE)}
            answer = await self.request("GET", path, params=start)
            assert answer.status == 200, f"GET {path} {start}: {answer.status} {answer.body}"
            page = answer.body.get("Resources") or []
            repeated = [each["id"] for each in page if each["id"] in found]
            assert not repeated, f"GET {path} {start} repeats {repeated}"
            found.update((each["id"], each) for each in page)
            if len(found) >= answer.body["totalResults"]:
                return list(found.values())
            assert page, f"GET {path} ended after {len(found)} of {answer.body['totalResults']}"
