"""Resources: types and API versions that are known, and roles that are meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tests.infra.bicep.finding import Finding
from tests.infra.bicep.source import Source, plain_string, walk

API_VERSIONS: Mapping[str, str] = {
    "Microsoft.Authorization/roleAssignments": "2022-04-01",
    "Microsoft.EventHub/namespaces": "2024-01-01",
    "Microsoft.EventHub/namespaces/eventhubs": "2024-01-01",
    "Microsoft.Graph/appRoleAssignedTo": "v1.0",
    "Microsoft.Graph/servicePrincipals": "v1.0",
    "Microsoft.Insights/actionGroups": "2023-01-01",
    "Microsoft.Insights/components": "2020-02-02",
    "Microsoft.Insights/diagnosticSettings": "2021-05-01-preview",
    "Microsoft.Insights/scheduledQueryRules": "2023-12-01",
    "Microsoft.Insights/workbooks": "2023-06-01",
    "Microsoft.KeyVault/vaults": "2024-11-01",
    "Microsoft.KeyVault/vaults/secrets": "2024-11-01",
    "Microsoft.ManagedIdentity/userAssignedIdentities": "2024-11-30",
    "Microsoft.Network/natGateways": "2025-05-01",
    "Microsoft.Network/privateDnsZones": "2024-06-01",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": "2024-06-01",
    "Microsoft.Network/privateEndpoints": "2025-05-01",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": "2025-05-01",
    "Microsoft.Network/publicIPAddresses": "2025-05-01",
    "Microsoft.Network/virtualNetworks": "2025-05-01",
    "Microsoft.OperationalInsights/workspaces": "2025-07-01",
    "Microsoft.Storage/storageAccounts": "2025-06-01",
    "Microsoft.Storage/storageAccounts/blobServices": "2025-06-01",
    "Microsoft.Storage/storageAccounts/blobServices/containers": "2025-06-01",
    "Microsoft.Storage/storageAccounts/queueServices": "2025-06-01",
    "Microsoft.Storage/storageAccounts/queueServices/queues": "2025-06-01",
    "Microsoft.Storage/storageAccounts/tableServices": "2025-06-01",
    "Microsoft.Storage/storageAccounts/tableServices/tables": "2025-06-01",
    "Microsoft.Web/serverfarms": "2025-03-01",
    "Microsoft.Web/sites": "2025-03-01",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": "2025-03-01",
    "Microsoft.Web/sites/config": "2025-03-01",
}
"""Types with the version whose properties were looked up (bicep-types-az of August 2026). Another
version, or another type, has to be looked up before it goes in here.
"""

GUIDS: Mapping[str, str] = {
    # Azure built-in roles
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "a638d3c7-ab3a-418d-83e6-5f17a39d4fde": "Azure Event Hubs Data Receiver",
    # Microsoft Graph, and its application permissions
    "00000003-0000-0000-c000-000000000000": "Microsoft Graph",
    "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30": "Application.Read.All",
    "df021288-bdef-4463-88db-98f22de89214": "User.Read.All",
    "98830695-27a2-44f7-8c18-0c3ebc9698f6": "GroupMember.Read.All",
    "5b567255-7703-4780-807c-7be8301ae99b": "Group.Read.All",
}
"""Every role and permission that anything here is granted (Microsoft Learn: Azure built-in roles;
Microsoft Graph permissions reference). More than these nothing may get.
"""

GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


def check_resources(source: Source) -> Iterator[Finding]:
    """Types and API versions outside the list; GUIDs that are no role or permission of ours."""
    for each in source.of("resource").values():
        kind, _, version = each.reference.partition("@")
        if kind not in API_VERSIONS:
            yield source.find("unknown-type", each.node, f"{kind} was not looked up")
        elif version != API_VERSIONS[kind]:
            yield source.find("api-version", each.node, f"{kind}: not {API_VERSIONS[kind]}")
    for node in walk(source.root):
        value = plain_string(node) or ""
        if GUID.fullmatch(value) and value not in GUIDS:
            yield source.find("unknown-guid", node, f"{value} is no role or permission of ours")
