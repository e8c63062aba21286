"""App settings: each one that the program reads is set, and no other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tree_sitter import Node

from tests.infra.bicep.finding import Finding
from tests.infra.bicep.source import Source, properties
from tests.infra.bicep.values import value_of

VARIABLES = (
    ("main.bicep", "settings"),
    ("main.bicep", "vaultSettings"),
    ("modules/app.bicep", "webhook"),
    ("modules/app.bicep", "auditEvents"),
    ("modules/app.bicep", "auditConnection"),
    ("modules/app.bicep", "platform"),
)
"""The objects that the app settings are put together from."""

PLATFORM: Mapping[str, str] = {
    "AzureWebJobsStorage__accountName": "the host's storage account; provisioning/storage/account",
    "AzureWebJobsStorage__credential": "the host reaches it with a managed identity",
    "AzureWebJobsStorage__clientId": "which one; provisioning/storage/account",
    "AzureWebJobs.audit_events.Disabled": "whether the host listens to the audit log",
    "AUDIT_EVENT_HUB": "which hub; the host resolves it also while the function is disabled",
    "AUDIT_CONSUMER_GROUP": "the same for the consumer group",
    "AUDIT_EVENTS__fullyQualifiedNamespace": "where the hub is, if there is one",
    "AUDIT_EVENTS__credential": "the host reaches it with a managed identity",
    "AUDIT_EVENTS__clientId": "which one",
    "AZURE_CLIENT_ID": "azure-identity picks the identity by it",
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "where host and program send telemetry",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "with which identity",
}
"""Settings that the platform or a library reads, and why they are set."""

FORBIDDEN: Mapping[str, str] = {
    "AzureWebJobsStorage": "an identity is used; an empty connection string breaks the host",
    "AzureWebJobs__audit_events__Disabled": "the host binds a function disabled in this way",
    "FUNCTIONS_EXTENSION_VERSION": "Flex Consumption refuses it",
    "FUNCTIONS_WORKER_RUNTIME": "on Flex Consumption it is in functionAppConfig",
    "FUNCTION_KEY": "it is for `serve`; in Azure the platform has the keys",
    "WEBSITE_RUN_FROM_PACKAGE": "Flex Consumption has its own way of deployment",
}
"""Settings that must not be there, and why."""


@dataclass(frozen=True, slots=True)
class Known:
    """A setting of the program: its default as text, ``None`` if it has to be given."""

    name: str
    default: str | None


def settings_set(sources: Mapping[str, Source]) -> Iterator[tuple[Source, str, Node]]:
    """Each app setting with the expression of its value."""
    for path, variable in VARIABLES:
        source = sources[path]
        declared = source.of("var").get(variable)
        for name, node in properties(declared.body if declared else None).items():
            yield source, name, node


def check_settings(
    sources: Mapping[str, Source], known: Mapping[str, Known], different: Mapping[str, str]
) -> Iterator[Finding]:
    """Settings that are missing, not read, set twice, or with another default than the
    program's. ``different`` says which are meant to differ, and why.
    """
    seen: dict[str, Node] = {}
    for source, name, node in settings_set(sources):
        if name in seen:
            yield source.find("setting-twice", node, f"{name} is set twice")
        seen[name] = node
        if name in FORBIDDEN:
            yield source.find("setting-forbidden", node, f"{name}: {FORBIDDEN[name]}")
        elif name not in known and name not in PLATFORM:
            yield source.find("setting-unread", node, f"nothing reads {name}")
        yield from _check_default(source, name, node, known, different)
    missing = (set(known) | set(PLATFORM)) - seen.keys()
    for name in sorted(missing):
        source = sources["main.bicep"]
        yield source.find("setting-missing", source.root, f"{name} is not set")


def _check_default(
    source: Source,
    name: str,
    node: Node,
    known: Mapping[str, Known],
    different: Mapping[str, str],
) -> Iterator[Finding]:
    value = value_of(source, node)
    if name not in known or value is None:
        return
    default = known[name].default or ""
    if str(value) != default and name not in different:
        message = f"{name} is {value!r} by default, in the program {default!r}"
        yield source.find("setting-default", node, message)
