"""Cycles from the call or the timer, through the queue, to ZSCloud."""

from __future__ import annotations

import logging

import pytest

from devhost.errors import FunctionFailed
from handlers import operations
from provisioning import wake
from provisioning.cycle import CycleRun
from simulator.entra import Tenant, generate
from tests.handlers.running import Running, held_lease


async def test_posted_cycle_is_run_by_the_queue(app: Running) -> None:
    answer = await app.call("POST", "cycles", {"kind": "initial"})
    started = answer.json()
    path = f"/api/cycles/{started['cycle_id']}"
    assert (answer.status, answer.headers["location"]) == (202, path)
    assert answer.headers["content-type"].startswith("application/json")
    assert (started["status"], started["kind"], started["dry_run"]) == ("queued", "initial", False)
    assert app.writes() == []

    [handled] = await app.pump()

    assert handled == {"generation": 1}
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
    await app.worker.timer(timer)
    assert len(await app.pump()) == 1
    assert (await app.get("status"))["cycle"]["kind"] == "initial"
    assert app.accounts() == {"ada@example.com": True, "ben@example.com": True}
    await app.worker.timer(timer, past_due=True)
    assert len(await app.pump()) == 1
    cycle = (await app.get("status"))["cycle"]
    assert (cycle["kind"], cycle["status"]) == (kind, "completed")


async def test_timers_that_overlap_leave_one_message_and_one_cycle(app: Running) -> None:
    """Also while the message of the first is on its way, and past due."""
    await app.worker.timer("incremental_cycle")
    first = (await app.get("status"))["cycle"]
    for _ in range(3):
        await app.worker.timer("incremental_cycle", past_due=True)
    assert len(await app.pump()) == 1
    assert (await app.get("status"))["cycle"]["cycle_id"] == first["cycle_id"]
    assert app.writes().count("POST /Users") == 2


async def test_older_message_does_nothing(app: Running) -> None:
    """A cycle that is asked for over HTTP is woken at once; the message before counts no more."""
    await app.worker.timer("incremental_cycle")
    await app.post("cycles")
    assert [each["generation"] for each in await app.pump()] == [1, 2]
    assert app.writes().count("POST /Users") == 2


async def test_message_that_comes_twice_does_nothing_more(app: Running) -> None:
    await app.post("cycles")
    await app.pump()
    requests = len(app.zscloud.requests) + len(app.entra.requests)
    await app.worker.queue("work", '{"generation": 1}')
    assert len(app.zscloud.requests) + len(app.entra.requests) == requests


async def test_lost_message_costs_one_tick(app: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tick after finds the cycle open and no message that is due about now."""
    started = await app.post("cycles")
    await app.take()
    await app.worker.timer("incremental_cycle")
    assert await app.pump() == []
    monkeypatch.setattr(wake, "_LATE", -1.0)
    await app.worker.timer("incremental_cycle")
    assert [each["generation"] for each in await app.pump()] == [2]
    assert (await app.get(f"cycles/{started['cycle_id']}"))["status"] == "completed"


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
        assert [each["generation"] for each in handled] == list(range(1, len(handled) + 1))
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
        await app.worker.queue("work", '{"generation": 3}')
        assert app.writes() == []

    async def test_call_on_demand_is_answered_by_the_queue_too(
        self, app: Running, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A test user goes first, also when the caller did not wait for the answer."""
        monkeypatch.setattr(operations, "_WAIT", 0.0)
        async with held_lease():
            answer = await app.call("POST", "provision-on-demand", {"user": "ada@example.com"})
        assert answer.status == 202
        assert (await app.call("GET", answer.headers["location"][5:])).status == 202
        await app.pump()
        done = await app.get(answer.headers["location"][5:])
        assert [result["outcome"] for result in done["results"]] == ["create"]
        assert app.accounts() == {"ada@example.com": True}


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("no json", "the message is no JSON"),
        ("[1]", "the message is not"),
        ("[" * 40_000, "the message is no JSON"),
        ("{}", "the message is not"),
        ('{"generation": true}', "the message is not"),
        ('{"generation": 1, "dry_run": "1"}', "the message is not"),
        ('{"dry_run": 1}', "the message is not"),
        ('{"dry_run": "\\ud800"}', "the message is no JSON"),
    ],
)
async def test_malformed_message_is_logged_and_raised(
    app: Running, caplog: pytest.LogCaptureFixture, message: str, reason: str
) -> None:
    with pytest.raises(FunctionFailed, match=reason):
        await app.worker.queue("work", message)
    assert any(r.levelno == logging.ERROR and reason in r.getMessage() for r in caplog.records)


async def test_dry_run_that_is_not_known_ends(app: Running) -> None:
    await app.worker.queue("work", '{"dry_run": "gone"}')
    assert app.writes() == []


