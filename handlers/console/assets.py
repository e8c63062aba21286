"""The files of the console: a fixed list, read when one is first asked for."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

_FOLDER = Path(__file__).with_name("static")

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

PAGE = "console.html"

ASSETS = frozenset(
    {
        *("console.css", "icon.svg", "console.js"),
        *("api.js", "dialog.js", "dom.js", "format.js", "gate.js", "notices.js", "route.js"),
        *("chart.js", "lists.js", "status.js", "words.js"),
        *("overview.js", "progress.js", "cycles.js", "latency.js", "controls.js"),
        *(
            "held.js",
            "plan.js",
            "decision.js",
            "log.js",
            "download.js",
            "entry.js",
            "find.js",
            "demand.js",
            "steps.js",
        ),
        *("escrow.js", "drift.js", "subscriptions.js", "settings.js", "connection.js"),
    }
)
"""What ``console/{asset}`` gives. Any other name is 404, whatever it leads to."""


class Asset(NamedTuple):
    """A file as it is sent."""

    content_type: str
    etag: str
    body: bytes


@cache
def asset(name: str) -> Asset:
    """One of ``ASSETS``, or the page. Its tag is of its content."""
    path = _FOLDER / name
    body = path.read_bytes()
    return Asset(_TYPES[path.suffix], f'"{sha256(body).hexdigest()[:32]}"', body)
