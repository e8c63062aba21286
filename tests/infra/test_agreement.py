"""The templates agree with the program, with host.json, and with one another."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from provisioning.record import CycleStatus
from tests.infra.bicep.resources import GUIDS
from tests.infra.bicep.source import Source, plain_string, properties
from tests.infra.bicep.values import value_of
from tests.infra.conftest import INFRA, ROOT
from tools.package.dependencies import PYTHON

HOST = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))
RULES = json.loads((INFRA / "alerts.json").read_text(encoding="utf-8"))


def test_a_missing_cycle_is_looked_for_a_day_at_most(texts: Mapping[str, str]) -> None:
    # A query may look back two days: tests/infra/rules.py.
    assert "@maxValue(1440)\nparam noCycleAlertMinutes" in texts["main.bicep"]


def test_no_line_that_a_rule_looks_for_is_sampled_away() -> None:
    """Rules read traces, and requests: each of them counts."""
    sampling = HOST["logging"]["applicationInsights"]["samplingSettings"]
    kept = {f"App{kind}s" for kind in sampling["excludedTypes"].split(";")}
    assert {rule["query"].partition(" ")[0] for rule in RULES} <= kept


def test_a_cycle_that_only_holds_removals_is_not_missing() -> None:
    """All ends without an error count: a held plan may wait for days, and the rest goes on."""
    [query] = [rule["query"] for rule in RULES if rule["name"] == "no_cycle"]
    looked_for = tuple(re.findall(r"startswith '([^']+)'", query))
    for status in (CycleStatus.COMPLETED, CycleStatus.COMPLETED_WITH_ERRORS, CycleStatus.HELD):
        assert f"CYCLE {status.value} 1".startswith(looked_for)


def test_the_webhook_url_is_where_the_host_puts_it(sources: Mapping[str, Source]) -> None:
    prefix = HOST["extensions"]["http"]["routePrefix"]
    webhook = sources["modules/app.bicep"].of("var")["webhook"]
    url = properties(webhook.body)["NOTIFICATION_URL"]
    assert f"/{prefix}/notifications'" in (url.text or b"").decode()
    main = sources["main.bicep"].of("output")["CONSOLE_URL"].body
    assert main is not None
    assert f"/{prefix}/console'" in (main.text or b"").decode()


def test_an_execution_ends_well_before_the_host_ends_it(sources: Mapping[str, Source]) -> None:
    source = sources["main.bicep"]
    settings = properties(source.of("var")["settings"].body)
    hours, minutes, seconds = map(int, HOST["functionTimeout"].split(":"))
    budget = value_of(source, settings["DRAIN_BUDGET_SECONDS"])
    assert int(str(budget)) * 2 <= hours * 3600 + minutes * 60 + seconds


def test_the_runtime_is_the_one_that_the_package_is_for(texts: Mapping[str, str]) -> None:
    assert f"runtime: {{ name: 'python', version: '{PYTHON}' }}" in texts["modules/app.bicep"]


def test_references_name_secrets_that_the_vault_module_writes(
    sources: Mapping[str, Source], texts: Mapping[str, str]
) -> None:
    referred = properties(sources["main.bicep"].of("var")["vaultSettings"].body)
    names = {name for node in referred.values() for name in re.findall(rb"'([a-z-]+)'", node.text)}
    secrets = [
        properties(each.body)["name"]
        for each in sources["modules/keyvault.bicep"].of("resource").values()
        if each.reference.startswith("Microsoft.KeyVault/vaults/secrets@")
    ]
    assert {name.decode() for name in names} == {plain_string(node) for node in secrets}


def test_every_role_and_permission_is_used_and_documented(texts: Mapping[str, str]) -> None:
    templates = "\n".join(texts.values())
    permissions = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")
    for guid, name in GUIDS.items():
        assert guid in templates
        assert guid in permissions
        assert name in permissions


def test_the_scripts_grant_what_the_template_grants(texts: Mapping[str, str]) -> None:
    guid = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
    expected = set(guid.findall(texts["modules/graph-permissions.bicep"]))
    for name in ("grant-graph-permissions.sh", "grant-graph-permissions.ps1"):
        script = (INFRA / "scripts" / name).read_text(encoding="utf-8")
        assert set(guid.findall(script)) == expected
        for found in expected - {"00000003-0000-0000-c000-000000000000"}:
            assert re.search(rf"{re.escape(GUIDS[found])}\W+{found}", script)


def test_every_parameter_is_documented(sources: Mapping[str, Source]) -> None:
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    table = text.partition("## Parameters")[2].partition("\n\n**")[0]
    rows = re.findall(r"^\| (`[^|]+) \| ([^|]+) \|", table, re.MULTILINE)
    documented = {
        name: default for names, default in rows for name in re.findall(r"`(\w+)`", names)
    }
    params = sources["main.bicep"].of("param")
    assert documented.keys() == params.keys()
    for name, param in params.items():
        assert (documented[name].strip() == "required") is (param.body is None), name


def test_every_rule_is_documented_with_its_severity() -> None:
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    table = text.partition("## Alerts")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\w+) \| (\d) \|", table, re.MULTILINE)
    assert {name: int(severity) for name, severity in rows} == {
        rule["name"]: rule["severity"] for rule in RULES
    }
