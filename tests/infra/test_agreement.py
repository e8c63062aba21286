"""The templates agree with the program, with host.json, and with one another."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from handlers import audit_events
from provisioning.record import CycleStatus
from tests.infra.bicep.resources import GUIDS
from tests.infra.bicep.source import Source, plain_string, properties, text_of
from tests.infra.bicep.values import value_of
from tests.infra.conftest import INFRA, ROOT
from tests.infra.contract import ALERT_CODES
from tools.package.dependencies import PYTHON

AUDIT = "audit_events"
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


def test_notifications_are_switched_by_one_parameter(
    sources: Mapping[str, Source], texts: Mapping[str, str]
) -> None:
    """Off: no address, no reference to a secret that may not be there, no instance kept awake, no
    permission on groups.
    """
    main, app = sources["main.bicep"], texts["modules/app.bicep"]
    assert value_of(main, main.of("param")["changeNotifications"].body) is False
    assert "alwaysReadyHttp int = changeNotifications ? 1 : 0" in texts["main.bicep"]
    state = properties(main.of("var")["vaultSettings"].body)["NOTIFICATION_CLIENT_STATE"]
    assert text_of(state) == "changeNotifications ? 'notification-client-state' : ''"
    url = properties(sources["modules/app.bicep"].of("var")["webhook"].body)["NOTIFICATION_URL"]
    assert re.fullmatch(r"changeNotifications \? '.+' : ''", text_of(url))
    assert "alwaysReadyHttp == 0 ? [] :" in app
    graph = texts["modules/graph-permissions.bicep"]
    assert "changeNotifications ? concat(always, [groupReadAll]) : always" in graph


def test_without_an_event_hub_the_function_of_the_audit_log_is_off(
    sources: Mapping[str, Source], texts: Mapping[str, str]
) -> None:
    """Disabled, with names that resolve, and without a connection that could not be made."""
    main, app = sources["main.bicep"], sources["modules/app.bicep"]
    assert value_of(main, main.of("param")["auditEventHubId"].body) == ""
    assert (
        "module auditEvents 'modules/audit-events.bicep' = if (!empty(auditEventHubId))"
        in (texts["main.bicep"])
    )
    given = properties(properties(main.of("module")["app"].body)["params"])
    host = "!empty(auditEventHubId) ? auditEvents!.outputs.hostName : ''"
    assert text_of(given["auditNamespace"]) == host
    switch = properties(app.of("var")["auditEvents"].body)[f"AzureWebJobs.{AUDIT}.Disabled"]
    assert text_of(switch) == "empty(auditNamespace) ? 'true' : 'false'"
    both = "empty(auditNamespace) ? auditEvents : union(auditEvents, auditConnection)"
    assert text_of(app.of("var")["audit"].body or app.root) == both
    assert text_of(main.of("var")["noEventHub"].body or main.root).count("/") == 6


def test_the_example_leaves_the_audit_log_as_a_deployment_does(
    sources: Mapping[str, Source],
) -> None:
    example = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))
    given = {name for name in example["Values"] if "audit" in name.lower()}
    always = properties(sources["modules/app.bicep"].of("var")["auditEvents"].body)
    assert given == set(always)
    main = sources["main.bicep"]
    group = value_of(main, main.of("param")["auditConsumerGroup"].body)
    assert example["Values"]["AUDIT_CONSUMER_GROUP"] == group


def test_the_settings_of_the_audit_log_are_those_of_its_trigger(
    sources: Mapping[str, Source],
) -> None:
    trigger = audit_events.audit_events.build(None).get_trigger().get_dict_repr()
    app = sources["modules/app.bicep"]
    always = properties(app.of("var")["auditEvents"].body)
    assert {trigger["eventHubName"], trigger["consumerGroup"]} <= {f"%{name}%" for name in always}
    for name in properties(app.of("var")["auditConnection"].body):
        assert name.startswith(f"{trigger['connection']}__")


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


def test_every_default_that_is_documented_as_a_value_is_that_of_the_template(
    sources: Mapping[str, Source],
) -> None:
    """One value for each name of the row, or one for all of them; words are not compared."""
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    table = text.partition("## Parameters")[2].partition("\n\n**")[0]
    source = sources["main.bicep"]
    params, compared = source.of("param"), 0
    for names, default in re.findall(r"^\| (`[^|]+) \| (`[^|]+`) \|", table, re.MULTILINE):
        named, values = re.findall(r"`(\w+)`", names), re.findall(r"`([^`]+)`", default)
        for name, value in zip(
            named, values if len(values) > 1 else values * len(named), strict=True
        ):
            assert _written(value_of(source, params[name].body)) == value, name
            compared += 1
    assert compared > 20


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_the_page_calls_the_script_with_options_that_it_knows() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    script = (INFRA / "scripts" / "grant-graph-permissions.sh").read_text(encoding="utf-8")
    calls = re.findall(r"grant-graph-permissions\.sh ([^`\n]+)", page)
    options = {option for call in calls for option in re.findall(r"--[a-z-]+", call)}
    assert options == {"--principal-id", "--dry-run", "--change-notifications"}
    assert all(re.search(rf"^\s+{option}\b", script, re.MULTILINE) for option in options)


def test_what_the_page_looks_for_is_what_the_templates_make(
    sources: Mapping[str, Source], texts: Mapping[str, str]
) -> None:
    """Names of resources in commands, and outputs that are spoken of."""
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    prefixes = re.findall(r"starts_with\(name, '([a-z-]+)'\)", page)
    assert len(prefixes) == 2
    for prefix in prefixes:
        assert f"name: '{prefix}${{token}}'" in texts["main.bicep"]
    script = (INFRA / "scripts" / "grant-graph-permissions.sh").read_text(encoding="utf-8")
    spoken_of = re.findall(r"output `?([A-Z_]{5,})", page + script)
    assert spoken_of
    assert set(spoken_of) <= sources["main.bicep"].of("output").keys()


def test_the_page_sets_values_that_azd_hands_on() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    handed_on = (INFRA / "main.parameters.json").read_text(encoding="utf-8")
    names = set(re.findall(r"azd env set (\w+)", page)) - {"AZURE_RESOURCE_GROUP"}
    assert len(names) > 3
    assert names <= set(re.findall(r"\$\{(\w+)", handed_on))


def test_operators_are_told_of_every_alert() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = page.partition("## Alerts")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == ALERT_CODES


def test_every_rule_is_documented_with_its_severity() -> None:
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    table = text.partition("## Alerts")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\w+) \| (\d) \|", table, re.MULTILINE)
    assert {name: int(severity) for name, severity in rows} == {
        rule["name"]: rule["severity"] for rule in RULES
    }
