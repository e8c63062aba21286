"""Settings: values, defaults, everything that can be wrong, and that nobody sees a secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from provisioning.alerts.addresses import SmtpServer
from provisioning.drift import DriftPolicy
from provisioning.errors import ConfigurationError, Problem
from provisioning.model import MemberRemoval
from provisioning.setting_values import Secret, is_loopback, organisation
from provisioning.settings import SETTINGS, Settings, load_settings
from tests.infra.bicep.settings import PLATFORM
from tests.infra.contract import LATER

ROOT = Path(__file__).parent.parent
PRINCIPAL = "0b1c2d3e-0000-4000-8000-00000000abcd"
TOKEN = "s3cr3t-t0ken"
PASSWORD, HOOK = "p4ss/w0rd@mail", "https://hooks.example.com/services/T0/k3y-of-the-hook"
STATE, OLD_STATE = "n3w-s3cr3t-of-ours", "0ld-s3cr3t-of-ours"
LEAST = {
    "ENTRA_SERVICE_PRINCIPAL_ID": PRINCIPAL,
    "ZSCLOUD_SCIM_BASE_URL": "https://scim.example.com/1234567/89012/scim",
    "ZSCLOUD_SCIM_TOKEN": TOKEN,
}


def load(**changes: str) -> Settings:
    return load_settings({**LEAST, **changes})


def problems(environ: dict[str, str]) -> tuple[Problem, ...]:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environ)
    shown = f"{caught.value!s} {caught.value!r} {caught.value.problems!r}"
    assert all(secret not in shown for secret in (TOKEN, STATE, OLD_STATE, "p4ss", "k3y"))
    assert all(p.message and p.remedy for p in caught.value.problems)
    return caught.value.problems


def test_defaults() -> None:
    settings = load()
    assert settings == Settings(
        entra_service_principal_id=PRINCIPAL,
        entra_tenant_id=None,
        graph_base_url="https://graph.microsoft.com/v1.0",
        zscloud_scim_base_url="https://scim.example.com/1234567/89012/scim",
        zscloud_scim_token=Secret(TOKEN),
        zscloud_requests_per_second=5.0,
        zscloud_bulk="auto",
        zscloud_member_removal=None,
        member_batch_size=100,
        provisioning_status="off",
        provisioning_scope="assigned",
        provisioning_schema=None,
        nested_groups="direct",
        default_access="exclude",
        on_unassign="disable",
        on_out_of_filter=None,
        on_disable="disable",
        on_soft_delete="disable",
        on_delete="disable",
        on_group_unassign="disable",
        on_group_delete="delete",
        delete_after_days=0,
        deletion_threshold_count=500,
        deletion_threshold_percent=10.0,
        deletion_window_days=7,
        held_plan_expiry_days=14,
        protected=(),
        zscloud_admin_group="Service Admin",
        drift=DriftPolicy(),
        notification_url=None,
        notification_client_state=(),
        alert_email=(),
        alert_from=None,
        smtp_url=None,
        alert_webhook=None,
        no_cycle_alert_minutes=90,
        log_retention_days=30,
        telemetry_personal_data="off",
        state_store=Path(".state/provisioning.db"),
        drain_budget_seconds=240,
        cycle_schedule="0 */5 * * * *",
        reconcile_schedule="0 30 2 * * *",
        assignments_schedule="*/30 * * * * *",
        maintenance_schedule="0 0 * * * *",
        function_key=None,
    )


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("ENTRA_SERVICE_PRINCIPAL_ID", PRINCIPAL.upper(), PRINCIPAL),
        ("ENTRA_TENANT_ID", f" {PRINCIPAL} ", PRINCIPAL),
        ("GRAPH_BASE_URL", "http://127.0.0.1:8080/v1.0/", "http://127.0.0.1:8080/v1.0"),
        ("GRAPH_BASE_URL", "http://[::1]:8080", "http://[::1]:8080"),
        ("GRAPH_BASE_URL", "http://LocalHost/v1.0", "http://localhost/v1.0"),
        (
            "ZSCLOUD_SCIM_BASE_URL",
            "https://scim.example.com/1/2/scim/",
            "https://scim.example.com/1/2/scim",
        ),
        ("ZSCLOUD_REQUESTS_PER_SECOND", "0", 0.0),
        ("ZSCLOUD_REQUESTS_PER_SECOND", "2.5", 2.5),
        ("ZSCLOUD_BULK", "Off", "off"),
        ("ZSCLOUD_MEMBER_REMOVAL", "Filter", MemberRemoval.FILTER),
        ("ZSCLOUD_MEMBER_REMOVAL", "put", MemberRemoval.PUT),
        ("MEMBER_BATCH_SIZE", "1", 1),
        ("PROVISIONING_STATUS", "ON", "on"),
        ("PROVISIONING_SCHEMA", "schema/ours.json", Path("schema/ours.json")),
        ("DELETE_AFTER_DAYS", "3650", 3650),
        ("DELETION_THRESHOLD_COUNT", "0", 0),
        ("DELETION_THRESHOLD_PERCENT", "0.5", 0.5),
        ("PROTECTED", "breakglass*, ,Service Admin,", ("breakglass*", "Service Admin")),
        ("STATE_STORE", "sqlite:////var/lib/state.db", Path("/var/lib/state.db")),
        ("STATE_STORE", "sqlite:///state.db", Path("state.db")),
        ("NOTIFICATION_CLIENT_STATE", f" {STATE} ", (Secret(STATE),)),
        ("NOTIFICATION_CLIENT_STATE", f"{STATE}, {OLD_STATE}", (Secret(STATE), Secret(OLD_STATE))),
        ("NOTIFICATION_CLIENT_STATE", f"{STATE},{STATE}", (Secret(STATE),)),
        ("NOTIFICATION_CLIENT_STATE", "x" * 128, (Secret("x" * 128),)),
        ("ALERT_EMAIL", " a@example.com, b@example.com,", ("a@example.com", "b@example.com")),
        ("ALERT_EMAIL", "a@example.com,a@example.com", ("a@example.com",)),
        ("ALERT_FROM", "alarms+zscloud@example.com", "alarms+zscloud@example.com"),
        ("ALERT_WEBHOOK", f"{HOOK}?sig=a%2Fb", Secret(f"{HOOK}?sig=a%2Fb")),
        ("ALERT_WEBHOOK", "http://127.0.0.1:8080/hook", Secret("http://127.0.0.1:8080/hook")),
        ("NO_CYCLE_ALERT_MINUTES", "15", 15),
        ("CYCLE_SCHEDULE", "0  0 9 * * Mon-Fri", "0 0 9 * * Mon-Fri"),
        ("ASSIGNMENTS_SCHEDULE", "*/10 * * * * *", "*/10 * * * * *"),
        ("FUNCTION_KEY", " a+key/== ", Secret("a+key/==")),
    ],
)
def test_values(name: str, text: str, value: Any) -> None:
    assert getattr(load(**{name: text}), name.lower()) == value


@pytest.mark.parametrize("name", [s.name for s in SETTINGS])
def test_an_empty_value_counts_as_none(name: str) -> None:
    if name in LEAST:
        (problem,) = problems({**LEAST, name: " "})
        assert (problem.field, problem.message) == (name, "is not set.")
    else:
        assert load(**{name: " "}) == load()


def test_all_that_is_missing_or_wrong_is_reported_together() -> None:
    found = problems({"MEMBER_BATCH_SIZE": "0", "DRIFT": "fix", "ZSCLOUD_SCIM_TOKN": TOKEN})
    assert {p.field for p in found} == {*LEAST, "MEMBER_BATCH_SIZE", "DRIFT", "ZSCLOUD_SCIM_TOKN"}


BAD = [
    ("ENTRA_SERVICE_PRINCIPAL_ID", "my-app", "'my-app' is no GUID"),
    ("ENTRA_SERVICE_PRINCIPAL_ID", "{" + PRINCIPAL + "}", "is no GUID"),
    ("ENTRA_TENANT_ID", "example.com", "is no GUID"),
    ("GRAPH_BASE_URL", "http://graph.example.com/v1.0", "is not encrypted"),
    ("GRAPH_BASE_URL", "http://127.0.0.1.example.com", "is not encrypted"),
    ("GRAPH_BASE_URL", "http://128.0.0.1", "is not encrypted"),
    ("ZSCLOUD_SCIM_BASE_URL", "scim.example.com/1/2/scim", "no URL with a host"),
    ("ZSCLOUD_SCIM_BASE_URL", "ftp://scim.example.com/1/scim", "neither https nor http"),
    ("ZSCLOUD_SCIM_BASE_URL", "https://:443/1/scim", "no URL with a host"),
    ("ZSCLOUD_SCIM_BASE_URL", "https://scim.example.com:99999/1/scim", "is no URL"),
    ("ZSCLOUD_SCIM_BASE_URL", "https://[::1/scim", "is no URL"),
    ("ZSCLOUD_SCIM_BASE_URL", "https://scim.example.com/a b", "no URL with a host"),
    ("ZSCLOUD_SCIM_BASE_URL", "https://scim.example.com\\@x/1", "user name or password"),
    ("ZSCLOUD_SCIM_BASE_URL", f"https://user:{TOKEN}@scim.example.com", "user name or password"),
    ("ZSCLOUD_SCIM_BASE_URL", f"user:{TOKEN}@scim.example.com", "user name or password"),
    ("ZSCLOUD_SCIM_BASE_URL", f"https://scim.example.com/?key={TOKEN}", "query or a fragment"),
    ("ZSCLOUD_SCIM_BASE_URL", f"https://scim.example.com/#{TOKEN}", "query or a fragment"),
    ("ZSCLOUD_SCIM_TOKEN", f"Bearer {TOKEN}", "holds a space"),
    ("ZSCLOUD_SCIM_TOKEN", f"{TOKEN}\n", "line break"),
    ("ZSCLOUD_SCIM_TOKEN", f"{TOKEN}\x00", "another character"),
    ("ZSCLOUD_SCIM_TOKEN", f"{TOKEN}é", "another character"),
    ("ZSCLOUD_SCIM_TOKEN", "@Microsoft.KeyVault(SecretUri=https://v.example.com/s)", "Key Vault"),
    ("PROVISIONING_SCHEMA", "@Microsoft.KeyVault(VaultName=v;SecretName=s)", "Key Vault"),
    ("ZSCLOUD_REQUESTS_PER_SECOND", "-1", "'-1' is no number in range"),
    ("ZSCLOUD_REQUESTS_PER_SECOND", "nan", "no number"),
    ("ZSCLOUD_REQUESTS_PER_SECOND", "inf", "no number"),
    ("ZSCLOUD_REQUESTS_PER_SECOND", "5/s", "no number"),
    ("ZSCLOUD_REQUESTS_PER_SECOND", "1_0", "no number"),
    ("ZSCLOUD_REQUESTS_PER_SECOND", "\u0665", "no number"),
    ("ZSCLOUD_BULK", "on", "none of the values"),
    ("ZSCLOUD_MEMBER_REMOVAL", "delete", "none of the values"),
    ("MEMBER_BATCH_SIZE", "0", "no whole number"),
    ("MEMBER_BATCH_SIZE", "1001", "no whole number"),
    ("MEMBER_BATCH_SIZE", "10.5", "no whole number"),
    ("MEMBER_BATCH_SIZE", "9" * 5000, "no whole number"),
    ("PROVISIONING_STATUS", "true", "'true' is none of the values"),
    ("PROVISIONING_SCOPE", "everyone", "none of the values"),
    ("NESTED_GROUPS", "yes", "none of the values"),
    ("DEFAULT_ACCESS", "on", "none of the values"),
    ("ON_UNASSIGN", "remove", "none of the values"),
    ("ON_OUT_OF_FILTER", "keep", "none of the values"),
    ("ON_DISABLE", "off", "none of the values"),
    ("ON_SOFT_DELETE", "soft", "none of the values"),
    ("ON_DELETE", "yes", "none of the values"),
    ("ON_GROUP_UNASSIGN", "empty", "none of the values"),
    ("ON_GROUP_DELETE", "keep", "none of the values"),
    ("DELETE_AFTER_DAYS", "-1", "no whole number"),
    ("DELETE_AFTER_DAYS", "3651", "no whole number"),
    ("DELETE_AFTER_DAYS", "7.5", "no whole number"),
    ("DELETION_THRESHOLD_COUNT", "-5", "no whole number"),
    ("DELETION_THRESHOLD_PERCENT", "101", "no number in range"),
    ("DELETION_THRESHOLD_PERCENT", "10%", "no number in range"),
    ("DELETION_WINDOW_DAYS", "0", "no whole number"),
    ("HELD_PLAN_EXPIRY_DAYS", "366", "no whole number"),
    ("DRIFT", "fix", "none of the values"),
    ("NOTIFICATION_URL", "http://app.example.com/api/notifications", "is not encrypted"),
    ("NOTIFICATION_URL", f"https://app.example.com/api/notifications?code={STATE}", "a query"),
    ("NOTIFICATION_URL", "app.example.com/api/notifications", "no URL with a host"),
    ("NOTIFICATION_CLIENT_STATE", STATE[:15], "16 to 128"),
    ("NOTIFICATION_CLIENT_STATE", STATE * 8, "16 to 128"),
    ("NOTIFICATION_CLIENT_STATE", f"two words {STATE}", "visible ASCII"),
    ("NOTIFICATION_CLIENT_STATE", f"{STATE}é", "visible ASCII"),
    ("NOTIFICATION_CLIENT_STATE", f"{STATE},", "nor two of them"),
    ("NOTIFICATION_CLIENT_STATE", f",{OLD_STATE}", "nor two of them"),
    ("NOTIFICATION_CLIENT_STATE", f"{STATE},{OLD_STATE},{STATE}", "nor two of them"),
    ("NOTIFICATION_CLIENT_STATE", "@Microsoft.KeyVault(VaultName=v;SecretName=s)", "Key Vault"),
    ("ALERT_EMAIL", "Ops <ops@example.com>", "is no mail address"),
    ("ALERT_EMAIL", "ops@example.com, nobody", "'nobody' is no mail address"),
    ("ALERT_EMAIL", "ops@example.com\r\nBcc: x@example.com", "is no mail address"),
    ("ALERT_FROM", "ops@exämple.com", "is no mail address"),
    ("ALERT_FROM", "a@example.com,b@example.com", "is no mail address"),
    ("SMTP_URL", "mail.example.com:587", "no URL of a mail server"),
    ("SMTP_URL", "https://user:p4ss@mail.example.com", "neither smtp:// nor smtps://"),
    ("SMTP_URL", "smtp://user:p4ss/word@mail.example.com", "no URL of a mail server"),
    ("SMTP_URL", "smtp://user@mail.example.com", "a user without a password"),
    ("SMTP_URL", "smtp://us%0der:p4ss@mail.example.com", "control character"),
    ("SMTP_URL", "smtp://user:p4ss@mail.example.com/inbox", "a path or a fragment"),
    ("SMTP_URL", "smtp://user:p4ss@mail.example.com?verify=no", "other than starttls"),
    ("SMTP_URL", "smtp://user:p4ss@mail.example.com?starttls=maybe", "none of its values"),
    ("SMTP_URL", "smtp://user:p4ss@mail.example.com?starttls=never", "without encryption"),
    ("SMTP_URL", "smtp://mail.example.com?starttls=offered", "without encryption"),
    ("SMTP_URL", "smtps://mail.example.com?starttls=required", "encrypted from the start"),
    ("SMTP_URL", "smtp://mail.example.com:0", "no URL of a mail server"),
    ("SMTP_URL", "@Microsoft.KeyVault(VaultName=v;SecretName=smtp-url)", "Key Vault"),
    ("ALERT_WEBHOOK", HOOK.replace("https", "http"), "is not encrypted"),
    ("ALERT_WEBHOOK", HOOK.replace("https", "ftp"), "neither https nor http"),
    ("ALERT_WEBHOOK", HOOK.replace("//", "//user:k3y@"), "user name or password"),
    ("ALERT_WEBHOOK", "hooks.example.com/k3y", "no URL with a host"),
    ("ALERT_WEBHOOK", f"{HOOK}#k3y", "a fragment"),
    ("ALERT_WEBHOOK", f"{HOOK} k3y", "no URL with a host"),
    ("NO_CYCLE_ALERT_MINUTES", "4", "no whole number"),
    ("LOG_RETENTION_DAYS", "forever", "no whole number"),
    ("TELEMETRY_PERSONAL_DATA", "some", "none of the values"),
    ("STATE_STORE", "state.db", "names no state store"),
    ("STATE_STORE", "sqlite:///", "names no state store"),
    ("STATE_STORE", "sqlite:///:memory:", "names no state store"),
    ("STATE_STORE", "sqlite:///folder/", "names no state store"),
    ("DRAIN_BUDGET_SECONDS", "0", "no whole number"),
    ("CYCLE_SCHEDULE", "*/5 * * * *", "5 fields"),
    ("RECONCILE_SCHEDULE", "0 30 2 * * ;", "';' holds no day of the week from 0 to 6"),
    ("ASSIGNMENTS_SCHEDULE", "00:00:30", "1 fields"),
    ("ASSIGNMENTS_SCHEDULE", "99 * * * * *", "'99' holds no second from 0 to 59"),
    ("MAINTENANCE_SCHEDULE", "@hourly", "1 fields"),
    ("FUNCTION_KEY", f"two words {TOKEN}", "holds a space"),
]


@pytest.mark.parametrize(("name", "text", "words"), BAD)
def test_a_bad_value_is_named_with_its_remedy(name: str, text: str, words: str) -> None:
    (problem,) = problems({**LEAST, name: text})
    assert problem.field == name
    assert words in problem.message


def test_every_setting_with_a_rule_has_a_bad_value_here() -> None:
    free = {"PROTECTED", "ZSCLOUD_ADMIN_GROUP"}
    assert {name for name, _, _ in BAD} == {s.name for s in SETTINGS} - free


def test_the_remedy_for_a_word_lists_the_words() -> None:
    (problem,) = problems({**LEAST, "ZSCLOUD_MEMBER_REMOVAL": "x"})
    assert problem.remedy == "Write one of auto, filter, value, put."


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ZSCLOUD_SCIM_TOKN", "ZSCLOUD_SCIM_TOKEN"),
        ("ENTRA_SERVICE_PRINCIPAL", "ENTRA_SERVICE_PRINCIPAL_ID"),
        ("PROVISIONING_STATE", "PROVISIONING_STATUS"),
        ("ON_UNASSIGNED", "ON_UNASSIGN"),
        ("DELETION_THRESHOLD", "DELETION_THRESHOLD_COUNT"),
        ("on_unassign", "ON_UNASSIGN"),
        ("PROTECTD", "PROTECTED"),
        ("NESTED_GROUP", "NESTED_GROUPS"),
        ("DRIFTT", "DRIFT"),
        ("STATE-STORE", "STATE_STORE"),
        ("FUNCTIONS_KEY", "FUNCTION_KEY"),
        ("NOTIFICATIONS_URL", "NOTIFICATION_URL"),
        ("NOTIFICATION_CLIENTSTATE", "NOTIFICATION_CLIENT_STATE"),
        ("ASSIGNMENT_SCHEDULE", "ASSIGNMENTS_SCHEDULE"),
        ("ALERT_EMAILS", "ALERT_EMAIL"),
        ("SMTP_URI", "SMTP_URL"),
    ],
)
def test_a_misspelled_setting_is_named_with_the_nearest(name: str, meant: str) -> None:
    (problem,) = problems({**LEAST, name: TOKEN})
    assert problem.field == name
    assert f"Did you mean {meant}?" in problem.remedy


@pytest.mark.parametrize(
    "name",
    [
        *("PATH", "ONE", "DRAFT", "GRIFT", "STATE", "LOG_LEVEL", "FUNCTION_NAME", "NESTED"),
        *("FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_EXTENSION_VERSION", "WEBSITE_HOSTNAME"),
        *(f"APPSETTING_{setting.name}" for setting in SETTINGS),
        *(known.name for known in LATER),
    ],
)
def test_other_variables_are_none_of_our_business(name: str) -> None:
    """Those of the platform, of other programs, and what the templates set for later versions."""
    assert load(**{name: "0"}) == load()


def test_settings_of_the_audit_log_are_the_hosts_alone() -> None:
    """None of them is taken for a misspelled one of ours."""
    audit = {name: "none" for name in PLATFORM if "audit" in name.lower()}
    assert len(audit) == 6
    assert load(**audit) == load()


@pytest.mark.parametrize(
    "name", ["WEBSITE_INSTANCE_ID", "WEBSITE_POD_NAME", "LEGION_SERVICE_HOST", "WEBSITE_SKU"]
)
def test_sqlite_is_refused_in_azure(name: str) -> None:
    """On any plan: Flex Consumption sets no instance id."""
    (problem,) = problems({**LEAST, name: "0123"})
    assert problem.field == "STATE_STORE"
    assert "azure" in problem.remedy


def test_state_in_azure_needs_a_storage_account() -> None:
    (problem,) = problems({**LEAST, "STATE_STORE": "azure"})
    assert problem.field == "STATE_STORE"
    assert "AzureWebJobsStorage__accountName" in problem.remedy


def test_state_in_azure() -> None:
    account = {"AzureWebJobsStorage__accountName": "examplestate"}
    settings = load_settings({**LEAST, **account, "STATE_STORE": "Azure"})
    assert settings.state_store is None
    assert settings.storage is not None
    assert settings.storage.table_url == "https://examplestate.table.core.windows.net"


def test_what_is_wrong_with_the_storage_account_is_reported_with_the_rest() -> None:
    found = problems({**LEAST, "DRIFT": "x", "AzureWebJobsStorage__accountName": "No Account"})
    assert sorted(p.field for p in found) == ["AzureWebJobsStorage__accountName", "DRIFT"]


WEBHOOK = {
    "NOTIFICATION_URL": "https://app.example.com/api/notifications",
    "NOTIFICATION_CLIENT_STATE": STATE,
    "ENTRA_TENANT_ID": PRINCIPAL,
}


def test_a_webhook_has_an_address_a_secret_and_a_tenant() -> None:
    settings = load(**WEBHOOK)
    assert settings.notification_url == WEBHOOK["NOTIFICATION_URL"]
    assert settings.notification_client_state == (Secret(STATE),)


@pytest.mark.parametrize(
    ("without", "words"),
    [("NOTIFICATION_CLIENT_STATE", "openssl rand"), ("ENTRA_TENANT_ID", "Entra admin center")],
)
def test_a_webhook_without_what_it_checks_is_refused(without: str, words: str) -> None:
    (problem,) = problems({**LEAST, **WEBHOOK, without: ""})
    assert problem.field == without
    assert "NOTIFICATION_URL is" in problem.message
    assert words in problem.remedy


def test_a_webhook_without_both_is_told_both() -> None:
    found = problems({**LEAST, "NOTIFICATION_URL": WEBHOOK["NOTIFICATION_URL"]})
    assert [p.field for p in found] == ["NOTIFICATION_CLIENT_STATE", "ENTRA_TENANT_ID"]


def test_what_is_wrong_with_the_secret_is_said_once() -> None:
    """And not that it is missing, too."""
    (problem,) = problems({**LEAST, **WEBHOOK, "NOTIFICATION_CLIENT_STATE": "short"})
    assert "16 to 128" in problem.message


def test_a_secret_without_an_address_waits() -> None:
    """The webhook is switched off by its address alone."""
    assert load(NOTIFICATION_CLIENT_STATE=STATE).notification_url is None


def test_nobody_sees_the_secrets_of_the_webhook() -> None:
    settings = load(**WEBHOOK | {"NOTIFICATION_CLIENT_STATE": f"{STATE},{OLD_STATE}"})
    assert [each.reveal() for each in settings.notification_client_state] == [STATE, OLD_STATE]
    shown = f"{settings!r} {settings.notification_client_state!r}"
    assert STATE not in shown
    assert OLD_STATE not in shown


def test_nobody_sees_the_token() -> None:
    settings = load()
    secret = settings.zscloud_scim_token
    assert secret.reveal() == TOKEN
    shown = [repr(settings), str(secret), repr(secret), f"{secret}", f"{secret!r}"]
    assert all(TOKEN not in text for text in shown)
    assert shown[1:] == ["***"] * 4
    with pytest.raises(TypeError):
        msgspec.json.encode(settings)


def test_secrets_are_equal_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert Secret("a") != "a"


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://scim.zscloud.net/1234567/89012/scim", "zscloud.net/1234567"),
        ("https://scim.zscloud.net/1234567/scim", "zscloud.net/1234567"),
        ("https://scim.zscloud.net:443/1234567/89012/scim", "zscloud.net/1234567"),
        ("http://127.0.0.1:8443/1234567/89012/scim", "127.0.0.1/1234567"),
        ("http://127.0.0.1:9000/v2", "127.0.0.1/v2"),
        ("https://scim.example.com:8443/v2", "scim.example.com/v2"),
        ("http://localhost:9000", "localhost"),
        ("http://[::1]:9000/api/auth/scim/v2", "::1/api/auth/scim/v2"),
    ],
)
def test_a_job_is_a_service_principal_and_an_organisation(url: str, name: str) -> None:
    assert organisation(url) == name
    assert load(ZSCLOUD_SCIM_BASE_URL=url).job == f"{PRINCIPAL}@{name}"


def test_a_second_id_provider_is_the_same_job() -> None:
    one = load(ZSCLOUD_SCIM_BASE_URL="https://scim.example.com/1/2/scim")
    other = load(ZSCLOUD_SCIM_BASE_URL="https://SCIM.example.com/1/3/scim/")
    assert one.job == other.job


@pytest.mark.parametrize(
    ("host", "answer"),
    [
        ("127.255.0.9", True),
        ("::1", True),
        ("localhost", True),
        ("10.0.0.1", False),
        ("127.1", False),
    ],
)
def test_loopback(host: str, answer: bool) -> None:
    assert is_loopback(host) is answer


def test_the_struct_and_the_table_hold_the_same_settings() -> None:
    fields = [field.name for field in msgspec.structs.fields(Settings)]
    of_environment = ("storage", "insights", "console")
    assert fields == [*(setting.name.lower() for setting in SETTINGS), *of_environment]


def test_the_example_holds_every_setting_with_its_default() -> None:
    example = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))
    values = example["Values"]
    assert example["IsEncrypted"] is False
    assert values.pop("FUNCTIONS_WORKER_RUNTIME") == "python"
    assert values.pop("AzureWebJobsStorage") == "UseDevelopmentStorage=true"
    # Off, and with names that resolve: the host has nothing to listen to, and nothing to refuse.
    assert values.pop("AzureWebJobs.audit_events.Disabled") == "true"
    assert values.pop("AUDIT_EVENT_HUB") == "none"
    assert values.pop("AUDIT_CONSUMER_GROUP") == "$Default"
    assert list(values) == [setting.name for setting in SETTINGS]
    for setting in SETTINGS:
        if setting.default:
            assert values[setting.name] == setting.default
    assert load_settings(values).job == "00000000-0000-0000-0000-000000000000@example.com/1234567"


MAIL = {"ALERT_EMAIL": "ops@example.com", "SMTP_URL": "smtp://mail.example.com"}


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("smtp://mail.example.com", ("mail.example.com", 587, "required", False, None)),
        ("smtp://MAIL.example.com:25", ("mail.example.com", 25, "required", False, None)),
        ("smtps://mail.example.com", ("mail.example.com", 465, "tls", False, None)),
        ("smtp://127.0.0.1:2525", ("127.0.0.1", 2525, "offered", True, None)),
        ("smtp://[::1]:25?starttls=never", ("::1", 25, "never", True, None)),
        ("smtp://localhost?starttls=required", ("localhost", 587, "required", True, None)),
        (
            "smtps://ops%40example.com:p4ss%2Fw0rd%40mail@mail.example.com",
            ("mail.example.com", 465, "tls", False, ("ops@example.com", PASSWORD)),
        ),
    ],
)
def test_a_mail_server(text: str, server: tuple[Any, ...]) -> None:
    host, port, encryption, loopback, account = server
    user, password = account or (None, None)
    found = load(**{**MAIL, "SMTP_URL": text}).smtp_url
    assert found == SmtpServer(
        host=host,
        port=port,
        encryption=encryption,
        loopback=loopback,
        user=user,
        password=None if password is None else Secret(password),
    )
    assert "p4ss" not in repr(found)


def test_mails_need_a_recipient() -> None:
    """The other way round Azure's own rules may use the address."""
    (problem,) = problems({**LEAST, **MAIL, "ALERT_EMAIL": ""})
    assert problem.field == "ALERT_EMAIL"
    assert load(ALERT_EMAIL="ops@example.com").smtp_url is None


