"""HTTP bodies and queries as the handlers read them, and what operations read: times, cursors.

``tests/fuzz/test_http.py`` sends the same through the worker, to every route.
"""

from __future__ import annotations

import base64
from functools import partial
from typing import Any

import azure.functions as func
from hypothesis import strategies as st

from handlers.access import _roles
from handlers.escrow import RetryRequest
from handlers.held import ApproveRequest, RejectRequest
from handlers.http import check_query, decode_body, number
from handlers.operations import CycleRequest, OnDemandRequest
from handlers.operator import operator_of
from provisioning.audit import Operator
from provisioning.drift import DriftCounts
from provisioning.errors import InvalidRequest
from provisioning.graph import urls
from provisioning.model import ObjectType
from provisioning.operations import audit, cycle_list, drift, due, escrow, held, logs, paging
from provisioning.scim import wire
from provisioning.state.azure.keys import decoded, encoded
from tests.fuzz.judge import Broken, Parser
from tests.fuzz.mutations import bodies, encodable_texts, encode, texts

_NOW = 1_760_000_000.0
_SHAPES = (CycleRequest, OnDemandRequest, ApproveRequest, RejectRequest, RetryRequest)
BODIES: tuple[Any, ...] = (
    {"kind": "reconcile", "dry_run": True},
    {"users": ["ada@example.com", "ben@example.com"], "dry_run": True},
    {"user": "ada@example.com"},
    {"group": "Writers"},
    {"change_ids": ["0123abcd"]},
    {"note": "They stay."},
    {"ids": ["ada@example.com"]},
    {},
)
CURSORS = ("1760000000.000000/0001", "1760000000.000/user/0001-a", "c1:user/1:0", "c1::", "42")
_TIMES = ("2h", "7d", "2026-01-31T08:00:00Z", "2026-01-31", "99999999999d", "0001-01-01T00:00:00")


def _body(body: bytes) -> list[str]:
    read = []
    for shape in _SHAPES:
        try:
            decode_body(func.HttpRequest("POST", "https://app/api/x", body=body), shape)
        except InvalidRequest as error:
            last: InvalidRequest | None = error
        else:
            last = None
            read.append(shape.__name__)
    if not read and last is not None:
        raise last
    return read


def _query(params: dict[str, str]) -> int:
    request = func.HttpRequest("GET", "https://app/api/x", params=params, body=b"")
    check_query(request, "after", "limit")
    return number(request, "after")


def _operator(given: tuple[str, str, str]) -> Operator:
    claimed, principal, encoded_principal = given
    names = ("X-Operator", "X-MS-CLIENT-PRINCIPAL-NAME", "X-MS-CLIENT-PRINCIPAL")
    fields = dict(zip(names, (claimed, principal, encoded_principal), strict=True))
    found = operator_of(func.HttpRequest("POST", "https://app/api/x", headers=fields, body=b""))
    if len(found.name) > 200 or not found.name.isprintable():
        raise Broken(f"the audit log would say {found.name!r}")
    return found


_PRINCIPAL = {
    "auth_typ": "aad",
    "name_typ": "name",
    "role_typ": "roles",
    "claims": [{"typ": "roles", "val": "Provisioning.Read"}, {"typ": "name", "val": "Ada"}],
}


def _header(body: bytes) -> str:
    return base64.b64encode(body).decode()


def _page(text: str) -> int:
    return paging.page_size(text)


_FORMS = (*(x._CURSOR for x in (audit, due, escrow, held, logs)), cycle_list._ID)


def _cursor(text: str) -> object:
    """Every cursor of the API. One that is read has to be found in the store without an error."""
    kinds = (
        *(partial(paging.cursor, form=form) for form in _FORMS),
        lambda each: drift._resumed(DriftCounts(cycle_id="c1", at=0.0), each),
    )
    refused = None
    for kind in kinds:
        try:
            kind(text)
        except InvalidRequest as error:
            refused = error
    if refused is not None:
        raise refused
    return text


def _moment(text: str) -> float | None:
    return logs.moment("since", text, _NOW)


def _named(name: str) -> None:
    """A name that a caller gives, put into the URLs of both systems."""
    made = [
        urls.groups_named(name, ("displayName",)),
        urls.single(ObjectType.USER, name, ("displayName",)),
        wire.filter_path(ObjectType.USER, "userName", name),
    ]
    for url in made:
        if not url.isascii() or not url.isprintable() or " " in url:
            raise Broken(f"a URL that is none: {url[:200]!r}")


def _key(given: tuple[str, str]) -> str:
    text, foreign = given
    if decoded(encoded(text)) != text:
        raise Broken("a key of the table is not the one that was stored")
    return decoded(foreign)


PARSERS = (
    Parser(
        "http: body",
        ("handlers.http:decode_body", "handlers.http:_object"),
        bodies(*BODIES),
        _body,
        list[str],
        (InvalidRequest,),
        examples=60,
    ),
    Parser(
        "http: query",
        ("handlers.http:number",),
        st.dictionaries(
            texts("after", "limit", "code", "clientId"), texts("5", "0", "1000"), max_size=3
        ),
        _query,
        int,
        (InvalidRequest,),
    ),
    Parser(
        "http: who calls",
        ("handlers.operator:operator_of",),
        st.tuples(texts("Ada"), texts("ada@example.com"), texts("eyJhIjoxfQ==")),
        _operator,
        Operator,
        (),
    ),
    Parser(
        "http: app roles of who is signed in",
        ("handlers.access:_roles",),
        st.one_of(bodies(_PRINCIPAL).map(_header), texts(_header(encode(_PRINCIPAL)))),
        _roles,
        set[str] | None,
        (),
    ),
    Parser(
        "http: size of a page",
        ("provisioning.operations.paging:page_size",),
        texts("100", "1"),
        _page,
        int,
        (InvalidRequest,),
    ),
    Parser(
        "http: cursors",
        ("provisioning.operations.drift:_resumed",),
        texts(*CURSORS),
        _cursor,
        str,
        (InvalidRequest,),
    ),
    Parser(
        "http: time",
        ("provisioning.operations.logs:moment",),
        texts(*_TIMES),
        _moment,
        float | None,
        (InvalidRequest,),
    ),
    Parser(
        "http: names in URLs",
        ("provisioning.graph.urls:_entity",),
        encodable_texts("ada@example.com", "O'Brien", "delta", "$count"),
        _named,
        None,
        (),
    ),
    Parser(
        "store: keys of a table",
        ("provisioning.state.azure.keys:decoded",),
        st.tuples(
            st.text(st.characters(codec="utf-8")), encodable_texts("a.b", "!20x", "{c3", "-}")
        ),
        _key,
        str,
        (ValueError,),
    ),
)
"""Everything that reads what a caller of the API says."""
