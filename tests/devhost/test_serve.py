"""``python -m provisioning serve`` as its users run it: the whole app, both simulators, HTTP."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioning.settings import load_settings
from provisioning.state.sqlite import SqliteStore
from tests.devhost.served import KEY, NEVER, ROOT, Served, environment, serving, until

SCHEDULES = {
    "CYCLE_SCHEDULE": NEVER,
    "RECONCILE_SCHEDULE": NEVER,
    "ASSIGNMENTS_SCHEDULE": NEVER,
    "MAINTENANCE_SCHEDULE": NEVER,
}


@pytest.fixture(scope="module")
def simulators() -> Iterator[dict[str, str]]:
    """A small tenant of each kind, without a limit of requests."""
    command = ["simulator", "both", "--strict", "--rate", "0", "--users", "12", "--groups", "1"]
    command += ["--assigned-users", "4", "--assigned-groups", "1", "--group-size", "3"]
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", *command, "--default-access", "0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        try:
            yield json.loads(child.stdout.readline())
        finally:
            child.terminate()


@pytest.fixture
def settings(simulators: dict[str, str]) -> dict[str, str]:
    """Settings over empty simulators: what was provisioned before is gone."""
    _control(simulators, "reset")
    return settings_for(simulators)


def settings_for(simulators: dict[str, str]) -> dict[str, str]:
    return {
        "ENTRA_SERVICE_PRINCIPAL_ID": simulators["service_principal_id"],
        "GRAPH_BASE_URL": simulators["graph_url"],
        "ZSCLOUD_SCIM_BASE_URL": simulators["scim_url"],
        "ZSCLOUD_SCIM_TOKEN": simulators["token"],
        "ZSCLOUD_REQUESTS_PER_SECOND": "0",
        "PROVISIONING_STATUS": "on",
        "STATE_STORE": "sqlite:///state/provisioning.db",
        "FUNCTION_KEY": KEY,
        **SCHEDULES,
    }


def _control(simulators: dict[str, str], action: str) -> None:
    url = f"{simulators['zscloud_control_url']}/{action}"
    urllib.request.urlopen(urllib.request.Request(url, b"{}"), timeout=10).close()


def _state(simulators: dict[str, str], side: str) -> Any:
    url = f"{simulators[f'{side}_control_url']}/state"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def _finished(served: Served, cycle_id: str) -> Any:
    """The document of a cycle when it has ended."""
    documents = []

    def ended() -> bool:
        documents.append(served.call("GET", f"/api/cycles/{cycle_id}").json)
        return documents[-1]["status"] not in {"queued", "running"}

    until(ended, lambda: served.log)
    return documents[-1]


def _created(served: Served) -> Any:
    """The entries of the log of what was created, once there are any."""
    entries: list[Any] = []

    def some() -> bool:
        entries[:] = served.call("GET", "/api/logs?action=create").json["items"]
        return bool(entries)

    until(some, lambda: served.log)
    return entries


@pytest.fixture(scope="module")
def app(simulators: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The app for tests that only look, or that are refused."""
    with serving(tmp_path_factory.mktemp("app"), **settings_for(simulators)) as served:
        yield served


OPERATIONS = [
    ("POST", "cycles"),
    ("GET", "cycles/unknown"),
    ("POST", "provision-on-demand"),
    ("POST", "test-connection"),
    ("GET", "status"),
    ("GET", "logs"),
]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_operation_asks_for_the_key(app: Served, method: str, path: str) -> None:
    for key in (None, "wrong", f"{KEY}x"):
        answer = app.call(method, f"/api/{path}", {} if method == "POST" else None, key=key)
        assert (answer.status, answer.body) == (401, b"")
    assert app.call(method, f"/api/{path}?code=wrong", key=None).status == 401


def test_graph_needs_no_key_and_a_forger_learns_nothing(app: Served) -> None:
    """Also not from 10 MB, which are taken off the line and thrown away."""
    shaken = app.call("POST", "/api/notifications?validationToken=a%20token", key=None)
    assert (shaken.status, shaken.body) == (200, b"a token")
    assert app.call("POST", "/api/notifications?validationToken=", key=None).status == 400
    for body in (b"{broken", b'{"value":[' + b"0," * 5_000_000 + b"0]}"):
        answer = app.call("POST", "/api/notifications", body, key=None)
        assert (answer.status, answer.body) == (202, b"")
    assert app.call("GET", "/api/health", key=None).json == {"status": "alive"}


def test_the_audit_log_is_said_once_not_to_be_run_here(app: Served) -> None:
    assert app.log.count("audit_events is not run here: it has an eventHubTrigger") == 1
    assert "audit_events" not in {each["name"] for each in app.document["functions"]}
    answer = app.call("POST", "/admin/functions/audit_events", {"input": "{}"})
    assert (answer.status, answer.body) == (400, b"audit_events is not run here.")


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "cycles"), ("POST", "status"), ("GET", "test-connection")]
)
def test_wrong_method_is_not_allowed(app: Served, method: str, path: str) -> None:
    assert app.call(method, f"/api/{path}").status == 405