@pytest.mark.parametrize(
    ("changes", "sender"),
    [
        ({}, "zscloud-provisioning@example.com"),
        ({"ALERT_FROM": "alarms@example.net"}, "alarms@example.net"),
        ({"SMTP_URL": "smtp://me%40example.net:p4ss@mail.example.com"}, "me@example.net"),
        ({"SMTP_URL": "smtp://apikey:p4ss@mail.example.com"}, "zscloud-provisioning@example.com"),
    ],
)
def test_whom_mails_come_from(changes: dict[str, str], sender: str) -> None:
    """Many servers take no other sender than the one who signed in."""
    assert load(**{**MAIL, **changes}).alert_from == sender


def test_where_the_console_is() -> None:
    azure = {
        "AzureWebJobsStorage__accountName": "examplestate",
        "STATE_STORE": "azure",
        "WEBSITE_SKU": "FlexConsumption",
        "WEBSITE_HOSTNAME": "func.example.net",
    }
    assert load().console is None
    assert load(WEBSITE_HOSTNAME="localhost:7071").console is None
    assert load(**WEBHOOK).console == "https://app.example.com/api/console"
    assert load(**azure).console == "https://func.example.net/api/console"
    assert load(**{**azure, "WEBSITE_HOSTNAME": "x/?\r\n"}).console is None


def test_a_value_that_is_no_text_is_named() -> None:
    """Python's environment has halves of surrogate pairs for bytes that it cannot read."""
    found = problems({**LEAST, "ZSCLOUD_ADMIN_GROUP": "Verw\udcf6lter", "PROTECTED": "\udcff*"})
    assert [each.field for each in found] == ["PROTECTED", "ZSCLOUD_ADMIN_GROUP"]
    assert all("no text" in each.message for each in found)
