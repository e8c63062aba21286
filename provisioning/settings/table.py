"""Every setting: its name, what it may be, and what it is when nobody sets it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from provisioning.alerts.addresses import address, addresses, smtp_server, webhook_url
from provisioning.drift import parse_drift
from provisioning.model import MemberRemoval
from provisioning.setting_values import (
    access_key,
    choice,
    client_states,
    guid,
    integer,
    names,
    number,
    schedule,
    state_store,
    text,
    token,
    url,
)


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
    Setting("ZSCLOUD_BULK", choice("auto", "off"), "auto"),
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
    Setting("TELEMETRY_PERSONAL_DATA", choice("on", "off"), "off"),
    Setting("STATE_STORE", state_store, "sqlite:///.state/provisioning.db"),
    Setting("DRAIN_BUDGET_SECONDS", integer(1, 3600), "240"),
    Setting("CYCLE_SCHEDULE", schedule, "0 */5 * * * *"),
    Setting("RECONCILE_SCHEDULE", schedule, "0 30 2 * * *"),
    Setting("ASSIGNMENTS_SCHEDULE", schedule, "*/30 * * * * *"),
    Setting("MAINTENANCE_SCHEDULE", schedule, "0 0 * * * *"),
    Setting("FUNCTION_KEY", access_key, "", optional=True),
)
"""Every setting, in the order of the documentation."""