def test_unknown_route_is_not_found(app: Served) -> None:
    assert app.call("GET", "/api/nowhere").status == 404


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("cycles", b"{broken", "body"),
        ("cycles", {"kind": "sideways"}, "kind"),
        ("provision-on-demand", {"users": "kim"}, "users"),
    ],
)
def test_malformed_body_is_a_problem_that_names_the_field(
    app: Served, path: str, body: Any, field: str
) -> None:
    answer = app.call("POST", f"/api/{path}", body)
    assert answer.status == 400
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert [error["field"] for error in answer.json["errors"]] == [field]


def test_operations_that_look_answer(app: Served) -> None:
    assert app.call("GET", "/api/health", key=None).json == {"status": "alive"}
    assert app.call("GET", "/api/status").json["state"] == "healthy"
    assert app.call("GET", "/api/logs").json["items"] == []
    assert app.call("POST", "/api/test-connection").json["ok"] is True
    assert app.call("GET", "/api/cycles/unknown").status == 404


def test_document_tells_where_everything_is(app: Served) -> None:
    document = app.document
    assert document["api"] == f"{app.url}/api"
    assert document["key_required"] is True
    assert document["queues"].startswith("state/queues.db")
    assert "not for production" in document["note"]
    functions = {each["name"]: each for each in document["functions"]}
    assert functions["work"]["queue"] == "provisioning-work"
    assert functions["incremental_cycle"]["schedule"] == NEVER
    assert functions["health"]["route"] == "/api/health"
    assert KEY not in json.dumps(document)


@pytest.mark.parametrize("kind", ["embedded", "azure"])
def test_cycle_runs_through_the_queue_to_zscloud(
    settings: dict[str, str],
    simulators: dict[str, str],
    tmp_path: Path,
    kind: str,
    request: pytest.FixtureRequest,
) -> None:
    if kind == "azure":
        settings["AzureWebJobsStorage"] = request.getfixturevalue("storage")
    with serving(tmp_path, **settings) as served:
        answer = served.call("POST", "/api/cycles", {"kind": "initial"})
        assert answer.status == 202
        assert answer.headers["location"] == f"/api/cycles/{answer.json['cycle_id']}"
        done = _finished(served, answer.json["cycle_id"])
        assert done["status"] == "completed"
        created = done["counts"]["created"]
        assert created >= 4
        user = served.call("GET", "/api/logs?limit=1").json["items"][0]["name"]
        again = served.call("POST", "/api/provision-on-demand", {"user": user})
        assert again.status in {200, 400}
        assert served.end(signal.SIGTERM) == 0
        assert settings["ZSCLOUD_SCIM_TOKEN"] not in served.log
        assert KEY not in served.log
    counts = _state(simulators, "zscloud")["counts"]
    assert (counts["users"] + counts["groups"] >= created, counts["violations"]) == (True, 0)


async def test_cycle_of_a_killed_process_goes_on(
    settings: dict[str, str], simulators: dict[str, str], tmp_path: Path
) -> None:
    """Its message was received and not deleted, and its lease not released."""
    before = _state(simulators, "zscloud")["counts"]["users"]
    with serving(tmp_path, **settings | {"ZSCLOUD_REQUESTS_PER_SECOND": "20"}) as served:
        cycle = served.call("POST", "/api/cycles", {"kind": "initial"}).json["cycle_id"]
        until(lambda: _state(simulators, "zscloud")["counts"]["users"] > before)
        served.process.kill()
    await _let_leases_run_out(tmp_path / "state" / "provisioning.db", settings)
    with serving(tmp_path, name="again", **settings) as served:
        served.call("POST", "/admin/functions/incremental_cycle")
        assert _finished(served, cycle)["status"] == "completed"
        log = served.call("GET", "/api/logs?action=create&limit=1000").json["items"]
        names = [each["name"] for each in log if each["status"] == "success"]
        assert len(names) == len(set(names)) > 0
    assert _state(simulators, "zscloud")["counts"]["violations"] == 0


async def _let_leases_run_out(path: Path, settings: dict[str, str]) -> None:
    """What half a minute would do."""
    store, tenant = SqliteStore(path), load_settings(settings).zscloud_tenant
    held = await store.read(tenant)
    assert held is not None
    await store.release(tenant, held.holder, held.payload)
    await store.close()


def test_timer_starts_a_cycle(settings: dict[str, str], tmp_path: Path) -> None:
    with serving(tmp_path, **settings | {"CYCLE_SCHEDULE": "* * * * * *"}) as served:
        served.wait_for("incremental_cycle: done in")
        served.wait_for("work: done in")
        # A tick comes every second: the status shows the newest cycle, so the log is asked for
        # the one that did the work.
        (first,) = {entry["cycle_id"] for entry in _created(served)}
        cycle = _finished(served, first)
        assert (cycle["kind"], cycle["status"]) == ("initial", "completed")
        assert cycle["counts"]["created"] == len(_created(served)) > 0
        later = served.call("GET", "/api/status").json["cycle"]
        assert later["kind"] == ("initial" if later["cycle_id"] == first else "incremental")
        assert served.end(signal.SIGINT) == 0


