"""One call of the API, its answer, and Graph's form of an error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from simulator.http import Request

MAX_TOP = 999
JSON_TYPE = "application/json;odata.metadata=minimal;charset=utf-8"


class GraphError(Exception):
    """A refusal with Graph's status, code and message."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})


def bad_request(message: str) -> GraphError:
    return GraphError(400, "Request_BadRequest", message)


def unsupported_query(message: str) -> GraphError:
    return GraphError(400, "Request_UnsupportedQuery", message)


def not_found(object_id: str) -> GraphError:
    return GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{object_id}' does not exist or one of its queried reference-property "
        "objects are not present.",
    )


def denied() -> GraphError:
    return GraphError(
        403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."
    )


@dataclass(frozen=True, slots=True)
class Call:
    """One call. ``path`` is decoded, starts with a slash and leaves out the version."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    origin: str

    @classmethod
    def of(cls, request: Request) -> Call:
        """A call from a request. Runs of slashes count as one: the SDK sends ``/v1.0//users``."""
        path = "/" + "/".join(part for part in request.path.split("/") if part)
        return cls(
            request.method,
            path.removeprefix("/v1.0") or "/",
            request.query,
            request.headers,
            request.body,
            request.origin,
        )

    def inner(self, method: str, url: str, headers: Mapping[str, str], body: Any) -> Call:
        """A call that came inside this one, in a batch; its URL is relative to the version."""
        parts = urlsplit(url)
        path = "/" + "/".join(part for part in unquote(parts.path).split("/") if part)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        content = b"" if body is None else json.dumps(body).encode()
        lowered = {name.lower(): value for name, value in headers.items()}
        return replace(self, method=method, path=path, query=query, headers=lowered, body=content)

    @property
    def root(self) -> str:
        """The URL up to and with the version."""
        return f"{self.origin}/v1.0"

    @property
    def url(self) -> str:
        """The URL of the resource without a query."""
        return self.root + quote(self.path, safe="/()=',$")

    @property
    def eventual(self) -> bool:
        """Whether the caller allows answers from the index (Graph, advanced query)."""
        return self.headers.get("consistencylevel", "").lower() == "eventual"

    @property
    def counted(self) -> bool:
        return self.query.get("$count", "").lower() == "true"

    @property
    def minimal(self) -> bool:
        """Whether only changed properties are wanted (``Prefer: return=minimal``)."""
        return "return=minimal" in self.headers.get("prefer", "").replace(" ", "")

    def selected(self) -> list[str] | None:
        """The names in ``$select``, or None without one."""
        text = self.query.get("$select")
        if not text:
            return None
        return [name.strip() for name in text.split(",") if name.strip()]

    def top(self, default: int = 100) -> int:
        """The page size that is asked for. Raises ``GraphError`` outside 1 to 999."""
        text = self.query.get("$top", str(default))
        if not text.isdecimal() or not 1 <= int(text) <= MAX_TOP:
            raise bad_request(f"Invalid page size specified: '{text}'. Must be between 1 and 999.")
        return int(text)

    def refuse(self, *options: str) -> None:
        """Refuse query options that the resource does not support."""
        for option in options:
            if option in self.query:
                raise unsupported_query(f"The query option '{option}' is not supported here.")

    def document(self) -> dict[str, Any]:
        """The body as a JSON object. Raises ``GraphError`` when it is none."""
        try:
            content = json.loads(self.body)
        except ValueError as cause:
            raise GraphError(400, "BadRequest", "Unable to read JSON request payload.") from cause
        if not isinstance(content, dict):
            raise GraphError(400, "BadRequest", "The request payload is not a JSON object.")
        return content


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it is written. ``document`` None is no body; text is a plain body."""

    document: dict[str, Any] | str | None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
