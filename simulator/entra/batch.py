"""JSON batching: up to 20 calls in one, each answered for itself (Graph, JSON batching)."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from .call import Call, GraphError, Reply

MAX_REQUESTS = 20
_FAILED = 400


async def answer(
    call: Call, one: Callable[[Call], Awaitable[Reply]], chance: random.Random
) -> Reply:
    """Answer each inner call; the answers come in any order. ``dependsOn`` is obeyed."""
    requests = _requests(call)
    replies: dict[str, dict[str, Any]] = {}
    for request in requests:
        replies[request["id"]] = await _inner(call, request, replies, one)
    shuffled = list(replies.values())
    chance.shuffle(shuffled)
    return Reply({"responses": shuffled})


def _requests(call: Call) -> Sequence[dict[str, Any]]:
    if call.method != "POST":
        raise GraphError(405, "Request_BadRequest", "A batch is a POST.")
    requests = call.document().get("requests")
    if not isinstance(requests, list) or not requests:
        raise _invalid("Invalid batch payload format.")
    if len(requests) > MAX_REQUESTS:
        raise _invalid(f"Number of batch request steps exceeds the maximum value of {MAX_REQUESTS}")
    ids = [request.get("id") for request in requests if isinstance(request, dict)]
    if len(ids) < len(requests) or not all(isinstance(one, str) and one for one in ids):
        raise _invalid("Each batch request needs an id.")
    if len(set(ids)) < len(ids):
        raise _invalid("Request ids must be unique within a batch.")
    if any("url" not in request or "method" not in request for request in requests):
        raise _invalid("Each batch request needs a method and a url.")
    return requests


async def _inner(
    call: Call,
    request: dict[str, Any],
    replies: dict[str, dict[str, Any]],
    one: Callable[[Call], Awaitable[Reply]],
) -> dict[str, Any]:
    needed = [replies.get(name) for name in request.get("dependsOn", [])]
    if any(reply is None or reply["status"] >= _FAILED for reply in needed):
        error = {"code": "FailedDependency", "message": "A request it depends on failed."}
        return {"id": request["id"], "status": 424, "headers": {}, "body": {"error": error}}
    inner = call.inner(
        str(request["method"]).upper(),
        str(request["url"]),
        request.get("headers") or {},
        request.get("body"),
    )
    reply = await one(inner)
    headers = {_title(name): value for name, value in reply.headers.items()}
    if reply.document is not None:
        headers["Content-Type"] = "application/json"
    return {
        "id": request["id"],
        "status": reply.status,
        "headers": headers,
        "body": reply.document,
    }


def _title(name: str) -> str:
    """Header names in the inner answers look as Graph writes them: Retry-After, but x-ms-...."""
    return name if name.startswith("x-ms-") else name.title()


def _invalid(message: str) -> GraphError:
    return GraphError(400, "BadRequest", message)