def _refused(folder: Path, *arguments: str, **environ: str) -> tuple[int, Any, str]:
    """How serve ended that did not start: exit status, document, log."""
    done = subprocess.run(
        [sys.executable, "-m", "provisioning", "serve", "--json", *arguments],
        cwd=folder,
        env={**environment(), **environ},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode, json.loads(done.stdout), done.stderr.decode()


def _fields(document: Any) -> list[str]:
    assert all(error["message"] and error["remedy"] for error in document["errors"])
    return [error["field"] for error in document["errors"]]


def test_others_are_not_served_without_a_key(settings: dict[str, str], tmp_path: Path) -> None:
    status, document, _ = _refused(tmp_path, "--host", "0.0.0.0", **settings | {"FUNCTION_KEY": ""})
    assert (status, _fields(document)) == (2, ["FUNCTION_KEY"])


def test_port_in_use_is_named(settings: dict[str, str], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        status, document, _ = _refused(tmp_path, "--port", port, **settings)
    assert (status, _fields(document)) == (2, ["--port"])
    assert f"127.0.0.1:{port}" in document["errors"][0]["message"]


@pytest.mark.parametrize("host", ["192.0.2.1", "no such name"])
def test_address_that_is_not_ours_is_refused(
    settings: dict[str, str], tmp_path: Path, host: str
) -> None:
    status, document, _ = _refused(tmp_path, "--host", host, **settings)
    assert (status, _fields(document)) == (2, ["--host"])


def test_settings_are_reported_together(settings: dict[str, str], tmp_path: Path) -> None:
    wrong = {"DRIFT": "sideways", "FUNCTION_KEY": "two words", "ZSCLOUD_SCIM_TOKEN": ""}
    status, document, _ = _refused(tmp_path, **settings | wrong)
    assert (status, sorted(_fields(document))) == (2, sorted(wrong))
    assert "two words" not in json.dumps(document)


def test_schedules_that_are_not_set_are_named(settings: dict[str, str], tmp_path: Path) -> None:
    left = {name: value for name, value in settings.items() if name not in SCHEDULES}
    status, document, _ = _refused(tmp_path, **left)
    assert (status, sorted(_fields(document))) == (2, sorted(SCHEDULES))


def test_schedule_that_is_none_is_named(settings: dict[str, str], tmp_path: Path) -> None:
    wrong = {"CYCLE_SCHEDULE": "0 0 0 30 2 *", "RECONCILE_SCHEDULE": "0 61 * * * *"}
    status, document, _ = _refused(tmp_path, **settings | wrong)
    assert (status, sorted(_fields(document))) == (2, sorted(wrong))


def test_storage_that_is_away_is_named(settings: dict[str, str], tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        away = f"UseDevelopmentStorage=true;QueueEndpoint=http://127.0.0.1:{port}/x;AccountKey=eA=="
        status, document, log = _refused(
            tmp_path, **settings, AzureWebJobsStorage=f"AccountName=x;{away}"
        )
    assert (status, document["code"]) == (4, "QueueUnavailable")
    assert "AzureWebJobsStorage" in document["detail"] + json.dumps(document)
    assert "eA==" not in json.dumps(document) + log


def test_damaged_queue_file_is_named(settings: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "queues.db").write_bytes(b"no database" * 1000)
    status, document, _ = _refused(tmp_path, **settings)
    assert (status, _fields(document)) == (2, ["STATE_STORE"])
    assert "queues.db is no SQLite database" in document["errors"][0]["message"]


WITHOUT = """
import sys
sys.modules[{module!r}] = None
sys.argv = ["provisioning", "serve", "--json"]
from provisioning.cli.app import main
main()
"""


@pytest.mark.parametrize(
    ("module", "words"),
    [("devhost", "which is not deployed"), ("azure_functions_runtime", "needs Python 3.13")],
)
def test_where_serve_cannot_run_it_says_so(
    settings: dict[str, str], tmp_path: Path, module: str, words: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(module=module)],
        cwd=tmp_path,
        env={**environment(), **settings},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert words in json.loads(done.stdout)["errors"][0]["message"]


def test_people_get_a_banner(settings: dict[str, str], tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "provisioning", "serve", "--port", "0"],
        cwd=tmp_path,
        env={**environment(), **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline()]
        while lines[-1] != "Ctrl-C ends it.\n":
            lines.append(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    text = "".join(lines)
    assert text.startswith("Serving the function app at http://127.0.0.1:")
    assert "For development and for machines without Azure; not for production on Azure." in text
    assert "start_cycle          POST /api/cycles  (key)" in text
    assert f"incremental_cycle    timer {NEVER}" in text
    assert "work                 queue provisioning-work" in text
    assert KEY not in text
