"""Answers that are none: what comes with a 200 when something between is broken."""

from __future__ import annotations

import json

from simulator.http import Response

FORMS = ("", "html", "empty", "cut", "error", "no_value", "no_ids")
"""``html``: a gateway's page; ``empty``: no body at all; ``cut``: the JSON breaks off; ``error``:
an error's document; ``no_value``: a list without its rows; ``no_ids``: rows without their ids.
"""

_PAGE = b"<html><body>Please sign in to the network.</body></html>"
_ERROR = b'{"error":{"code":"InternalServerError","message":"The request failed."}}'


def mangled(answer: Response, form: str) -> Response:
    """The answer in one of the ``FORMS``; as it is for ``""``."""
    if form == "html":
        return Response(200, {"content-type": "text/html"}, _PAGE)
    body = {"empty": b"", "cut": answer.body[: len(answer.body) // 2], "error": _ERROR}.get(form)
    if body is None:
        document = json.loads(answer.body)
        if form == "no_value":
            document.pop("value", None)
            document.pop("responses", None)
        elif form == "no_ids":
            for row in document.get("value", []):
                row.pop("id", None)
        body = json.dumps(document).encode()
    return Response(answer.status, answer.headers, body)
