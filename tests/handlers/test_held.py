"""Held plans over HTTP, and who decided."""

from __future__ import annotations

from typing import Any

import azure.functions as func
import pytest

from devhost.http import Identity
from handlers.operator import operator_of
from provisioning.audit import Operator
from tests.handlers.running import Running

SIGNED_IN = Identity("anna@example.com", "1", ("Provisioning.Operate",))


async def everybody_leaves(app: Running) -> Any:
    """All are disabled, which is held; the plan with its changes."""
    await app.cycle("initial")
    for id in app.tenant.effective_users():
        app.tenant.disable(id)
    await app.cycle("incremental")
    [plan] = (await app.get("held"))["items"]
    return await app.get(f"held/{plan['id']}")


async def test_nothing_is_held(app: Running) -> None:
    assert await app.get("held") == {"items": [], "next": None, "kept": []}
    assert (await app.call("GET", "held/nobody")).status == 404
    assert (await app.call("POST", "held/nobody/approve", {})).status == 409


async def test_a_selection_is_approved_once_and_carried_out_by_the_queue(app: Running) -> None:
    plan = await everybody_leaves(app)
    chosen = plan["changes"][0]
    body = {"change_ids": [chosen["change_id"]]}
    answer = await app.call("POST", f"held/{plan['id']}/approve", body)
    assert answer.status == 200
    assert answer.json()["state"] == "approved"
    await app.pump()
    accounts = app.accounts()
    assert not accounts[chosen["name"]]
    assert sum(accounts.values()) == len(plan["changes"]) - 1
    again = await app.call("POST", f"held/{plan['id']}/approve", body)
    assert again.status == 409
    assert again.json()["code"] == "PlanNotPending"


async def test_a_plan_is_rejected(app: Running) -> None:
    plan = await everybody_leaves(app)
    assert (await app.call("POST", f"held/{plan['id']}/reject", {})).status == 400
    answer = await app.call("POST", f"held/{plan['id']}/reject", {"note": "A migration"})
    assert answer.json()["state"] == "rejected"
    await app.pump()
    assert all(app.accounts().values())
    listed = await app.get("held")
    assert {each["note"] for each in listed["kept"]} == {"A migration"}


@pytest.mark.parametrize(
    ("headers", "identity", "operator", "known"),
    [
        ({}, None, "somebody with a function key", "unnamed"),
        ({"X-Operator": "anna \x1b[31m root"}, None, "anna  [31m root", "claimed"),
        ({"X-Operator": "eve"}, SIGNED_IN, "anna@example.com", "signed_in"),
    ],
)
async def test_the_audit_log_says_who_decided(
    app: Running,
    monkeypatch: pytest.MonkeyPatch,
    headers: dict[str, str],
    identity: Identity | None,
    operator: str,
    known: str,
) -> None:
    if identity is not None:
        monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "True")
    plan = await everybody_leaves(app)
    path = f"held/{plan['id']}/approve"
    answer = await app.call("POST", path, {}, headers=headers, identity=identity)
    assert answer.status == 200
    monkeypatch.delenv("WEBSITE_AUTH_ENABLED", raising=False)
    entry = (await app.get("audit"))["items"][0]
    assert (entry["operator"], entry["known"]) == (operator, known)
    assert (entry["operation"], entry["subject"]) == ("held approve", plan["id"])


def test_a_header_of_the_platform_counts_only_where_the_platform_signs_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Elsewhere anybody can send it: the platform does not take it off."""
    name = {"X-MS-CLIENT-PRINCIPAL-NAME": "boss@example.com"}
    request = func.HttpRequest(
        "POST", "http://localhost/api/held/1/approve", headers=name, body=b""
    )
    monkeypatch.delenv("WEBSITE_AUTH_ENABLED", raising=False)
    assert operator_of(request) == Operator()
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "True")
    assert operator_of(request) == Operator.signed_in("boss@example.com")
