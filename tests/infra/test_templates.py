"""The templates hold what is asked of them, and each check finds a fault of its kind."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import pytest

from provisioning.settings import SETTINGS
from tests.infra.bicep.check import check_templates
from tests.infra.bicep.finding import Finding
from tests.infra.bicep.settings import check_settings
from tests.infra.bicep.source import Source, parse
from tests.infra.bicep.storage_names import check_storage_names
from tests.infra.conftest import INFRA
from tests.infra.contract import DIFFERENT, LATER, STORAGE_NAMES, known_settings


def extensions() -> frozenset[str]:
    config = json.loads((INFRA / "bicepconfig.json").read_text(encoding="utf-8"))
    return frozenset(config["extensions"])


def findings(sources: Mapping[str, Source]) -> Iterator[Finding]:
    yield from check_templates(sources, extensions())
    yield from check_settings(sources, known_settings(), DIFFERENT)
    yield from check_storage_names(sources, STORAGE_NAMES)


def test_nothing_is_wrong_with_the_templates(sources: Mapping[str, Source]) -> None:
    assert [str(found) for found in findings(sources)] == []


def test_a_setting_that_has_come_is_no_longer_listed_as_to_come() -> None:
    assert {known.name for known in LATER} & {setting.name for setting in SETTINGS} == set()


MAIN, APP, VAULT = "main.bicep", "modules/app.bicep", "modules/keyvault.bicep"
ALERTS, ROLES, STORAGE = "modules/alerts.bicep", "modules/roles.bicep", "modules/storage.bicep"
GRAPH, NETWORK = "modules/graph-permissions.bicep", "modules/network.bicep"
MONITORING, AUDIT = "modules/monitoring.bicep", "modules/audit-events.bicep"

FAULTS = [
    # syntax and names
    ("syntax", MAIN, "var tags = {", "var tags = = {"),
    ("syntax", STORAGE, "'provisioninglogattention'\n]", "'provisioninglogattention'\n"),
    ("undeclared", MAIN, "tags: tags", "tags: tag"),
    ("undeclared", ALERTS, "entry.description", "entri.description"),
    ("undeclared", MAIN, "dependsOn: [roles]", "dependsOn: [rolls]"),
    ("unused", MAIN, "param drift string", "param drifft string = ''\nparam drift string"),
    ("unused", MAIN, "var tags = {", "var tag = {}\nvar tags = {"),
    ("unused", APP, "accountName: account.name", "accountName: storageAccountName"),
    ("duplicate", MAIN, "var tags = {", "var drift = {}\nvar tags = {"),
    ("unknown-function", MAIN, "toLower(", "toLowerCase("),
    ("unknown-decorator", MAIN, "@minValue(0)", "@minvalue(0)"),
    ("unknown-type", MAIN, "param drift string", "param drift text"),
    # modules
    ("missing-module", MAIN, "'modules/roles.bicep'", "'modules/role.bicep'"),
    ("unused-module", MAIN, "'modules/roles.bicep'", "'modules/role.bicep'"),
    ("missing-param", MAIN, "    vaultId: vault.outputs.id\n", ""),
    ("missing-param", NETWORK, "    groupId: 'vault'\n", ""),
    ("unknown-param", MAIN, "vaultId: vault.outputs.id", "vaultsId: vault.outputs.id"),
    ("unknown-output", MAIN, "network!.outputs.appSubnetId", "network!.outputs.subnetId"),
    ("unused-output", STORAGE, "output id string", "output key string = 'a'\noutput id string"),
    # secrets
    ("secret-output", MAIN, "string = app.outputs.name", "string = zscloudScimToken"),
    ("secret-leak", MAIN, "DRIFT: drift", "DRIFT: zscloudScimToken"),
    ("secret-leak", MAIN, "DRIFT: drift", "DRIFT: '${smtpUrl}'"),
    ("secret-leak", MAIN, "alertEmail: alertEmail", "alertEmail: alertWebhook"),
    ("secret-leak", VAULT, "contentType: 'URL of the SMTP server'", "contentType: smtpUrl"),
    ("secret-leak", VAULT, "@secure()\nparam smtpUrl", "param smtpUrl"),
    ("not-secure", MAIN, "@secure()\nparam smtpUrl", "param smtpUrl"),
    ("secret-default", MAIN, "zscloudScimToken string = ''", "zscloudScimToken string = 'abc'"),
    ("duplicate-key", MAIN, "DRIFT: drift", "DRIFT: drift\n  STATE_STORE: 'azure'"),
    ("secret-listed", APP, "account.name\n", "account.listKeys().keys[0].value\n"),
    # settings
    ("setting-missing", MAIN, "  DRIFT: drift\n", ""),
    ("setting-missing", APP, "  AZURE_CLIENT_ID: identityClientId\n", ""),
    ("setting-unread", MAIN, "DRIFT: drift", "DRIFTS: drift"),
    ("setting-twice", MAIN, "  SMTP_URL: ", "  DRIFT: 'repair'\n  SMTP_URL: "),
    ("setting-forbidden", MAIN, "DRIFT: drift", "DRIFT: drift\n  FUNCTION_KEY: ''"),
    ("setting-default", MAIN, "param drift string = 'repair'", "param drift string = 'leave'"),
    ("setting-default", MAIN, "'*/30 * * * * *'", "'*/20 * * * * *'"),
    ("setting-default", MAIN, "Count int = 500", "Count int = 5000"),
    ("setting-missing", APP, "  AUDIT_EVENT_HUB: auditEventHub\n", ""),
    ("setting-missing", APP, "  AUDIT_CONSUMER_GROUP: auditConsumerGroup\n", ""),
    ("setting-missing", APP, "  'AzureWebJobs.audit_events.Disabled'", "  disabled"),
    ("setting-unread", APP, "'AzureWebJobs.audit_events.D", "'AzureWebJobs.audit.D"),
    ("setting-forbidden", APP, "AzureWebJobs.audit_events.D", "AzureWebJobs__audit_events__D"),
    ("setting-twice", APP, "AUDIT_EVENTS__clientId", "AZURE_CLIENT_ID"),
    # names in the storage account
    ("name-missing", STORAGE, "'provisioning-work-poison'", "'provisioning-work-posion'"),
    ("name-unknown", STORAGE, "'provisioninglog'", "'provisioninglog'\n  'state'"),
    ("name-missing", STORAGE, "'provisioning-lease'", "'lease'"),
    # resources
    ("api-version", STORAGE, "storageAccounts@2025-06-01", "storageAccounts@2025-06-02"),
    ("unknown-type", STORAGE, "/queueServices@", "/queueService@"),
    ("unknown-guid", ROLES, "4633458b-17de-408a", "b86a8fe4-44ce-4948"),
    ("unknown-guid", AUDIT, "a638d3c7-ab3a-418d", "f526a384-b230-433a"),
    ("unused-output", AUDIT, "output hostName", "output id string = ''\noutput hostName"),
    ("api-version", AUDIT, "eventhubs@2024-01-01", "eventhubs@2024-05-01-preview"),
    ("missing-param", MAIN, "    auditEventHub: auditEventHub[10]\n", ""),
    ("unknown-function", MAIN, "= split(", "= explode("),
    ("unknown-guid", GRAPH, "9a5d68dd-52b0-4cc2", "1bfefb4e-e0b5-418b"),
    ("unknown-extension", GRAPH, "extension microsoftGraphV1", "extension microsoftGraphBeta"),
    ("not-hardened", STORAGE, "allowSharedKeyAccess: false", "allowSharedKeyAccess: true"),
    ("not-hardened", STORAGE, "    allowBlobPublicAccess: false\n", ""),
    ("not-hardened", VAULT, "enablePurgeProtection: true", "enablePurgeProtection: false"),
    ("not-hardened", APP, "httpsOnly: true", "httpsOnly: false"),
    ("not-hardened", MONITORING, "DisableLocalAuth: true", "DisableLocalAuth: false"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "path", "old", "new"), FAULTS)
def test_a_seeded_fault_is_found(
    texts: Mapping[str, str],
    sources: Mapping[str, Source],
    code: str,
    path: str,
    old: str,
    new: str,
) -> None:
    assert old in texts[path]
    changed = parse(path, texts[path].replace(old, new, 1))
    found = list(findings({**sources, path: changed}))
    assert code in {each.code for each in found}, "\n".join(map(str, found))
    assert all(each.path in texts and each.line > 0 for each in found)
