"""What operators ask for over HTTP, and how it is refused."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from handlers import operations
from handlers.shutdown import close
from provisioning.operations.checks import exit_status
from simulator.entra import DEFAULT_ACCESS
from tests.handlers.running import Running, held_lease


async def test_health_says_alive_and_reads_nothing(
    app: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZSCLOUD_REQUESTS_PER_SECOND", "broken")
    assert await app.get("health") == {"status": "alive"}


async def test_on_demand_provisions_one_user_with_reasons(app: Running) -> None:
    document = await app.post("provision-on-demand", {"user": "ada@example.com"})
    [result] = document["results"]
    assert (result["name"], result["outcome"]) == ("ada@example.com", "create")
    assert {step["name"] for step in result["steps"]} >= {"import", "scope"}
    assert app.accounts() == {"ada@example.com": True}


async def test_on_demand_dry_run_writes_nothing(app: Running) -> None:
    body = {"users": ["ada@example.com", "ben@example.com"], "dry_run": True}
    document = await app.post("provision-on-demand", body)
    assert [each["outcome"] for each in document["results"]] == ["create", "create"]
    assert app.writes() == []


async def test_on_demand_provisions_a_group(app: Running) -> None:
    await app.cycle("initial")
    [writers] = app.tenant.ids_named("Writers", "group")
    [ada] = app.tenant.ids_named("ada@example.com", "user")
    app.tenant.add_member(writers, ada)
    document = await app.post("provision-on-demand", {"group": "Writers"})
    assert [each["action"] for each in document["results"][0]["changes"]] == ["add_member"]
    assert app.zscloud.members("Writers") == ("ada@example.com", "ben@example.com")


async def test_on_demand_is_answered_by_the_process_that_writes(
    app: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another process has the lease the call waits, then says where to look."""
    monkeypatch.setattr(operations, "_WAIT", 0.0)
    async with held_lease():
        answer = await app.call("POST", "provision-on-demand", {"user": "ada@example.com"})
    assert answer.status == 202
    where = answer.headers["location"]
    assert where == f"/api/provision-on-demand/{answer.json()['id']}"
    assert app.writes() == []
    await app.pump()
    done = await app.get(where.removeprefix("/api/"))
    assert [(each["name"], each["outcome"]) for each in done["results"]] == [
        ("ada@example.com", "create")
    ]


