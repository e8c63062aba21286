"""A transport that answers from a script, and the target that speaks through it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioning.scim.client import ScimTarget
from provisioning.scim.transport import Answer, TransportError

BASE_URL = "https://scim.example.com/1234/5678/scim"
TOKEN = "s3cret+token/with=signs"
NOW = 1_800_000_000.0
DEPARTMENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"
WORK_MAIL = 'emails[type eq "work"].value'
USER_ATTRIBUTES = (
    "userName",
    "active",
    "externalId",
    "displayName",
    "name.givenName",
    "name.familyName",
    DEPARTMENT,
    WORK_MAIL,
)
GROUP_ATTRIBUTES = ("displayName", "externalId")


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it reached the transport."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None

    @property
    def path(self) -> str:
        return self.url.removeprefix(BASE_URL)

    def json(self) -> Any:
        assert self.body is not None
        return json.loads(self.body)


@dataclass(slots=True)
class ScriptedTransport:
    """Gives the scripted answers in turn; a request beyond the script fails the test."""

    script: list[Answer | TransportError]
    sent: list[Sent] = field(default_factory=list)

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        self.sent.append(Sent(method, url, dict(headers), body))
        answer = self.script.pop(0)
        if isinstance(answer, TransportError):
            raise answer
        return answer


def answer(status: int, document: Any = None, **headers: str) -> Answer:
    """An answer with the JSON document, literal bytes, or no body."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, names, b"" if document is None else body)


def scripted(
    *script: Answer | TransportError, member_add_path: bool = False
) -> tuple[ScimTarget, ScriptedTransport]:
    """A target that will get these answers."""
    transport = ScriptedTransport(list(script))
    return target_of(transport, member_add_path=member_add_path), transport


def target_of(
    transport: Any,
    *,
    base_url: str = BASE_URL,
    token: str = TOKEN,
    member_add_path: bool = False,
) -> ScimTarget:
    """A target with the attributes of ZSCloud's default mapping and a work mail address."""
    return ScimTarget(
        base_url,
        token,
        transport,
        user_attributes=USER_ATTRIBUTES,
        group_attributes=GROUP_ATTRIBUTES,
        clock_time=lambda: NOW,
        member_add_path=member_add_path,
    )
