"""Graph's change notifications: the handshake, and the batches that name who has changed.

Anyone can call this endpoint. What is not Graph's is answered as if it were: a forger learns
nothing. The handshake must be answered within 10 seconds, also from cold (Graph: receive change
notifications through webhooks): nothing is imported for it.
"""

from __future__ import annotations

import logging
from urllib.parse import parse_qs

import azure.functions as func

from handlers.execution import execution

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]
_log = logging.getLogger(__name__)

_PARAMETER = "validationToken"

_LONGEST_TOKEN = 1024
"""Bytes; Graph's have about a hundred."""

_RETRY_SECONDS = 10


@blueprint.function_name("notifications")
@blueprint.route(route="notifications", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
async def notifications(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """200 with the token of a handshake; 202 for any batch; 503 if its hints cannot be kept, so
    that Graph sends them again.
    """
    token = _token(req)
    if token is not None:
        return _handshake(token)
    from provisioning.errors import ProvisioningError
    from provisioning.operations.notifications import receive

    try:
        async with execution(context) as made:
            await receive(made, req.get_body())
    except ProvisioningError as error:
        _log.error("Notifications could not be taken; Graph is asked to send them again: %s", error)
        return func.HttpResponse(status_code=503, headers={"Retry-After": str(_RETRY_SECONDS)})
    return func.HttpResponse(status_code=202)


def _token(req: func.HttpRequest) -> str | None:
    """The token of a handshake, decoded; ``None`` for a batch. The host leaves an empty parameter
    out of ``params``.
    """
    token: str | None = req.params.get(_PARAMETER)
    if token is None and _PARAMETER in parse_qs(req.url.partition("?")[2], keep_blank_values=True):
        return ""
    return token


def _handshake(token: str) -> func.HttpResponse:
    """The decoded token as plain text. One that a browser might take for markup is refused."""
    fine = token.isprintable() and not {"<", ">"} & set(token)
    fine = fine and 0 < len(token.encode()) <= _LONGEST_TOKEN
    return func.HttpResponse(
        token if fine else "The validation token is empty, too long or no plain text.",
        status_code=200 if fine else 400,
        mimetype="text/plain",
        charset="utf-8",
        headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"},
    )
