"""A caller of the Entra simulator inside the test's process, and a mirror fed by its deltas."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulator.entra import EntraSimulator, Tenant
from simulator.http import Request, Response

ORIGIN = "http://graph.example.com"
START = 1_800_000_000.0


class StillClock:
    """Stands still until it is moved; a sleep moves it."""

    def __init__(self) -> None:
        self.now = START

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    document: Any

    @property
    def rows(self) -> list[dict[str, Any]]:
        assert self.status == 200, self.document
        return list(self.document["value"])

    @property
    def ids(self) -> list[str]:
        return [row["id"] for row in self.rows]

    @property
    def code(self) -> str:
        return str(self.document["error"]["code"])


class Caller:
    """Sends requests to one simulator and decodes the answers."""

    def __init__(self, tenant: Tenant, **options: Any) -> None:
        self.clock = StillClock()
        self.tenant = tenant
        self.simulator = EntraSimulator(tenant, self.clock, **options)

    async def raw(
        self, method: str, url: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        full = url if url.startswith("http") else f"{ORIGIN}{url}"
        content = b"" if body is None else json.dumps(body).encode()
        return await self.simulator.handle(Request(method, full, dict(headers or {}), content))

    async def send(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        url = path if path.startswith("http") else f"/v1.0{path}"
        answer = await self.raw(method, url, body, headers)
        document = None
        if answer.headers.get("content-type", "").startswith("application/json"):
            document = json.loads(answer.body)
        elif answer.body:
            document = answer.body.decode()
        return Answer(answer.status, answer.headers, document)

    async def get(self, path: str, **headers: str) -> Answer:
        """GET; ``_`` in header names stands for ``-``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.send("GET", path, headers=named)

    async def pages(self, path: str, **headers: str) -> list[Answer]:
        """All pages of a list or a delta round."""
        pages = [await self.get(path, **headers)]
        while pages[-1].status == 200 and "@odata.nextLink" in pages[-1].document:
            pages.append(await self.get(pages[-1].document["@odata.nextLink"], **headers))
        return pages

    async def ids(self, path: str, **headers: str) -> list[str]:
        """The ids of all rows of all pages."""
        return [id for page in await self.pages(path, **headers) for id in page.ids]

    async def round(self, link: str, **headers: str) -> tuple[list[dict[str, Any]], str]:
        """The rows of one delta round, and the link to the next."""
        pages = await self.pages(link, **headers)
        for page in pages:
            assert ("@odata.nextLink" in page.document) != ("@odata.deltaLink" in page.document)
        rows = [row for page in pages for row in page.rows]
        return rows, pages[-1].document["@odata.deltaLink"]

    async def control(self, action: str, **arguments: Any) -> Any:
        answer = await self.raw("POST", f"/control/{action}", arguments)
        document = json.loads(answer.body)
        assert answer.status == 200, document
        return document


@dataclass
class Mirror:
    """What a client knows that takes every delta row as a state."""

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    removed: dict[str, str] = field(default_factory=dict)

    def apply(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            id = row["id"]
            if "@removed" in row:
                self.removed[id] = row["@removed"]["reason"]
                self.objects.pop(id, None)
                self.members.pop(id, None)
                continue
            self.removed.pop(id, None)
            known = self.objects.setdefault(id, {})
            known.update({name: value for name, value in row.items() if "@" not in name})
            if "manager@delta" in row:
                kept = [one["id"] for one in row["manager@delta"] if "@removed" not in one]
                known["manager"] = kept[0] if kept else None
            members = self.members.setdefault(id, set())
            for one in row.get("members@delta", []):
                (members.discard if "@removed" in one else members.add)(one["id"])
