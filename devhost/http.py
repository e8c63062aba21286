"""HTTP triggers: a request as the host passes it to the worker, and the answer it makes."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from devhost.outputs import Outputs
from devhost.protocol import RpcHttp, RpcHttpCookie, TypedData

ROUTE_PREFIX = "/api/"
_IDENTITY_HEADERS = "x-ms-client-principal"
_ROLE = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
_EMAIL = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
_OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed in with the platform's authentication: user name, object id, app roles."""

    name: str
    id: str
    roles: tuple[str, ...] = ()

    def headers(self) -> dict[str, str]:
        """The headers that App Service sets for the signed-in principal.

        Source: Microsoft Learn, "Work with user identities in Azure App Service authentication".
        """
        claims = [("preferred_username", self.name), (_OBJECT_ID, self.id)]
        claims += [("roles", role) for role in self.roles]
        principal = {
            "auth_typ": "aad",
            "claims": [{"typ": claim, "val": value} for claim, value in claims],
            "name_typ": _EMAIL,
            "role_typ": _ROLE,
        }
        return {
            _IDENTITY_HEADERS: base64.b64encode(json.dumps(principal).encode()).decode(),
            f"{_IDENTITY_HEADERS}-id": self.id,
            f"{_IDENTITY_HEADERS}-name": self.name,
            f"{_IDENTITY_HEADERS}-idp": "aad",
        }


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer. ``headers`` have lower-case names; ``cookies`` are ``Set-Cookie`` values.

    ``outputs`` are the messages that the function wrote to queues, by the name of the queue.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    outputs: Outputs = field(default_factory=dict)
    cookies: tuple[str, ...] = ()

    def json(self) -> Any:
        """The decoded body. Raises ``ValueError`` when it is no JSON."""
        return json.loads(self.body)


def http_request(
    method: str,
    url: str,
    route_values: Mapping[str, str],
    headers: Mapping[str, str],
    body: bytes,
    identity: Identity | None,
) -> TypedData:
    """The trigger data of a request.

    As the host does it (azure-functions-host, ``ToRpcHttp``): header names are lower case,
    repeated query parameters are joined by commas, empty ones are left out. Identity headers of
    the caller are dropped: the platform lets no request bring its own.
    """
    query = parse_qs(urlsplit(url).query)
    kept = {name.lower(): value for name, value in headers.items()}
    for name in [name for name in kept if name.startswith(_IDENTITY_HEADERS)]:
        del kept[name]
    return TypedData(
        http=RpcHttp(
            method=method.upper(),
            url=url,
            headers=kept | (identity.headers() if identity else {}),
            params=route_values,
            query={name: ",".join(values) for name, values in query.items()},
            body=TypedData(bytes=body) if body else TypedData(),
        )
    )


def http_answer(returned: TypedData | None, outputs: Outputs) -> HttpAnswer:
    """The answer for a returned value: a response, or a text that the host sends as plain text."""
    if returned is None:
        return HttpAnswer(204, outputs=outputs)
    if returned.http is None:
        headers = {"content-type": "text/plain; charset=utf-8"}
        return HttpAnswer(200, headers, (returned.string or "").encode(), outputs)
    answer = returned.http
    return HttpAnswer(
        status=int(answer.status_code),
        headers={name.lower(): value for name, value in answer.headers.items()},
        body=answer.body.bytes if answer.body is not None else b"",
        outputs=outputs,
        cookies=_set_cookies(answer.cookies or ()),
    )


def _set_cookies(cookies: Sequence[RpcHttpCookie]) -> tuple[str, ...]:
    """``Set-Cookie`` values (RFC 6265 section 4.1)."""
    return tuple(_set_cookie(cookie) for cookie in cookies)


def _set_cookie(cookie: RpcHttpCookie) -> str:
    jar: SimpleCookie = SimpleCookie({cookie.name: cookie.value})
    attributes: dict[str, Any] = {
        "domain": cookie.domain and cookie.domain.value,
        "path": cookie.path and cookie.path.value,
        "expires": cookie.expires and formatdate(cookie.expires.value.seconds, usegmt=True),
        "max-age": cookie.max_age and str(int(cookie.max_age.value)),
        "secure": cookie.secure and cookie.secure.value,
        "httponly": cookie.http_only and cookie.http_only.value,
        "samesite": cookie.same_site,
    }
    jar[cookie.name].update({name: value for name, value in attributes.items() if value})
    return jar[cookie.name].OutputString()
