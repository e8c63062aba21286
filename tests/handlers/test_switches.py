"""Stop, start and restart over HTTP, and who did what."""

from __future__ import annotations

from typing import Any

from tests.handlers.running import Running


async def operations(app: Running) -> list[tuple[str, str, str]]:
    """The audit log, oldest first."""
    items = (await app.get("audit"))["items"]
    return [(each["operation"], each["subject"], each["operator"]) for each in reversed(items)]


async def test_stop_and_start(app: Running) -> None:
    await app.cycle("initial")
    stopped = await app.post("stop", {"note": "the portal is being repaired"})
    assert stopped["changed"]
    assert stopped["stopped"]["why"] == "the portal is being repaired"
    status = await app.get("status")
    assert (status["state"], status["stopped"]) == ("stopped", stopped["stopped"])
    for path, body in (("cycles", {}), ("provision-on-demand", {"user": "ada@example.com"})):
        refused = await app.call("POST", path, body)
        assert refused.status == 409
        assert "/api/start" in refused.json()["errors"][0]["remedy"]
    assert (await app.cycle(dry_run=True))["status"] == "completed"
    assert await app.post("provision-on-demand", {"user": "ada@example.com", "dry_run": True})

    app.tenant.disable(app.tenant.ids_named("ada@example.com", "user")[0])
    assert await app.post("start") == {"stopped": None, "changed": True}
    await app.pump()
    assert not app.accounts()["ada@example.com"]
    assert (await app.get("status"))["state"] == "healthy"


async def test_restart(app: Running) -> None:
    await app.cycle("initial")
    before = app.writes()
    answer = await app.call("POST", "restart", {"reset_scope": "links, escrows"})
    assert answer.status == 202
    document = answer.json()
    assert document["reset_scope"] == ["watermark", "escrows", "links"]
    assert document["forgets"]["links"] == 3
    await app.pump()
    cycle = await app.get(f"cycles/{document['id']}")
    assert (cycle["kind"], cycle["status"]) == ("initial", "completed")
    assert app.writes() == before

    listed = await app.post("restart", {"reset_scope": ["Watermark"]})
    assert listed["reset_scope"] == ["watermark"]
    usual = await app.post("restart")
    assert usual["reset_scope"] == ["watermark", "escrows", "quarantine"]


async def test_what_is_wrong_with_a_call_is_named(app: Running) -> None:
    wrong: list[tuple[str, Any, str]] = [
        ("restart", {"reset_scope": "everything"}, "reset_scope"),
        ("restart", {"reset_scope": 1}, "reset_scope"),
        ("restart", {"scope": "links"}, "scope"),
        ("restart", {"take_over": "another"}, "take_over"),
        ("stop", {"note": "x" * 1001}, "note"),
        ("stop", {"why": "so"}, "why"),
        ("start", {"now": True}, "now"),
    ]
    for path, body, field in wrong:
        answer = await app.call("POST", path, body)
        assert (answer.status, answer.json()["errors"][0]["field"]) == (400, field)
    assert (await app.get("status"))["stopped"] is None
    assert await operations(app) == []


async def test_the_audit_log_has_what_people_ask_for_and_nothing_of_timers(app: Running) -> None:
    headers = {"X-Operator": "anna"}

    async def post(path: str, body: Any = None) -> Any:
        return await app.call("POST", path, body, headers=headers)

    cycle = (await post("cycles", {"kind": "initial"})).json()
    await app.pump()
    await post("cycles", {"dry_run": True})
    await app.worker.timer("incremental_cycle")
    await app.pump()
    await post("provision-on-demand", {"user": "ada@example.com", "dry_run": True})
    assert (await post("provision-on-demand", {"user": "ada@example.com"})).status == 200
    await post("stop", {})
    await post("start", {})
    await post("restart", {})
    await post("subscriptions/ensure")
    await post("escrow/retry-now", {})
    found = await operations(app)
    assert {who for *_, who in found} == {"anna"}
    assert found[0][:2] == ("cycle", cycle["cycle_id"])
    assert [what for what, *_ in found] == [
        *("cycle", "on-demand", "stop", "start", "restart", "subscriptions ensure")
    ]
    [call] = [e for e in (await app.get("audit"))["items"] if e["operation"] == "on-demand"]
    assert call["detail"] == "1 named: ada@example.com"
