"""The settings: environment to one frozen value, with every problem reported together.

This module holds what the settings are; ``setting_values`` holds how a text becomes a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from provisioning.alerts.addresses import (
    SmtpServer,
    address,
    addresses,
    default_sender,
    is_host,
    smtp_server,
    webhook_url,
)
from provisioning.drift import DriftPolicy, parse_drift
from provisioning.errors import ConfigurationError, Problem, cut
from provisioning.model import MemberRemoval
from provisioning.setting_values import (
    InvalidSettingError,
    Secret,
    access_key,
    choice,
    client_states,
    guid,
    integer,
    names,
    number,
    organisation,
    schedule,
    state_store,
    text,
    token,
    url,
)
from provisioning.storage.account import StorageAccount, storage_account

OnLeave = Literal["disable", "delete", "none"]
"""What an event does to the account or group in ZSCloud."""

_IN_AZURE = ("WEBSITE_INSTANCE_ID", "WEBSITE_POD_NAME", "LEGION_SERVICE_HOST", "WEBSITE_SKU")
"""What only the platform sets; the Core Tools set none of them."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings. Each field is named like its setting, in lower case."""

    entra_service_principal_id: str
    entra_tenant_id: str | None
    graph_base_url: str
    zscloud_scim_base_url: str
    zscloud_scim_token: Secret
    zscloud_requests_per_second: float
    zscloud_member_removal: MemberRemoval | None
    member_batch_size: int
    provisioning_status: Literal["on", "off"]
    provisioning_scope: Literal["assigned", "all"]
    provisioning_schema: Path | None
    nested_groups: Literal["direct", "transitive"]
    default_access: Literal["exclude", "include"]
    on_unassign: OnLeave
    on_out_of_filter: OnLeave | None
    on_disable: OnLeave
    on_soft_delete: OnLeave
    on_delete: OnLeave
    on_group_unassign: OnLeave
    on_group_delete: OnLeave
    delete_after_days: int
    deletion_threshold_count: int
    deletion_threshold_percent: float
    deletion_window_days: int
    held_plan_expiry_days: int
    protected: tuple[str, ...]
    zscloud_admin_group: str
    drift: DriftPolicy
    notification_url: str | None
    notification_client_state: tuple[Secret, ...]
    alert_email: tuple[str, ...]
    alert_from: str | None
    smtp_url: SmtpServer | None
    alert_webhook: Secret | None
    no_cycle_alert_minutes: int
    log_retention_days: int
    state_store: Path | None
    drain_budget_seconds: int
    cycle_schedule: str
    reconcile_schedule: str
    assignments_schedule: str
    maintenance_schedule: str
    function_key: Secret | None

    storage: StorageAccount | None = None
    """The storage account of the Functions host, if the environment names one."""

    console: str | None = None
    """Where operators look, as far as the environment tells: the console of this app."""

    @property
    def job(self) -> str:
        """The job: the service principal and the ZSCloud organisation it is provisioned to."""
        return f"{self.entra_service_principal_id}@{self.zscloud_tenant}"

    @property
    def zscloud_tenant(self) -> str:
        """The ZSCloud organisation: what the lease is of, since the pace is per tenant."""
        return organisation(self.zscloud_scim_base_url)


class Setting(msgspec.Struct, frozen=True):
    """One setting. ``default`` is text as in the environment; ``None``: it has to be set.
    An ``optional`` one without a value is ``None``.
    """

    name: str
    parse: Callable[[str], Any]
    default: str | None = None
    optional: bool = False
    remedy: str = ""


def _member_removal(value: str) -> MemberRemoval | None:
    form = choice("auto", *MemberRemoval)(value)
    return None if form == "auto" else MemberRemoval(form)


_ON_LEAVE = choice("disable", "delete", "none")