async def test_dry_run_waits_for_the_lease(app: Running) -> None:
    """Its message comes again later: no execution sleeps."""
    started = await app.post("cycles", {"dry_run": True})
    async with held_lease():
        assert len(await app.pump()) == 1
    assert (await app.get(f"cycles/{started['cycle_id']}"))["status"] == "queued"
    app.ahead = 16.0
    assert await app.pump() == [{"dry_run": started["cycle_id"]}]
    assert (await app.get(f"cycles/{started['cycle_id']}"))["status"] == "completed"


async def test_dead_holder_costs_its_lease(app: Running) -> None:
    """A wake-up that found the lease taken comes again until the lease is free."""
    await app.post("cycles", {"kind": "initial"})
    async with held_lease():
        assert len(await app.pump()) == 1
    assert app.writes() == []
    app.ahead = 6.0
    [handled] = await app.pump()
    assert handled["generation"] == 2
    assert len(app.accounts()) == 2


async def test_poison_is_set_aside_with_its_reason_and_alerts(
    app: Running, caplog: pytest.LogCaptureFixture
) -> None:
    """It counts in escrow until work succeeds again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CycleRun, "run", _broken)
        await app.post("cycles")
        message = await app.take()
        assert message is not None
        with pytest.raises(FunctionFailed, match="out of order"):
            await app.worker.queue("work", message, dequeue_count=5)
    await app.worker.queue("work_poison", message)
    alerts = [r.getMessage() for r in caplog.records if r.getMessage().startswith("ALERT")]
    assert len(alerts) == 1
    assert alerts[0].startswith("ALERT poison: A message on provisioning-work was set aside: ")
    assert "RuntimeError: out of order" in alerts[0]
    assert (await app.get("status"))["escrow"] == 1
    await app.worker.queue("work", message)
    assert (await app.get("status"))["escrow"] == 0
    assert len(app.accounts()) == 2


async def test_poison_that_asked_for_a_dry_run_ends_it(app: Running) -> None:
    """Whoever waits for its plan is told that there will be none."""
    started = await app.post("cycles", {"dry_run": True})
    message = await app.take()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CycleRun, "run", _broken)
        with pytest.raises(FunctionFailed, match="out of order"):
            await app.worker.queue("work", message, dequeue_count=5)
    await app.worker.queue("work_poison", message)
    assert (await app.get(f"cycles/{started['cycle_id']}"))["status"] == "failed"


async def test_poison_that_is_no_message_of_ours_says_so(
    app: Running, caplog: pytest.LogCaptureFixture
) -> None:
    """Put there by hand, or by another program."""
    with pytest.raises(FunctionFailed, match="the message is no JSON"):
        await app.worker.queue("work", "go on!", dequeue_count=5)
    await app.worker.queue("work_poison", "go on!")
    [alert] = [r.getMessage() for r in caplog.records if r.getMessage().startswith("ALERT")]
    assert "the message is no JSON" in alert
    [message] = (await app.get("status"))["poison"]
    assert (message["text"], message["queue"]) == ("go on!", "provisioning-work")
    assert "the message is no JSON" in message["reason"]


async def test_poison_that_is_no_text_is_set_aside_too(app: Running) -> None:
    await app.worker.queue("work_poison", b"\xff{broken")
    await app.worker.queue("work_poison", "[" * 40_000)
    assert (await app.get("status"))["escrow"] == 2


async def test_end_of_an_unattended_cycle_is_reported(
    app: Running, caplog: pytest.LogCaptureFixture
) -> None:
    """One line for each cycle; an alert when somebody must know."""
    caplog.set_level(logging.INFO)
    done = await app.cycle()
    assert f"CYCLE completed {done['cycle_id']}" in [r.getMessage() for r in caplog.records]
    app.zscloud.set_options(token="another")
    [ada] = app.tenant.ids_named("ada@example.com", "user")
    app.tenant.update_user(ada, department="Finance")
    await app.cycle()
    alerts = [r.getMessage() for r in caplog.records if r.getMessage().startswith("ALERT")]
    assert len(alerts) == 1
    assert alerts[0].startswith("ALERT token_refused: ZSCloud answered 401")


async def _broken(self: CycleRun) -> None:
    raise RuntimeError("out of order")


async def test_every_timer_gives_a_sign_of_life(
    app: Running, caplog: pytest.LogCaptureFixture
) -> None:
    timers = ("incremental_cycle", "reconcile_cycle", "assignment_poll", "maintenance")
    with caplog.at_level(logging.INFO, "provisioning"):
        for timer in timers:
            await app.worker.timer(timer)
    lines = [record.message for record in caplog.records if record.message.startswith("HEARTBEAT")]
    assert [line.partition(":")[0] for line in lines] == [f"HEARTBEAT {timer}" for timer in timers]
    await app.pump()
    caplog.clear()
    with caplog.at_level(logging.INFO, "provisioning"):
        await app.worker.timer("assignment_poll")
    assert "HEARTBEAT assignment_poll: healthy, nothing to do" in caplog.text
