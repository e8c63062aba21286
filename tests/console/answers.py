"""Answers that a test gives in the app's place: for states that are seldom, and very many."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Route

from tests.console.chromium import Watched

Document = dict[str, Any]


def answer(
    console: Watched, path: str, made: Document | Callable[[Document], Document], status: int = 200
) -> None:
    """Answers a call with a document, or with what the app says, changed."""

    def handle(route: Route) -> None:
        said = None if isinstance(made, dict) else route.fetch()
        if said is not None and not said.ok:
            route.fulfill(response=said)
            return
        document = made if isinstance(made, dict) else made(said.json() if said else {})
        kind = "application/json" if status < 300 else "application/problem+json"
        route.fulfill(status=status, content_type=kind, body=json.dumps(document))

    console.page.route(f"**/api/{path}", handle)


def problem(code: str, detail: str, remedy: str, field: str | None = None) -> Document:
    """A problem as the app writes it."""
    return {
        "type": "about:blank",
        "title": code,
        "detail": detail,
        "code": code,
        "errors": [{"field": field, "message": detail, "remedy": remedy}],
    }


def working(status: Document, done: int) -> Document:
    """The status in the middle of a large first cycle."""
    cycle = status["cycle"] | {
        "kind": "initial",
        "status": "running",
        "phase": "provisioning",
        "progress": {
            "done": done,
            "left": 70_000,
            "requests_left": 82_000,
            "seconds_left": 16_400,
        },
    }
    lanes = {"1": 2, "2": 0, "3": 5, "4": 69_993}
    why = "A cycle is provisioning."
    return status | {"state": "working", "why": why, "cycle": cycle, "lanes": lanes}


def held_plan(users: int) -> Document:
    """A plan that waits."""
    return {
        "id": "late",
        "created": "2026-01-01T00:00:00.000Z",
        "expires": "2099-01-01T00:00:00.000Z",
        "state": "pending",
        "cause": f"{users} of 20000 users would be taken away.",
        "counts": {"users": users, "groups": 0, "memberships": 0},
        "checksum": "0" * 64,
        "decided": None,
        "decided_by": None,
        "note": None,
    }


def change(n: int) -> Document:
    """One of its changes."""
    return {
        "change_id": f"{n:020x}",
        "action": "disable",
        "object_type": "user",
        "source_id": f"00000000-0000-4000-8000-{n:012d}",
        "target_id": str(n),
        "name": f"user.{n}@example.com",
        "member": None,
        "reason_code": "AccountDisabled",
        "reason": "The account is disabled in Entra.",
        "modified_properties": [{"name": "active", "old": True, "new": False}],
        "since": "2026-01-01T00:00:00.000Z",
    }