SETTINGS = (
    Setting(
        "ENTRA_SERVICE_PRINCIPAL_ID",
        guid,
        remedy="Set it to the Object ID of the enterprise application (Entra admin center, "
        "Enterprise applications, Properties).",
    ),
    Setting("ENTRA_TENANT_ID", guid, "", optional=True),
    Setting("GRAPH_BASE_URL", url, "https://graph.microsoft.com/v1.0"),
    Setting(
        "ZSCLOUD_SCIM_BASE_URL",
        url,
        remedy="Set it to the Base URL that the ZSCloud portal shows (Authentication Settings, "
        "Identity Providers, SCIM).",
    ),
    Setting(
        "ZSCLOUD_SCIM_TOKEN",
        token,
        remedy="Set it to the Bearer Token that the ZSCloud portal shows beside the Base URL.",
    ),
    Setting("ZSCLOUD_REQUESTS_PER_SECOND", number(0, 1000), "5"),
    Setting("ZSCLOUD_MEMBER_REMOVAL", _member_removal, "auto"),
    Setting("MEMBER_BATCH_SIZE", integer(1, 1000), "100"),
    Setting("PROVISIONING_STATUS", choice("on", "off"), "off"),
    Setting("PROVISIONING_SCOPE", choice("assigned", "all"), "assigned"),
    Setting("PROVISIONING_SCHEMA", Path, "", optional=True),
    Setting("NESTED_GROUPS", choice("direct", "transitive"), "direct"),
    Setting("DEFAULT_ACCESS", choice("exclude", "include"), "exclude"),
    Setting("ON_UNASSIGN", _ON_LEAVE, "disable"),
    Setting("ON_OUT_OF_FILTER", _ON_LEAVE, "", optional=True),
    Setting("ON_DISABLE", _ON_LEAVE, "disable"),
    Setting("ON_SOFT_DELETE", _ON_LEAVE, "disable"),
    Setting("ON_DELETE", _ON_LEAVE, "disable"),
    Setting("ON_GROUP_UNASSIGN", _ON_LEAVE, "disable"),
    Setting("ON_GROUP_DELETE", _ON_LEAVE, "delete"),
    Setting("DELETE_AFTER_DAYS", integer(0, 3650), "0"),
    Setting("DELETION_THRESHOLD_COUNT", integer(0, 10_000_000), "500"),
    Setting("DELETION_THRESHOLD_PERCENT", number(0, 100), "10"),
    Setting("DELETION_WINDOW_DAYS", integer(1, 90), "7"),
    Setting("HELD_PLAN_EXPIRY_DAYS", integer(1, 365), "14"),
    Setting("PROTECTED", names, ""),
    Setting("ZSCLOUD_ADMIN_GROUP", text, "Service Admin"),
    Setting("DRIFT", parse_drift, "repair"),
    Setting("NOTIFICATION_URL", url, "", optional=True),
    Setting("NOTIFICATION_CLIENT_STATE", client_states, ""),
    Setting("ALERT_EMAIL", addresses, ""),
    Setting("ALERT_FROM", address, "", optional=True),
    Setting("SMTP_URL", smtp_server, "", optional=True),
    Setting("ALERT_WEBHOOK", webhook_url, "", optional=True),
    Setting("NO_CYCLE_ALERT_MINUTES", integer(5, 10_080), "90"),
    Setting("LOG_RETENTION_DAYS", integer(1, 3650), "30"),
    Setting("STATE_STORE", state_store, "sqlite:///.state/provisioning.db"),
    Setting("DRAIN_BUDGET_SECONDS", integer(1, 3600), "240"),
    Setting("CYCLE_SCHEDULE", schedule, "0 */5 * * * *"),
    Setting("RECONCILE_SCHEDULE", schedule, "0 30 2 * * *"),
    Setting("ASSIGNMENTS_SCHEDULE", schedule, "*/30 * * * * *"),
    Setting("MAINTENANCE_SCHEDULE", schedule, "0 0 * * * *"),
    Setting("FUNCTION_KEY", access_key, "", optional=True),
)
"""Every setting, in the order of the documentation."""

_PREFIXES = (
    *("ENTRA_", "ZSCLOUD_", "PROVISIONING_", "ON_", "DELETION_", "HELD_", "NOTIFICATION_"),
    *("ALERT_", "SMTP_"),
)
_LATER = frozenset(
    {
        "ZSCLOUD_BULK",
    }
)
"""Settings of a later version: deployments may carry them already. They change nothing yet."""

_LIKENESS = 0.8
_LIKENESS_ELSEWHERE = 0.9
"""Without one of our prefixes a name is sooner somebody else's."""

_KEY_VAULT = "@microsoft.keyvault("


def load_settings(environ: Mapping[str, str]) -> Settings:
    """The settings of an environment. An empty value counts as none.

    Raises ``ConfigurationError`` with all problems: name, value seen (never a secret's), remedy.
    """
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        try:
            values[setting.name.lower()] = _value(setting, environ)
        except InvalidSettingError as error:
            problems.append(Problem(setting.name, error.message, error.remedy))
    problems += _unknown(environ)
    problems += _storage(environ, values)
    problems += _notifications(values)
    problems += _alarms(values)
    if problems:
        raise ConfigurationError(tuple(problems))
    return Settings(**values, console=_console(values["notification_url"], environ))


