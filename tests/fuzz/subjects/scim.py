"""Answers of SCIM: resources, lists, errors, discovery; and attribute paths of schema files."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from hypothesis import strategies as st

from provisioning.errors import RemoteError
from provisioning.model import (
    AddMembers,
    Capabilities,
    CreateObject,
    DeleteObject,
    MemberRemoval,
    ObjectType,
    RemoveMembers,
    ReplaceObject,
    ScimId,
    TargetObject,
    TargetPage,
    UpdateObject,
)
from provisioning.scim.client import ScimTarget
from provisioning.scim.failure import retry_after
from provisioning.scim.paths import AttributePath, parse_path
from provisioning.scim.transport import (
    Answer,
    AnswerBroken,
    AnswerTooLarge,
    NotSent,
    TransportError,
)
from tests.fuzz import typed
from tests.fuzz.driving import run
from tests.fuzz.judge import Parser
from tests.fuzz.mutations import SECRET, Raw, bodies, texts
from tests.fuzz.subjects.answers import headers, statuses, waits
from tests.scim.scripted import DEPARTMENT, NOW, WORK_MAIL, target_of

_USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
_ENTERPRISE = DEPARTMENT.rpartition(":")[0]
_USER = {
    "schemas": [_USER_SCHEMA],
    "id": "17",
    "externalId": "e-1",
    "userName": "ada@example.com",
    "active": True,
    "displayName": "Ada",
    "name": {"givenName": "Ada", "familyName": "Adler"},
    "emails": [{"type": "work", "primary": True, "value": "ada@example.com"}],
    "department": "Sales",
    _ENTERPRISE: {"department": "Sales"},
    "groups": [{"value": "9", "display": "Writers", "$ref": "https://x/Groups/9"}],
    "meta": {"resourceType": "User"},
}
_GROUP = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
    "id": "9",
    "displayName": "Writers",
    "members": [{"value": "17", "display": "Ada"}, {"value": 18}],
}
_DISCOVERY = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
    "patch": {"supported": True},
    "bulk": {"supported": True, "maxOperations": 100, "maxPayloadSize": 1048576},
    "filter": {"supported": "True", "maxResults": 100},
    "etag": {"supported": False},
}
_ERROR = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
    "status": "400",
    "scimType": "uniqueness",
    "detail": f"no such thing, Authorization: Bearer {SECRET}",
    "Retry-After": "0 seconds",
}


def _listed(*resources: Any) -> dict[str, Any]:
    return {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": len(resources),
        "startIndex": 1,
        "itemsPerPage": len(resources),
        "Resources": list(resources),
    }


_DOCUMENTS = (_USER, _GROUP, _listed(_USER, _USER), _listed(_GROUP), _DISCOVERY, _ERROR)
_NUMBERS = ("9" * 5000, "\u0661\u0662", "²", "12", "-1", " 1", "1_0", Raw(b"9" * 5000), 10**30)
_LOST: tuple[TransportError, ...] = (
    NotSent(f"ClientConnectorError: {SECRET}\r\n"),
    AnswerBroken(f"ServerDisconnected Bearer {SECRET}"),
    AnswerTooLarge("x" * 5000),
)

_ANSWERS = st.builds(
    Answer,
    statuses(200, 201, 200, 400, 429, 503),
    headers(("application/scim+json", "application/json", "text/html")),
    bodies(*_DOCUMENTS, extra=(*_NUMBERS, SECRET, f"Bearer {SECRET}", SECRET.replace("/", "\\/"))),
)


class _Transport:
    def __init__(self, answer: Answer | TransportError) -> None:
        self._answer = answer

    async def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        if isinstance(self._answer, TransportError):
            raise self._answer
        return self._answer


_CALLS: dict[str, tuple[Any, Callable[[ScimTarget], Coroutine[Any, Any, Any]]]] = {
    "capabilities": (Capabilities, lambda t: t.capabilities()),
    "page of users": (TargetPage, lambda t: t.page(ObjectType.USER, 1, 100)),
    "page of groups": (TargetPage, lambda t: t.page(ObjectType.GROUP, 1, 100)),
    "find": (
        tuple[TargetObject, ...],
        lambda t: t.find(ObjectType.USER, "userName", "ada@example.com"),
    ),
    "find by id": (
        tuple[TargetObject, ...],
        lambda t: t.find(ObjectType.USER, "externalId", "e-1"),
    ),
    "get": (TargetObject, lambda t: t.get(ObjectType.USER, ScimId("17"))),
    "get group": (TargetObject, lambda t: t.get(ObjectType.GROUP, ScimId("9"))),
}


_WRITES: dict[str, Any] = {
    "create": CreateObject(ObjectType.USER, {"userName": "ada@example.com"}),
    "update": UpdateObject(ObjectType.USER, ScimId("17"), {"displayName": "A", WORK_MAIL: "a@b"}),
    "delete": DeleteObject(ObjectType.GROUP, ScimId("9")),
    "add": AddMembers(ScimId("9"), (ScimId("17"),)),
    "remove": RemoveMembers(ScimId("9"), (ScimId("17"),), MemberRemoval.FILTER),
    "replace": ReplaceObject(ObjectType.GROUP, ScimId("9"), {"displayName": "W"}, (ScimId("17"),)),
}


def _called(given: tuple[str, Answer | TransportError]) -> object:
    name, answer = given
    target = target_of(_Transport(answer), token=SECRET)
    if name in _WRITES:
        hint, value = TargetObject | None, run(target.write(_WRITES[name]))
    else:
        hint, call = _CALLS[name]
        value = run(call(target))
    typed.check(value, hint)
    return value


def _waited(stated: str) -> float:
    wait = retry_after(Answer(429, {"retry-after": stated}, b""), NOW)
    assert wait is not None
    assert 1 <= wait <= 300
    return wait


_ANSWERS_MODULE = "provisioning.scim.answers"

PARSERS = (
    Parser(
        "scim: every call",
        (
            *(f"{_ANSWERS_MODULE}:decode_document", f"{_ANSWERS_MODULE}:decode_object"),
            *(f"{_ANSWERS_MODULE}:decode_resources", f"{_ANSWERS_MODULE}:decode_page"),
            *(f"{_ANSWERS_MODULE}:decode_matches", f"{_ANSWERS_MODULE}:decode_capabilities"),
            *(f"{_ANSWERS_MODULE}:_count", "provisioning.scim.failure:_document"),
            "provisioning.scim.client:ScimTarget._decoded",
        ),
        st.tuples(
            st.sampled_from((*_CALLS, *_WRITES)),
            st.one_of(_ANSWERS, _ANSWERS, _ANSWERS, _ANSWERS, st.sampled_from(_LOST)),
        ),
        _called,
        object,
        (RemoteError,),
        secrets=(SECRET,),
        examples=150,
    ),
    Parser("scim: Retry-After", ("provisioning.scim.failure:_wait",), waits(), _waited, float),
    Parser(
        "scim: attribute path",
        ("provisioning.scim.paths:parse_path", "provisioning.scim.paths:_literal"),
        texts(DEPARTMENT, WORK_MAIL, "name.givenName", "userName", "ims[primary eq true].value"),
        parse_path.__wrapped__,
        AttributePath,
        (ValueError,),
    ),
)
"""Everything that reads what a SCIM server sends."""
