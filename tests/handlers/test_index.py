"""What the host learns of the app, and what importing it takes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from handlers.operations import CycleRequest, OnDemandRequest
from provisioning.notifications.message import HINTS
from provisioning.wake import WORK
from tests.handlers.running import ROOT, Running

ROUTES = {
    "start_cycle": ("cycles", ["POST"], "function"),
    "cycles": ("cycles", ["GET"], "function"),
    "get_cycle": ("cycles/{id}", ["GET"], "function"),
    "provision_on_demand": ("provision-on-demand", ["POST"], "function"),
    "get_on_demand": ("provision-on-demand/{id}", ["GET"], "function"),
    "test_connection": ("test-connection", ["POST"], "function"),
    "doctor": ("doctor", ["POST"], "function"),
    "status": ("status", ["GET"], "function"),
    "logs": ("logs", ["GET"], "function"),
    "latency": ("latency", ["GET"], "function"),
    "settings": ("settings", ["GET"], "function"),
    "due": ("due", ["GET"], "function"),
    "drift": ("drift", ["GET"], "function"),
    "orphans": ("orphans", ["GET"], "function"),
    "explain": ("explain", ["GET"], "function"),
    "held_plans": ("held", ["GET"], "function"),
    "held_plan": ("held/{id}", ["GET"], "function"),
    "approve_held_plan": ("held/{id}/approve", ["POST"], "function"),
    "reject_held_plan": ("held/{id}/reject", ["POST"], "function"),
    "audit": ("audit", ["GET"], "function"),
    "escrow": ("escrow", ["GET"], "function"),
    "retry_escrow": ("escrow/retry-now", ["POST"], "function"),
    "subscriptions": ("subscriptions", ["GET"], "function"),
    "ensure_subscriptions": ("subscriptions/ensure", ["POST"], "function"),
    "alerts": ("alerts", ["GET"], "function"),
    "test_alerts": ("alerts/test", ["POST"], "function"),
    "stop": ("stop", ["POST"], "function"),
    "start": ("start", ["POST"], "function"),
    "restart": ("restart", ["POST"], "function"),
    "notifications": ("notifications", ["POST"], "anonymous"),
    "health": ("health", ["GET"], "anonymous"),
    "console": ("console", ["GET"], "anonymous"),
    "console_asset": ("console/{asset}", ["GET"], "anonymous"),
}


async def test_functions_routes_and_keys_are_as_promised(app: Running) -> None:
    found = {
        each.name: (each.route, list(each.methods), each.auth_level)
        for each in app.worker.functions.values()
        if each.trigger == "httpTrigger"
    }
    assert found == ROUTES


@pytest.mark.parametrize("page", ["deploy.md", "serve.md"])
def test_documented_calls_are_those_of_the_app(page: str) -> None:
    """Path, method and the fields of the body, of every call that a page tells to make."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    bodies = {"cycles": CycleRequest, "provision-on-demand": OnDemandRequest}
    allowed = {
        ("POST" if "POST" in methods else "GET", route) for route, methods, _ in ROUTES.values()
    }
    lines = re.findall(r"^.*(?:curl|call) .*(?:/api|\$API)/.*$", text, re.MULTILINE)
    assert lines
    for line in lines:
        path = re.search(r"(?:/api|\$API)/([\w{}/-]+)", line)
        assert path is not None, line
        assert ("POST" if "-X POST" in line else "GET", path[1]) in allowed, line
        for body in re.findall(r"-d '([^']+)'", line):
            bodies[path[1]](**json.loads(body))


async def test_timers_run_on_the_schedules_of_the_settings(app: Running) -> None:
    timers = {
        each.name: each.schedule
        for each in app.worker.functions.values()
        if each.trigger == "timerTrigger"
    }
    assert timers == {
        "incremental_cycle": "%CYCLE_SCHEDULE%",
        "reconcile_cycle": "%RECONCILE_SCHEDULE%",
        "assignment_poll": "%ASSIGNMENTS_SCHEDULE%",
        "maintenance": "%MAINTENANCE_SCHEDULE%",
    }


async def test_queue_functions_read_the_queues_that_messages_go_to(app: Running) -> None:
    triggers = {
        each.name: each.queue_name
        for each in app.worker.functions.values()
        if each.trigger == "queueTrigger"
    }
    assert triggers == {
        "work": WORK,
        "work_poison": f"{WORK}-poison",
        "hints": HINTS,
        "hints_poison": f"{HINTS}-poison",
    }


async def test_audit_log_is_read_from_the_hub_that_the_settings_name(app: Running) -> None:
    """The host resolves the names: infra and the example set them, also while it is off."""
    [function] = [
        each for each in app.worker.functions.values() if each.trigger == "eventHubTrigger"
    ]
    [trigger] = function.bindings
    assert function.name == "audit_events"
    assert {name: trigger[name] for name in ("connection", "eventHubName", "consumerGroup")} == {
        "connection": "AUDIT_EVENTS",
        "eventHubName": "%AUDIT_EVENT_HUB%",
        "consumerGroup": "%AUDIT_CONSUMER_GROUP%",
    }
    assert trigger["cardinality"].lower() == "many"


async def test_every_function_is_documented(app: Running) -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = text.partition("## Functions")[2].partition("\n\nAll HTTP functions but")[0]
    rows = re.findall(r"^\| (`[^|]+`) \|", table, re.MULTILINE)
    documented = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(documented) == sorted(app.worker.functions)


def test_host_limits_one_message_at_a_time_as_plain_text() -> None:
    host = json.loads((ROOT / "host.json").read_text())
    assert host["extensions"]["http"]["routePrefix"] == "api"
    assert host["extensions"]["queues"] == {
        "batchSize": 1,
        "newBatchThreshold": 0,
        "maxDequeueCount": 5,
        "maxPollingInterval": "00:00:02",
        "visibilityTimeout": "00:00:30",
        "messageEncoding": "none",
    }


IMPORT = """
import os, sys, time
class Unread(dict):
    def _refuse(self, *a, **k): raise AssertionError("the environment was read by our code")
    __getitem__ = get = __contains__ = __iter__ = keys = items = values = copy = _refuse
import azure.functions
os.environ = os.environb = Unread()
os.getenv = Unread()._refuse
import function_app
print(sorted(name for name in sys.modules if name.partition(".")[0] == "provisioning"))
"""


def _python(program: str) -> str:
    """What a program prints in a fresh process that has no setting at all."""
    environ = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_reads_no_environment_and_none_of_the_program() -> None:
    assert _python(IMPORT) == "[]"