def _storage(environ: Mapping[str, str], values: dict[str, Any]) -> Iterator[Problem]:
    """Adds the storage account to the values; what is wrong with it, or with its absence."""
    try:
        values["storage"] = storage_account(environ)
    except ConfigurationError as error:
        yield from error.problems
        return
    if "state_store" not in values:
        return
    if values["state_store"] is None and values["storage"] is None:
        yield Problem(
            "STATE_STORE",
            "is 'azure', and no storage account is named.",
            "Set AzureWebJobsStorage to a connection string, or AzureWebJobsStorage__accountName "
            "to the name of the account, to connect by identity.",
        )
    if values["state_store"] is not None and in_azure(environ):
        yield Problem(
            "STATE_STORE",
            "names a SQLite file, and this process runs in Azure, where instances come and go.",
            "Set it to 'azure'.",
        )


def _notifications(values: Mapping[str, Any]) -> Iterator[Problem]:
    """What the webhook cannot do without, once it has an address."""
    if values.get("notification_url") is None:
        return
    if values.get("notification_client_state") == ():
        yield Problem(
            "NOTIFICATION_CLIENT_STATE",
            "is not set, and NOTIFICATION_URL is: nobody could tell Graph's notifications from "
            "forged ones.",
            "Set it to a random text of up to 128 characters (`openssl rand -hex 32`).",
        )
    if "entra_tenant_id" in values and values["entra_tenant_id"] is None:
        yield Problem(
            "ENTRA_TENANT_ID",
            "is not set, and NOTIFICATION_URL is: notifications are checked against it.",
            "Set it to the tenant id (Entra admin center, Overview).",
        )


def _alarms(values: dict[str, Any]) -> Iterator[Problem]:
    """What mails cannot do without. ALERT_EMAIL alone is none: Azure's own rules may use it."""
    if values.get("smtp_url") is None or "alert_email" not in values:
        return
    if not values["alert_email"]:
        yield Problem(
            "ALERT_EMAIL",
            "is not set, and SMTP_URL is: nobody would get the mails.",
            "Set it to one or more mail addresses, separated by commas.",
        )
    elif values.get("alert_from", "") is None:
        values["alert_from"] = default_sender(values["alert_email"], values["smtp_url"])


def _console(notification_url: str | None, environ: Mapping[str, str]) -> str | None:
    """The console is beside the webhook; in Azure the platform knows the host of the app."""
    origin = None
    if notification_url is not None:
        parts = urlsplit(notification_url)
        origin = f"{parts.scheme}://{parts.netloc}"
    elif in_azure(environ) and is_host(host := environ.get("WEBSITE_HOSTNAME", "")):
        origin = f"https://{host}"
    return None if origin is None else f"{origin}/api/console"


def in_azure(environ: Mapping[str, str]) -> bool:
    """Whether this process runs in Azure Functions or App Service.

    A dedicated plan has an instance id; Flex Consumption and Linux Consumption run in a container
    of the platform (azure-functions-host: EnvironmentExtensions).
    """
    return any(environ.get(name) for name in _IN_AZURE)


def _value(setting: Setting, environ: Mapping[str, str]) -> Any:
    given = environ.get(setting.name, "")
    raw = given if given.strip() else setting.default
    if raw is None:
        raise InvalidSettingError("is not set.", setting.remedy)
    if setting.optional and not raw:
        return None
    try:
        raw.encode()
    except UnicodeEncodeError:
        # Python's way to hold what it could not read; neither system could be sent it.
        raise InvalidSettingError("holds bytes that are no text.", "Write UTF-8.") from None
    if raw.strip().lower().startswith(_KEY_VAULT):
        raise InvalidSettingError(
            "is a Key Vault reference that the platform did not resolve.",
            "Check the reference, and that the app's identity may read the secret; elsewhere "
            "than in Azure give the value itself.",
        )
    # A token is taken as it stands: what is wrong with it has to be seen.
    return setting.parse(raw if setting.parse is token else raw.strip())


def _unknown(environ: Mapping[str, str]) -> Iterator[Problem]:
    """Names that look like ours and are not: a misspelled setting would silently not count."""
    known = [setting.name for setting in SETTINGS]
    for name in sorted(environ):
        if name in known or name in _LATER:
            continue
        from difflib import get_close_matches

        ours = name.upper().startswith(_PREFIXES)
        likeness = _LIKENESS if ours else _LIKENESS_ELSEWHERE
        near = get_close_matches(name.upper(), known, n=1, cutoff=likeness)
        if not near:
            continue  # somebody else's variable
        yield Problem(
            cut(name, 100),
            "is no setting of this program.",
            f"Did you mean {near[0]}? Rename it or remove it.",
        )
