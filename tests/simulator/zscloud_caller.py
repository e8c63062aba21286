"""A SCIM client without manners, and a clock that only sleeping moves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from simulator.http import Request, Response
from simulator.zscloud import Options, ZSCloudSimulator

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SEARCH_REQUEST = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
START = 1_800_000_000.0


class FakeClock:
    """Stands still, except that sleeping moves it."""

    def __init__(self) -> None:
        self.now = START

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its body parsed, None if there is none."""

    status: int
    body: Any
    headers: Mapping[str, str]
    raw: Response


class Caller:
    """Calls a simulator in process. Unlimited and lenient unless the options say otherwise."""

    def __init__(self, **options: Any) -> None:
        self.clock = FakeClock()
        options = {"rate": 0.0, **options}
        self.sim = ZSCloudSimulator(Options(**options), clock=self.clock)
        self.headers = {
            "authorization": f"Bearer {self.sim.options.token}",
            "content-type": "application/scim+json",
        }

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> Answer:
        """Send a request below the base path; a body that is no bytes is sent as JSON."""
        url = f"https://scim.example.com{self.sim.options.base_path}{path}"
        if query:
            url += f"?{urlencode(query)}"
        return await self.send(method, url, body, self.headers if headers is None else headers)

    async def control(self, method: str, action: str, body: Any = None) -> Answer:
        return await self.send(method, f"https://scim.example.com/control/{action}", body, {})

    async def send(self, method: str, url: str, body: Any, headers: Mapping[str, str]) -> Answer:
        content = body if isinstance(body, bytes) else b""
        if body is not None and not isinstance(body, bytes):
            content = json.dumps(body).encode()
        raw = await self.sim.handle(Request(method, url, dict(headers), content))
        is_json = "json" in raw.headers.get("content-type", "")
        try:
            parsed = json.loads(raw.body) if raw.body and is_json else None
        except ValueError:
            parsed = None
        return Answer(raw.status, parsed, raw.headers, raw)

    async def user(self, login: str = "ada", **attributes: Any) -> str:
        """Create a user ``login``@example.com; its id."""
        answer = await self.call("POST", "/Users", user(login, **attributes))
        assert answer.status == 201, answer.body
        return str(answer.body["id"])

    async def group(self, name: str = "Sales", *members: str, **attributes: Any) -> str:
        """Create a group with these user ids as members; its id."""
        answer = await self.call("POST", "/Groups", group(name, *members, **attributes))
        assert answer.status == 201, answer.body
        return str(answer.body["id"])

    async def patch(self, path: str, *operations: Mapping[str, Any]) -> Answer:
        return await self.call("PATCH", path, patch(*operations))

    async def get(self, path: str, **query: Any) -> Any:
        """The body of a successful GET."""
        answer = await self.call("GET", path, **query)
        assert answer.status == 200, answer.body
        return answer.body

    @property
    def rules(self) -> list[str]:
        """The rules that were broken so far."""
        return [violation.rule for violation in self.sim.violations]


def user(login: str = "ada", **attributes: Any) -> dict[str, Any]:
    """The body of a user; ``department`` goes into its extension."""
    body = {
        "schemas": [USER],
        "userName": f"{login}@example.com",
        "displayName": login,
        **attributes,
    }
    if "department" in body:
        body["schemas"] = [USER, ENTERPRISE]
        body[ENTERPRISE] = {"department": body.pop("department")}
    return body


def group(name: str = "Sales", *members: str, **attributes: Any) -> dict[str, Any]:
    """The body of a group."""
    body: dict[str, Any] = {"schemas": [GROUP], "displayName": name, **attributes}
    if members:
        body["members"] = [{"value": id} for id in members]
    return body


def patch(*operations: Mapping[str, Any]) -> dict[str, Any]:
    """A PatchOp body."""
    return {"schemas": [PATCH_OP], "Operations": list(operations)}


def op(op: str, path: str | None = None, value: Any = None) -> dict[str, Any]:
    """One operation of a PATCH; path and value are left out where None."""
    operation: dict[str, Any] = {"op": op}
    if path is not None:
        operation["path"] = path
    if value is not None:
        operation["value"] = value
    return operation
