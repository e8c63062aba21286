"""What settings mean together: what one cannot do without another, and what follows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from provisioning.alerts.addresses import default_sender, is_host
from provisioning.errors import ConfigurationError, Problem
from provisioning.setting_values import Secret
from provisioning.storage.account import storage_account

_IN_AZURE = ("WEBSITE_INSTANCE_ID", "WEBSITE_POD_NAME", "LEGION_SERVICE_HOST", "WEBSITE_SKU")
"""What only the platform sets; the Core Tools set none of them."""


def storage_problems(environ: Mapping[str, str], values: dict[str, Any]) -> Iterator[Problem]:
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


def notification_problems(values: Mapping[str, Any]) -> Iterator[Problem]:
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


def alarm_problems(values: dict[str, Any]) -> Iterator[Problem]:
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


def console_address(notification_url: str | None, environ: Mapping[str, str]) -> str | None:
    """The console is beside the webhook; in Azure the platform knows the host of the app."""
    origin = None
    if notification_url is not None:
        parts = urlsplit(notification_url)
        origin = f"{parts.scheme}://{parts.netloc}"
    elif in_azure(environ) and is_host(host := environ.get("WEBSITE_HOSTNAME", "")):
        origin = f"https://{host}"
    return None if origin is None else f"{origin}/api/console"


def insights_connection(environ: Mapping[str, str]) -> Secret | None:
    """Where telemetry goes: the platform sets it, and the host reads it too. ``None`` also where
    OpenTelemetry is switched off by its own variable.
    """
    connection = environ.get("APPLICATIONINSIGHTS_CONNECTION_STRING", "").strip()
    off = environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    return None if off or not connection else Secret(connection)


def in_azure(environ: Mapping[str, str]) -> bool:
    """Whether this process runs in Azure Functions or App Service.

    A dedicated plan has an instance id; Flex Consumption and Linux Consumption run in a container
    of the platform (azure-functions-host: EnvironmentExtensions).
    """
    return any(environ.get(name) for name in _IN_AZURE)
