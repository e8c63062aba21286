"""HTTP at the edge: JSON bodies in, documents and RFC 9457 problems out."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import MISSING, fields
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

import azure.functions as func

from handlers.access import Right, refusal

if TYPE_CHECKING:
    from provisioning.errors import ProvisioningError
    from provisioning.services import Services

T = TypeVar("T")
Call = Callable[["Services"], Awaitable[func.HttpResponse]]

PROBLEM = "application/problem+json"
_JSON = "application/json"
_KEY = ("code", "clientid")
"""How the platform takes a function key in the query (Azure Functions: access keys)."""

_LARGEST_BODY = 1_000_000
"""Bytes. Twenty thousand user principal names are less; the platform itself takes 100 MB."""

_JSON_NAMES = {str: "a text", bool: "true or false", list: "a list of texts", NoneType: "null"}


async def respond(
    req: func.HttpRequest, right: Right, call: Call, *, path_field: str = ""
) -> func.HttpResponse:
    """What the call answers to who has the right to it; 403 to others. An error of the program
    becomes a problem document.

    Settings that cannot be used are 500. What a call finds wrong has the status that
    ``_status_of`` says. ``path_field`` names the field that came from the path: what is wrong
    with it is 404. Any other exception is a bug: it is raised, logged with its stack trace by
    the host and answered 500.
    """
    refused = refusal(req, right)
    if refused is not None:
        return problem(refused, 403)
    from provisioning.bootstrap import services
    from provisioning.errors import ProvisioningError

    try:
        made = await services()
    except ProvisioningError as error:
        return problem(error, 500)
    try:
        return await call(made)
    except ProvisioningError as error:
        return problem(error, _status_of(error, path_field))


def answer(
    document: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> func.HttpResponse:
    """A document as JSON."""
    return _encoded(document, status, _JSON, headers or {})


def text_answer(text: str, mimetype: str, headers: Mapping[str, str]) -> func.HttpResponse:
    """A text that is no JSON document."""
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **headers}
    return func.HttpResponse(text, mimetype=mimetype, headers=headers)


def problem(error: ProvisioningError, status: int) -> func.HttpResponse:
    """An error as ``application/problem+json`` (RFC 9457), with Retry-After where it helps."""
    from provisioning.errors import LeaseUnavailable, Throttled
    from provisioning.operations.documents import problem_document

    headers = {}
    if isinstance(error, Throttled):
        headers = {"Retry-After": str(max(1, round(error.retry_after)))}
    elif isinstance(error, LeaseUnavailable):
        headers = {"Retry-After": "10"}
    return _encoded(problem_document(error, status), status, PROBLEM, headers)


def decode_body(request: func.HttpRequest, shape: type[T]) -> T:
    """The JSON object of a request as a dataclass of texts, truth values and lists of texts.

    No body counts as an empty object. Raises ``InvalidRequest``, naming the field, also for a
    parameter in the query: ignored, ``POST cycles?dry_run=true`` would write.
    """
    check_query(request)
    document = _object(request.get_body() or b"{}")
    hints = get_type_hints(shape)
    for name in document:
        if name not in hints:
            raise _invalid(_shown(name), "is no field of this request", _use("Give", hints))
    for field in fields(shape):  # type: ignore[arg-type]
        if field.name in document:
            _check(field.name, document[field.name], hints[field.name])
        elif field.default is MISSING and field.default_factory is MISSING:
            raise _invalid(field.name, "is missing", "Give it.")
    return shape(**document)


def check_query(request: func.HttpRequest, *known: str) -> None:
    """Raises ``InvalidRequest`` for a parameter that the call does not know.

    Ignored, a misspelled filter would show everything as what was asked for.
    """
    for name in request.params:
        if name not in known and name.lower() not in _KEY:
            raise _invalid(_shown(name), "is no parameter of this call", _use("Use", known))


def paging(request: func.HttpRequest) -> dict[str, str]:
    """Which page of a list is asked for. Raises ``InvalidRequest`` for any other parameter."""
    check_query(request, "limit", "after")
    return {name: request.params[name] for name in ("limit", "after") if name in request.params}


def number(request: func.HttpRequest, name: str) -> int:
    """A whole number of the query, 0 without one. Raises ``InvalidRequest``."""
    text = request.params.get(name, "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise _invalid(name, f"{text!r} is no number"[:100], "Give what `next` said.")
    return int(text)


def _use(verb: str, names: Iterable[str]) -> str:
    known = ", ".join(names)
    return f"{verb} {known}." if known else "Leave it out."


def _shown(name: str) -> str:
    """A name that a caller has thought of, so that it can be seen and breaks no line."""
    from provisioning.errors import cut

    return cut(name if name.strip() and name.isprintable() else repr(name), 100)


def _object(body: bytes) -> dict[str, Any]:
    import msgspec

    remedy = 'Send a JSON object, such as {"dry_run": true}.'
    if len(body) > _LARGEST_BODY:
        raise _invalid("body", f"is larger than {_LARGEST_BODY:,} bytes", "Name fewer at a time.")
    try:
        # Python's own decoder lets half of a character through, which can be stored nowhere.
        document = msgspec.json.decode(body)
    except (ValueError, RecursionError) as error:
        raise _invalid("body", f"is no JSON: {error}", remedy) from error
    if not isinstance(document, dict):
        raise _invalid("body", "is no JSON object", remedy)
    return document


def _check(name: str, value: object, hint: Any) -> None:
    if not any(_fits(value, kind) for kind in _kinds(hint)):
        allowed = [text for kind in _kinds(hint) for text in _names(kind)]
        raise _invalid(name, "has the wrong type or value", f"Give {' or '.join(allowed)}.")


def _kinds(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) is UnionType else (hint,)


def _fits(value: object, kind: Any) -> bool:
    if get_origin(kind) is list:
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    if isinstance(kind, type):
        return isinstance(value, kind)
    return isinstance(value, str) and value in get_args(kind)


def _names(kind: Any) -> list[str]:
    known = _JSON_NAMES.get(get_origin(kind) or kind)
    return [known] if known is not None else [json.dumps(word) for word in get_args(kind)]


def _invalid(field: str, message: str, remedy: str) -> ProvisioningError:
    from provisioning.errors import InvalidRequest, Problem

    return InvalidRequest(Problem(field, message, remedy))


def _come_again() -> tuple[type[ProvisioningError], ...]:
    from provisioning import errors

    return (
        errors.LeaseUnavailable,
        errors.QueueUnavailable,
        errors.SourceImplausible,
        errors.StoreUnavailable,
        errors.Throttled,
    )


def _status_of(error: ProvisioningError, path_field: str) -> int:
    from provisioning.errors import (
        ConfigurationError,
        InvalidRequest,
        PlanNotPending,
        RemoteError,
    )

    if isinstance(error, InvalidRequest):
        return 404 if error.problem.field == path_field else 400
    if isinstance(error, ConfigurationError | PlanNotPending):
        # The settings are sound (``respond`` saw to that): the state of the job forbids the call.
        return 409
    if isinstance(error, _come_again()):
        return 503
    return 502 if isinstance(error, RemoteError) else 500


def _encoded(
    document: Mapping[str, Any], status: int, mimetype: str, headers: Mapping[str, str]
) -> func.HttpResponse:
    return func.HttpResponse(
        json.dumps(document, ensure_ascii=False),
        status_code=status,
        mimetype=mimetype,
        headers={"Cache-Control": "no-store", **headers},
    )
