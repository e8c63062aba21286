"""A Graph that answers from a script, and a clock that only counts."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

from provisioning.graph import GraphSource

BASE = "http://127.0.0.1:8080/v1.0"
SERVICE_PRINCIPAL = "8e881353-1735-45af-af21-ee1344582a4d"
NOW = 1_760_000_000.0

Step = httpx.Response | Exception


class FakeClock:
    """Time moves by sleeping only."""

    def __init__(self) -> None:
        self.now = NOW
        self.slept: list[float] = []

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


class Script:
    """Answers or errors in order. A request beyond the last one fails the test."""

    def __init__(self, *steps: Step) -> None:
        self._steps = list(steps)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        assert self._steps, f"unexpected request {request.method} {request.url}"
        step = self._steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    @property
    def urls(self) -> list[str]:
        """The requests' URLs, relative to the endpoint where they lie below it."""
        return [str(request.url).removeprefix(BASE) for request in self.requests]

    @property
    def done(self) -> bool:
        return not self._steps

    def body(self, index: int) -> Any:
        return json.loads(self.requests[index].content)


def answer(document: object, status: int = 200, **headers: str) -> httpx.Response:
    """A JSON answer; underscores in header names stand for hyphens."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    kind = {"content-type": "application/json;odata.metadata=minimal;charset=utf-8"}
    return httpx.Response(status, headers={**kind, **fields}, content=json.dumps(document))


def refusal(
    status: int, code: str = "generalException", message: str = "", **headers: str
) -> httpx.Response:
    """Graph's form of an error."""
    return answer({"error": {"code": code, "message": message}}, status, **headers)


def page(rows: list[Any], next_link: str | None = None, **links: str) -> httpx.Response:
    """A page of a list; ``delta_link`` ends a delta round."""
    document: dict[str, Any] = {"value": rows}
    if next_link is not None:
        document["@odata.nextLink"] = next_link
    if "delta_link" in links:
        document["@odata.deltaLink"] = links["delta_link"]
    return answer(document)


def user_row(id: str, **properties: object) -> dict[str, Any]:
    """A user as a full read shows it."""
    row = {"id": id, "accountEnabled": True, "userPrincipalName": f"{id}@example.com"}
    return {**row, **properties}


def source_for(script: Script, clock: FakeClock | None = None, **options: Any) -> GraphSource:
    """A source that talks to the script; chance always says one half."""
    arguments: dict[str, Any] = {
        "base_url": BASE,
        "service_principal_id": SERVICE_PRINCIPAL,
        "user_properties": ("userPrincipalName", "department"),
        "group_properties": ("displayName",),
        "clock": clock or FakeClock(),
        "http_client_factory": lambda: httpx.AsyncClient(transport=httpx.MockTransport(script)),
        "random": lambda: 0.5,
    }
    return GraphSource(**{**arguments, **options})
