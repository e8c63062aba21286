"""What an answer that is no success means, as one of our errors. Pure.

RFC 7644 section 3.12 gives the codes and the error body. Error texts are remote input: they are
scrubbed of credentials, then cut.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import msgspec

from provisioning.errors import (
    AnswerLost,
    Conflict,
    CredentialsRefused,
    NotFound,
    NotReached,
    ProtocolError,
    Refusal,
    Rejected,
    RemoteError,
    RemoteUnavailable,
    Throttled,
)
from provisioning.scim.paths import lookup
from provisioning.scim.transport import Answer, AnswerTooLarge, NotSent, TransportError

REMOTE = "ZSCloud"

CREDENTIALS_REMEDY = (
    'Make a new token with "Generate Token" in the ZSCloud portal (Authentication Settings, '
    "Identity Providers, SCIM) and set it as ZSCLOUD_SCIM_TOKEN."
)
BASE_URL_REMEDY = 'Compare ZSCLOUD_SCIM_BASE_URL with "Base URL" in the ZSCloud portal.'

LEAST_RETRY_AFTER = 1.0
"""Seconds. Also what an unreadable or missing Retry-After counts as."""
MOST_RETRY_AFTER = 300.0
"""Seconds. A server that names more is asked again after this."""

_QUOTED_BODY = 65_536
"""A larger error body is described, not quoted: a cut could leave a part of a token."""

_REQUEST_IDS = ("x-request-id", "request-id", "x-correlation-id")
_LONGEST_ID = 64

_SECONDS = re.compile(r"(?i)\s*(\d+(?:\.\d+)?|\.\d+)\s*(?:s|secs?|seconds?)?\s*")
_AUTHORIZATION = re.compile(
    r"""(?ix)
    (?: \\?["']? \b authorization \b \\?["']? \s* (?:[:=]|%3A|%3D) \s* \\?["']?
        (?: [a-z]+ (?:\s|%20|\+)+ )? | \b bearer (?:\s|%20|\+|:)+ )
    [^\s"'\\,;<>}]+
    """
)
_CREDENTIALS = "[credentials]"

Scrub = Callable[[str], str]


def token_scrubber(token: str) -> Scrub:
    """A function that takes the token and any Authorization header out of a text.

    The token, which is not empty, is also found as it looks in a URL, a JSON string or HTML.
    """
    in_json = msgspec.json.encode(token).decode()[1:-1]
    spellings = {
        token,
        quote(token, safe=""),
        quote(token),
        in_json,
        in_json.replace("/", "\\/"),
        html.escape(token),
    }
    known = sorted(spellings, key=len, reverse=True)
    pattern = re.compile("|".join(re.escape(text) for text in known))

    def scrub(text: str) -> str:
        return _AUTHORIZATION.sub(_CREDENTIALS, pattern.sub(_CREDENTIALS, text))

    return scrub


def retry_after(answer: Answer, now: float) -> float | None:
    """Seconds to wait, between the least and the most; ``None`` when the answer names no time.

    The header is a number of seconds or an HTTP date (RFC 9110 section 10.2.3). Zscaler's cloud
    API writes ``0 seconds``, and repeats it in the body (its page "Understanding Rate Limiting").
    ``now`` is epoch seconds.
    """
    stated = answer.headers.get("retry-after")
    seconds = None if stated is None else _wait(stated, now)
    if seconds is None:
        document = _document(answer)
        in_body = lookup(document, "Retry-After") if document is not None else None
        if in_body is not None:
            stated = str(in_body)
            seconds = _wait(stated, now)
    if stated is None:
        return None
    if seconds is None:
        return LEAST_RETRY_AFTER
    return min(max(seconds, LEAST_RETRY_AFTER), MOST_RETRY_AFTER)


def failure(
    answer: Answer, operation: str, *, write: bool, now: float, scrub: Scrub
) -> RemoteError:
    """The error that an unsuccessful answer is.

    A 5xx to a write may have been executed, except 501, which says that the server does not do
    such a thing (RFC 7644 table 8), and a 503 that asks us to come back.
    """
    status = answer.status
    detail, scim_type = _detail(answer, scrub)
    wait = retry_after(answer, now) if status in (429, 503) else None
    if status == 429 or wait is not None:
        after = LEAST_RETRY_AFTER if wait is None else wait
        return Throttled(REMOTE, operation, detail, status=status, retry_after=after)
    if status in (401, 403):
        return CredentialsRefused(
            REMOTE, operation, detail, status=status, remedy=CREDENTIALS_REMEDY
        )
    simple = {404: NotFound, 408: RemoteUnavailable, 409: Conflict}.get(status)
    if simple is not None:
        return simple(REMOTE, operation, detail, status=status)
    if 400 <= status < 500 or status == 501:
        return Rejected(REMOTE, operation, detail, status=status, scim_type=scim_type)
    return _unexpected(status, operation, detail, write=write)


def request_id(answer: Answer, scrub: Scrub) -> str | None:
    """What the server calls the request, for its support to look for; ``None`` if it does not say.

    Zscaler names no header for it: these are the usual ones.
    """
    found = next((answer.headers[name] for name in _REQUEST_IDS if answer.headers.get(name)), None)
    return None if found is None else scrub(found)[:_LONGEST_ID]


def batch_refusal(error: Exception) -> Refusal | None:
    """Why a bulk request was refused as a whole; ``None`` when that is not what happened.

    413 is what RFC 7644 section 3.7.4 has for one that is too large. 403 may be a verdict on this
    endpoint alone; if it is one on the token, the next single request says so.
    """
    if not isinstance(error, RemoteError) or isinstance(error, RemoteUnavailable | AnswerLost):
        return None
    if error.status in (403, 404, 405, 501):
        return Refusal.NOT_OFFERED
    scim_type = error.scim_type if isinstance(error, Rejected) else None
    if error.status == 413 or (scim_type or "").lower() in ("toomany", "toolarge"):
        return Refusal.TOO_LARGE
    return None if error.status == 401 else Refusal.INVALID


def _unexpected(status: int, operation: str, detail: str, *, write: bool) -> RemoteError:
    if 300 <= status < 400:
        return ProtocolError(
            REMOTE,
            operation,
            "a redirect, which is not followed",
            status=status,
            remedy=BASE_URL_REMEDY,
        )
    if write and status >= 200:
        return AnswerLost(REMOTE, operation, detail, status=status)
    if 500 <= status < 600:
        return RemoteUnavailable(REMOTE, operation, detail, status=status)
    return ProtocolError(REMOTE, operation, detail, status=status)


def transport_failure(
    error: TransportError, operation: str, *, write: bool, scrub: Scrub
) -> RemoteError:
    """The error that a missing answer is. A write that may have been executed is ``AnswerLost``."""
    detail = scrub(str(error))
    if isinstance(error, NotSent):
        return NotReached(REMOTE, operation, detail)
    if write:
        return AnswerLost(REMOTE, operation, detail)
    if isinstance(error, AnswerTooLarge):
        return ProtocolError(REMOTE, operation, detail)
    return RemoteUnavailable(REMOTE, operation, detail)


def _wait(stated: str, now: float) -> float | None:
    seconds = _SECONDS.fullmatch(stated)
    if seconds is not None:
        return float(seconds[1])
    try:
        return parsedate_to_datetime(stated).timestamp() - now
    except (ValueError, OverflowError):
        return None


def _document(answer: Answer) -> Mapping[str, Any] | None:
    """The body as a JSON object; ``None`` for any other body."""
    try:
        document = msgspec.json.decode(answer.body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _detail(answer: Answer, scrub: Scrub) -> tuple[str, str | None]:
    """What the body says, scrubbed, and its ``scimType`` when it is an error of RFC 7644."""
    if not answer.body:
        return "no further detail", None
    if len(answer.body) > _QUOTED_BODY:
        return f"an error body of {len(answer.body)} bytes", None
    document = _document(answer) or {}
    text = lookup(document, "detail") or lookup(document, "message")
    if not isinstance(text, str):
        text = answer.body.decode("utf-8", "replace")
    scim_type = lookup(document, "scimType")
    return scrub(text), scrub(scim_type) if isinstance(scim_type, str) else None
