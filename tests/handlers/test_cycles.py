"""Cycles from the call or the timer, through the queue, to ZSCloud."""

from __future__ import annotations

import json
import logging

import pytest

from devhost.errors import FunctionFailed
from simulator.entra import Tenant, generate
from tests.handlers.running import Running


async def test_posted_cycle_is_run_by_the_queue(app: Running) -> None:
    answer = await app.call("POST", "cycles", {"kind": "initial"})
    started = answer.json()
    path = f"/api/cycles/{started['cycle_id']}"
    assert (answer.status, answer.headers["location"]) == (202, path)
    assert answer.headers["content-type"].startswith("application/json")
    assert (started["status"], started["kind"], started["dry_run"]) == ("queued", "initial", False)
    assert app.writes() == []

    [handled] = await app.pump()

    assert handled == {
        "cycle_id": started["cycle_id"],
        "kind": "initial",
        "dry_run": False,
        "generation": 0,
    }
    done = await app.get(path.removeprefix("/api/"))
    assert (done["status"], done["counts"]["created"]) == ("completed", 3)
    assert app.accounts() == {"ada@example.com": True, "ben@example.com": True}
    assert app.zscloud.members("Writers") == ("ben@example.com",)
    assert app.zscloud.violations == []


async def test_cycle_without_a_body_is_incremental(app: Running) -> None:
    await app.cycle("initial")
    started = await app.post("cycles")
    assert (started["kind"], started["dry_run"]) == ("incremental", False)


async def test_changes_of_entra_arrive_and_nothing_else_is_written(app: Running) -> None:
    await app.cycle("initial")
    before = len(app.writes())
    [ada] = app.tenant.ids_named("ada@example.com", "user")
    app.tenant.update_user(ada, department="Finance")
    done = await app.cycle()
    assert (done["status"], done["counts"]["updated"]) == ("completed", 1)
    assert len(app.writes()) == before + 1
    again = await app.cycle()
    assert (again["status"], again["counts"]["updated"]) == ("completed", 0)
    assert len(app.writes()) == before + 1


@pytest.mark.parametrize(
    ("timer", "kind"), [("incremental_cycle", "incremental"), ("reconcile_cycle", "reconcile")]
)
async def test_timer_puts_one_message(app: Running, timer: str, kind: str) -> None:
    app.queue(await app.worker.timer(timer))
    [first] = await app.pump()
    assert first["kind"] == "initial"
    assert app.accounts() == {"ada@example.com": True, "ben@example.com": True}
    app.queue(await app.worker.timer(timer, past_due=True))
    [second] = await app.pump()
    assert (second["kind"], second["generation"]) == (kind, 0)
    assert (await app.get(f"cycles/{second['cycle_id']}"))["status"] == "completed"


async def test_timer_wakes_the_open_cycle_instead_of_a_second_one(app: Running) -> None:
    started = await app.post("cycles")
    app.queue(await app.worker.timer("incremental_cycle"))
    handled = await app.pump()
    assert [each["cycle_id"] for each in handled] == [started["cycle_id"]] * 2
    assert app.writes().count("POST /Users") == 2


async def test_message_that_comes_twice_does_nothing_more(app: Running) -> None:
    await app.post("cycles")
    message = app.messages[0]
    await app.pump()
    requests = len(app.zscloud.requests) + len(app.entra.requests)
    assert await app.worker.queue("work", message) == {}
    assert len(app.zscloud.requests) + len(app.entra.requests) == requests


class TestSmallBudget:
    @pytest.fixture
    def tenant(self) -> Tenant:
        return generate(2, 120, 3, assigned_users=110, assigned_groups=2, guests=0)

    @pytest.fixture
    def settings(self, settings: dict[str, str]) -> dict[str, str]:
        return {**settings, "DRAIN_BUDGET_SECONDS": "1", "ZSCLOUD_REQUESTS_PER_SECOND": "80"}

    async def test_cycle_goes_on_over_several_messages(self, app: Running) -> None:
        started = await app.post("cycles", {"kind": "initial"})
        handled = await app.pump(20)
        assert len(handled) >= 2
        assert [each["generation"] for each in handled] == list(range(len(handled)))
        done = await app.get(f"cycles/{started['cycle_id']}")
        assert (done["status"], done["progress"]["left"]) == ("completed", 0)
        users = app.tenant.users.current()
        wanted = {
            users[id].user_principal_name
            for id in app.tenant.effective_users()
            if users[id].account_enabled
        }
        assert {name for name, active in app.accounts().items() if active} == wanted
        assert app.zscloud.users.duplicates() == {}

    async def test_dry_run_is_never_cut(self, app: Running) -> None:
        await app.post("cycles", {"kind": "initial", "dry_run": True})
        assert len(await app.pump()) == 1