async def test_dry_run_on_demand_without_the_lease_is_told_to_come_again(
    app: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "_WAIT", 0.0)
    async with held_lease():
        answer = await app.call(
            "POST", "provision-on-demand", {"user": "ada@example.com", "dry_run": True}
        )
    assert (answer.status, answer.json()["code"]) == (503, "LeaseUnavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert app.writes() == []


async def test_call_on_demand_that_is_not_known_is_404(app: Running) -> None:
    answer = await app.call("GET", "provision-on-demand/gone")
    assert (answer.status, answer.json()["errors"][0]["field"]) == (404, "id")


async def test_connection_is_tested_without_a_write(app: Running) -> None:
    document = await app.post("test-connection")
    assert document["ok"] is True
    assert [check["status"] for check in document["checks"]] == ["ok"] * 6
    assert app.writes() == []


async def test_explain_tells_why_in_five_steps_and_writes_nothing(app: Running) -> None:
    document = await app.get("explain?principal=ada%40example.com")
    assert document["principal"]["name"] == "Ada Adler"
    assert "Ada Adler is in scope" in document["verdict"]
    assert [each["name"] for each in document["steps"]] == [
        *("import", "scope", "match", "action", "export")
    ]
    assert [each["method"] for each in document["would_send"]] == ["POST"]
    outside = await app.get("explain?principal=eve%40example.com")
    assert "is to have no access" in outside["verdict"]
    assert app.writes() == []


@pytest.mark.parametrize(
    ("query", "status"), [("?principal=nobody", 404), ("", 400), ("?principal=a&user=b", 400)]
)
async def test_explain_of_nobody_and_of_a_wrong_call(app: Running, query: str, status: int) -> None:
    answer = await app.call("GET", f"explain{query}")
    assert (answer.status, answer.json()["code"]) == (status, "InvalidRequest")
    assert answer.json()["errors"][0]["remedy"]


async def test_connection_with_a_wrong_token_fails_by_name(app: Running) -> None:
    app.zscloud.set_options(token="another")
    answer = await app.call("POST", "test-connection")
    assert (answer.status, answer.json()["ok"]) == (200, False)
    [failed] = [check for check in answer.json()["checks"] if check["status"] != "ok"]
    assert (failed["name"], failed["code"]) == ("ZSCloud: token and filter", "Unauthorized")
    assert b"simulated-token" not in answer.body


@pytest.mark.parametrize(
    ("permission", "failing"),
    [
        ("Application.Read.All", {"Graph: enterprise application", "Graph: assignments"}),
        ("User.Read.All", {"Graph: users"}),
        ("GroupMember.Read.All", {"Graph: groups"}),
    ],
)
async def test_connection_names_the_permission_that_is_missing(
    app: Running, permission: str, failing: set[str]
) -> None:
    app.entra.set(missing_permissions=[permission])
    document = await app.post("test-connection")
    failed = [check for check in document["checks"] if check["status"] != "ok"]
    assert {check["name"] for check in failed} == failing
    assert all(permission in check["remedy"] for check in failed)
    assert exit_status(document) == 4


async def test_status_before_while_and_after(app: Running) -> None:
    before = await app.get("status")
    assert (before["state"], before["cycle"]) == ("healthy", None)
    await app.post("cycles")
    assert (await app.get("status"))["state"] == "working"
    await app.pump()
    after = await app.get("status")
    assert (after["state"], after["lanes"]) == ("healthy", {"1": 0, "2": 0, "3": 0, "4": 0})
    assert after["last_success"] is not None


async def test_due_lists_who_waits_to_be_deleted(
    app: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In pages; ``status`` has the number."""
    monkeypatch.setenv("ON_DISABLE", "delete")
    monkeypatch.setenv("DELETE_AFTER_DAYS", "7")
    await close()
    await app.cycle("initial")
    assert await app.get("due") == {"items": [], "next": None}
    [ben] = app.tenant.ids_named("ben@example.com", "user")
    app.tenant.disable(ben)
    await app.cycle("incremental")
    page = await app.get("due?limit=1")
    assert [each["name"] for each in page["items"]] == ["ben@example.com"]
    assert (await app.get(f"due?after={quote(page['next'])}"))["items"] == []
    assert (await app.get("status"))["due_deletions"] == 1
    refused = await app.call("GET", "due?after=nonsense")
    assert (refused.status, refused.json()["errors"][0]["field"]) == (400, "after")


async def test_logs_are_filtered_and_turned_by_page(app: Running) -> None:
    done = await app.cycle("initial")
    everything = await app.get(f"logs?cycle={done['cycle_id']}")
    users = [each for each in everything["items"] if each["object_type"] == "user"]
    assert {each["name"] for each in users} == {"ada@example.com", "ben@example.com"}
    assert all(each["reason"] and each["status"] == "success" for each in users)
    page = await app.get("logs?limit=1")
    following = await app.get(f"logs?limit=1&after={page['next']}")
    assert page["items"][0]["id"] != following["items"][0]["id"]
    assert (await app.get("logs?action=delete"))["items"] == []


@pytest.mark.parametrize("name", ["pia@example.com", "Nobody's"])
async def test_logs_of_who_has_no_account_are_found_by_name(app: Running, name: str) -> None:
    """Who is skipped has a reason in the log, and no link that knows the name."""
    pia = app.tenant.add_user("pia@example.com")
    app.tenant.assign(pia, role=DEFAULT_ACCESS)
    app.tenant.add_group("Nobody's")
    await app.cycle("initial")
    body = {"group": name} if name == "Nobody's" else {"user": name}
    await app.post("provision-on-demand", body)
    found = (await app.get(f"logs?principal={quote(name)}"))["items"]
    assert {entry["name"] for entry in found} == {name}
    id = found[0]["source_id"]
    assert (await app.get(f"logs?principal={id.upper()}"))["items"] == found


async def test_logs_of_a_name_that_two_groups_have_ask_for_the_id(app: Running) -> None:
    app.tenant.add_group("Readers")
    app.tenant.add_group("Readers")
    answer = await app.call("GET", "logs?principal=Readers")
    [error] = answer.json()["errors"]
    assert (answer.status, error["remedy"]) == (400, "Give the object id.")
    assert "2 groups" in error["message"]


async def test_key_in_the_query_is_no_unknown_parameter(app: Running) -> None:
    assert (await app.get("logs?code=key&clientId=default"))["items"] == []


@pytest.mark.parametrize("path", ["status", "logs"])
async def test_store_of_another_job_is_a_conflict(
    app: Running, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """It would look like a job that has not done anything yet."""
    await app.cycle("initial")
    await close()
    monkeypatch.setenv("ENTRA_SERVICE_PRINCIPAL_ID", "00000000-0000-4000-8000-000000000001")
    answer = await app.call("GET", path)
    assert (answer.status, answer.json()["errors"][0]["field"]) == (409, "STATE_STORE")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("cycles", b"{not json", "body"),
        ("cycles", b"\xff", "body"),
        ("cycles", b"[" * 100_000, "body"),
        ("cycles", b'{"kind":' * 100_000, "body"),
        ("cycles", b'{"kind": "initial"}' + b" " * 1_000_000, "body"),
        ("cycles", ["initial"], "body"),
        ("cycles", {"kind": "all"}, "kind"),
        ("cycles", {"kind": "on_demand"}, "kind"),
        ("cycles", {"kind": None}, "kind"),
        ("cycles", {"dry_run": "yes"}, "dry_run"),
        ("cycles", {"dry_run": 1}, "dry_run"),
        ("cycles", {"dryRun": True}, "dryRun"),
        ("cycles", {"": True}, "''"),
        ("cycles", {"a\r\nb": True}, "'a\\r\\nb'"),
        ("cycles", {"x" * 5000: True}, "x" * 99 + "…"),
        ("provision-on-demand", b'{"user": "\\ud800"}', "body"),
        ("provision-on-demand", b'{"users": ["\\udc00\\ud800"]}', "body"),
        ("provision-on-demand", None, "user"),
        ("provision-on-demand", {"users": "ada@example.com"}, "users"),
        ("provision-on-demand", {"users": [1]}, "users"),
        ("provision-on-demand", {"user": 5}, "user"),
        ("provision-on-demand", {"user": "ada@example.com", "group": "Writers"}, "user"),
        ("provision-on-demand", {"user": "nobody@example.com"}, "user"),
        ("provision-on-demand", {"group": "No Such Group"}, "group"),
    ],
)
async def test_wrong_body_is_a_problem_that_names_the_field(
    app: Running, path: str, body: Any, field: str
) -> None:
    answer = await app.call("POST", path, body)
    assert (answer.status, answer.outputs) == (400, {})
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (400, "InvalidRequest")
    [error] = problem["errors"]
    assert error["field"] == field
    assert error["message"]
    assert error["remedy"]
    assert app.writes() == []


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("logs?limit=many", "limit"),
        ("logs?since=yesterday", "since"),
        ("logs?since=" + "9" * 5000 + "d", "since"),
        ("logs?until=0001-01-01T00:00:00%2B23:59x", "until"),
        ("logs?limit=" + "9" * 5000, "limit"),
        ("logs?action=" + "x" * 5000, "action"),
        ("held?%20=1", "' '"),
        ("logs?status=odd", "status"),
        ("logs?after=yesterday", "after"),
        ("logs?after=1/", "after"),
        ("logs?principal=nobody@example.com", "principal"),
        ("logs?sicne=2h", "sicne"),
        ("cycles/x?page=2", "page"),
        ("cycles/x?after=-1", "after"),
        ("cycles?limit=%D9%A3", "limit"),
        ("logs?limit=1_0", "limit"),
        ("escrow?after=nonsense", "after"),
        ("audit?after=nonsense", "after"),
        ("audit?after=-1", "after"),
        ("audit?limit=0", "limit"),
        ("audit?limit=1001", "limit"),
        ("status?x=1", "x"),
        ("provision-on-demand/x?page=2", "page"),
    ],
)
async def test_wrong_query_is_a_problem_that_names_the_field(
    app: Running, path: str, field: str
) -> None:
    answer = await app.call("GET", path)
    assert (answer.status, answer.json()["errors"][0]["field"]) == (400, field)


@pytest.mark.parametrize(
    "path",
    [
        *("cycles", "provision-on-demand", "test-connection", "doctor", "stop", "start", "restart"),
        *("escrow/retry-now", "held/x/approve", "alerts/test", "subscriptions/ensure"),
    ],
)
async def test_what_belongs_into_the_body_is_refused_in_the_query(app: Running, path: str) -> None:
    """Ignored, `POST cycles?dry_run=true` would write."""
    answer = await app.call("POST", f"{path}?dry_run=true")
    assert (answer.status, answer.outputs) == (400, {})
    assert answer.json()["errors"][0]["field"] == "dry_run"
    assert app.writes() == []


async def test_a_call_without_fields_says_so(app: Running) -> None:
    answer = await app.call("POST", "start", {"now": True})
    [error] = answer.json()["errors"]
    assert (error["field"], error["remedy"]) == ("now", "Leave it out.")


async def test_unknown_cycle_is_not_found(app: Running) -> None:
    answer = await app.call("GET", "cycles/no-such-cycle")
    assert (answer.status, answer.json()["code"]) == (404, "InvalidRequest")
    assert answer.headers["content-type"].startswith("application/problem+json")


async def test_graph_that_refuses_is_a_bad_gateway(app: Running) -> None:
    app.entra.set(error_next=1, error_status=403)
    answer = await app.call("POST", "provision-on-demand", {"user": "ada@example.com"})
    assert answer.status == 502
    assert "Graph" in answer.json()["detail"]


class TestBrokenSettings:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {
            "ZSCLOUD_SCIM_TOKEN": "secret value",
            "ZSCLOUD_REQUESTS_PER_SECOND": "many",
            "DRIFT": "sideways",
        }

    async def test_all_are_named_and_no_secret_shown(self, app: Running) -> None:
        answer = await app.call("GET", "status")
        assert (answer.status, answer.json()["code"]) == (500, "ConfigurationError")
        assert {each["field"] for each in answer.json()["errors"]} == {
            "ZSCLOUD_SCIM_TOKEN",
            "ZSCLOUD_REQUESTS_PER_SECOND",
            "DRIFT",
        }
        assert b"secret value" not in answer.body

    async def test_timer_fails_loudly(self, app: Running) -> None:
        from devhost.errors import FunctionFailed

        with pytest.raises(FunctionFailed, match="ConfigurationError"):
            await app.worker.timer("incremental_cycle")


async def test_calls_at_the_same_time_share_one_store(app: Running) -> None:
    await app.post("cycles", {"kind": "initial"})
    calls = [app.get("status"), app.get("logs"), app.get("health")]
    _, *answers = await asyncio.gather(app.pump(), *calls)
    assert len(answers) == 3
    assert len(app.accounts()) == 2


async def test_drift_and_orphans_are_read_in_pages(app: Running) -> None:
    assert await app.get("drift") == {"items": [], "next": None, "report": None}
    await app.cycle("initial")
    app.zscloud.edit_user("ada@example.com", displayName="By hand")
    app.zscloud.edit_user("ben@example.com", displayName="By hand")
    await app.cycle("reconcile")
    first = await app.get("drift?limit=1")
    second = await app.get(f"drift?limit=1&after={quote(first['next'])}")
    names = [item["name"] for page in (first, second) for item in page["items"]]
    assert sorted(names) == ["ada@example.com", "ben@example.com"]
    assert second["next"] is None
    orphans = await app.get("orphans")
    assert {item["name"] for item in orphans["items"]} >= {"Service Admin"}
    assert (await app.get("status"))["drift"]["repaired"] == 2
    wrong = await app.call("GET", "orphans?page=2")
    assert (wrong.status, wrong.json()["errors"][0]["field"]) == (400, "page")
    wrong = await app.call("GET", "drift?after=x")
    assert (wrong.status, wrong.json()["errors"][0]["field"]) == (400, "after")
