"""What serve says of itself at its start: a document, and the lines that people read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from devhost.backend import Backend
from devhost.http import ROUTE_PREFIX
from devhost.triggered import Triggered

if TYPE_CHECKING:
    from devhost.serving import Serve

NOTE = "For development and for machines without Azure; not for production on Azure."


def ready_document(options: Serve, url: str, made: Backend, functions: Triggered) -> dict[str, Any]:
    """Addresses, functions by trigger, and where state and queues are. No secret."""
    return {
        "url": url,
        "api": url + ROUTE_PREFIX.rstrip("/"),
        "key_required": options.key is not None,
        "state": "Azure Storage" if options.state_path is None else str(options.state_path),
        "queues": made.where,
        "functions": [
            *(
                {
                    "name": each.name,
                    "trigger": "http",
                    "methods": list(each.methods),
                    "route": f"{ROUTE_PREFIX}{each.route or each.name}",
                    "auth_level": each.auth_level,
                }
                for each in functions.http.values()
            ),
            *(
                {"name": name, "trigger": "timer", "schedule": schedule.text}
                for name, schedule in functions.timers.items()
            ),
            *(
                {"name": name, "trigger": "queue", "queue": queue}
                for name, queue in functions.queues.items()
            ),
        ],
        "note": NOTE,
    }


def banner(document: dict[str, Any]) -> Iterator[str]:
    """The document in lines."""
    keys = "x-functions-key or ?code=, as FUNCTION_KEY" if document["key_required"] else "none"
    yield f"Serving the function app at {document['url']}"
    yield NOTE
    yield ""
    yield f"State   {document['state']}"
    yield f"Queues  {document['queues']}"
    yield f"Key     {keys}"
    yield ""
    for each in document["functions"]:
        yield f"  {each['name']:<20} {_trigger(each, keys=document['key_required'])}"
    yield ""
    yield "Ctrl-C ends it."


def _trigger(function: dict[str, Any], *, keys: bool) -> str:
    if function["trigger"] == "http":
        methods = ", ".join(function["methods"]) or "any method"
        key = "  (key)" if keys and function["auth_level"] != "anonymous" else ""
        return f"{methods} {function['route']}{key}"
    if function["trigger"] == "timer":
        return f"timer {function['schedule']}"
    return f"queue {function['queue']}"
