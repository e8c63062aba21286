"""Which test files are tried for which modules. Of these, coverage chooses test by test.

They need no server, and most of their tests take milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.mutation.pure import ROOT

_FILES = {
    "alerts": "alerts/test_alarms alerts/test_conditions alerts/test_deciding alerts/test_message "
    "alerts/test_addresses decisions/test_alerts",
    "bulk": "decisions/test_bulk",
    "case": "decisions/test_case",
    "comparing": "comparing",
    "deprovisioning": "decisions/test_deprovisioning",
    "differences": "decisions/test_differences mapping/test_flows",
    "dotnet_regex": "dotnet_regex",
    "drained": "scenarios/test_cycles",
    "drift": "decisions/test_drift",
    "errors": "decisions/test_errors",
    "evidence": "decisions/test_evidence",
    "explaining": "explaining",
    "expressions": "expressions mapping/test_flows",
    "forgetting": "decisions/test_forgetting",
    "graph": "graph/test_meaning graph/test_rows graph/test_urls graph/test_wire "
    "graph/test_subscriptions graph/test_allowance telemetry/test_paths",
    "guard": "decisions/test_guard",
    "held": "decisions/test_held",
    "mapping": "mapping",
    "model": "decisions/test_model decisions/test_planned",
    "ncrontab": "decisions/test_ncrontab",
    "notice": "alerts/test_message alerts/test_deciding",
    "notifications": "notifications/test_audit_events notifications/test_batch "
    "notifications/test_message",
    "origins": "telemetry/test_origins",
    "plan": "decisions/test_plan decisions/test_plan_user decisions/test_plan_group "
    "decisions/test_mixed decisions/test_newcomers",
    "provisioning_log": "provisioning_log/test_query",
    "polling": "decisions/test_polling",
    "redaction": "decisions/test_redaction",
    "rows": "state/test_times",
    "rules": "decisions/test_rules",
    "schema": "schema mapping/test_schema mapping/test_flows mapping/test_compiling",
    "scim": "scim/test_answers scim/test_failure scim/test_paths scim/test_wire scim/test_bulk "
    "scim/test_attributes scim/test_meaning telemetry/test_paths",
    "scope": "scoping/test_scope scoping/test_groups",
    "scoping": "scoping",
    "source_attributes": "mapping/test_source_attributes",
    "subscriptions": "decisions/test_subscription_plan decisions/test_subscription_words",
    "token_expiry": "decisions/test_token_expiry",
}
"""By the first part of the module's name within the program."""


def test_files(modules: Iterable[str]) -> list[str]:
    """The files and folders for these modules; ``KeyError`` for a module that has none yet."""
    parts = {module.split(".")[1] for module in modules}
    names = {name for part in parts for name in _FILES[part].split()}
    return sorted(str(_path(name).relative_to(ROOT)) for name in names)


def _path(name: str) -> Path:
    place = ROOT / "tests" / name
    return place if place.is_dir() else place.with_suffix(".py")