class TestPlan:
    @pytest.fixture
    def tenant(self) -> Tenant:
        return generate(3, 260, 1, assigned_users=230, assigned_groups=1, guests=0, disabled=0)

    async def test_dry_run_is_read_in_pages_and_writes_nothing(self, app: Running) -> None:
        first = await app.cycle("initial", dry_run=True)
        assert (first["status"], first["dry_run"], len(first["changes"])) == (
            "completed",
            True,
            200,
        )
        second = await app.get(f"cycles/{first['cycle_id']}?after={first['next']}")
        assert second["next"] is None
        changes = first["changes"] + second["changes"]
        users = [each for each in changes if each["action"] == "create"]
        assert len({each["source_id"] for each in users}) == len(app.tenant.effective_users()) + 1
        assert len({each["change_id"] for each in changes}) == len(changes)
        assert app.writes() == []
        assert app.accounts() == {}


class TestOff:
    @pytest.fixture
    def settings(self, settings: dict[str, str]) -> dict[str, str]:
        return {**settings, "PROVISIONING_STATUS": "off"}

    async def test_cycle_is_refused_and_a_dry_run_is_not(self, app: Running) -> None:
        answer = await app.call("POST", "cycles")
        assert (answer.status, answer.outputs) == (409, {})
        problem = answer.json()
        assert problem["errors"][0]["field"] == "PROVISIONING_STATUS"
        assert (await app.cycle(dry_run=True))["counts"]["created"] == 3
        assert app.writes() == []

    async def test_timer_says_so_and_puts_no_message(
        self, app: Running, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert await app.worker.timer("incremental_cycle") == {}
        assert "PROVISIONING_STATUS: is 'off'" in caplog.text

    async def test_message_of_a_job_switched_off_since_ends(self, app: Running) -> None:
        document = await app.post("cycles", {"dry_run": True})
        message = {"cycle_id": document["cycle_id"], "kind": "initial", "dry_run": False}
        assert await app.worker.queue("work", json.dumps({**message, "generation": 3})) == {}
        assert app.writes() == []


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("no json", "the message is no JSON"),
        ("[1]", "no JSON object but list"),
        ('{"cycle_id": "1"}', "should not have: dry_run, generation, kind"),
        (
            '{"cycle_id": "1", "kind": "initial", "dry_run": "no", "generation": 0}',
            "dry_run is no bool: 'no'",
        ),
        (
            '{"cycle_id": "1", "kind": "initial", "dry_run": false, "generation": true}',
            "generation is no int: True",
        ),
        (
            '{"cycle_id": "1", "kind": "all", "dry_run": false, "generation": 0}',
            "kind is none of initial, incremental, reconcile: 'all'",
        ),
    ],
)
async def test_malformed_message_is_logged_and_raised(
    app: Running, caplog: pytest.LogCaptureFixture, message: str, reason: str
) -> None:
    with pytest.raises(FunctionFailed, match=reason.split(":", maxsplit=1)[0]):
        await app.worker.queue("work", message)
    assert any(r.levelno == logging.ERROR and reason in r.getMessage() for r in caplog.records)


async def test_message_of_a_forgotten_cycle_ends(app: Running) -> None:
    message = {"cycle_id": "gone", "kind": "initial", "dry_run": False, "generation": 1}
    assert await app.worker.queue("work", json.dumps(message)) == {}
    assert app.writes() == []


async def test_poison_is_reported(app: Running, caplog: pytest.LogCaptureFixture) -> None:
    assert await app.worker.queue("work_poison", b"\xff{broken") == {}
    [record] = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert "{broken" in record.getMessage()
