"""What keeps an installation closed, and may not be taken away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.infra.bicep.finding import Finding
from tests.infra.bicep.source import Source, properties, text_of

REQUIRED: Mapping[str, Mapping[str, str]] = {
    "Microsoft.Storage/storageAccounts": {
        "allowSharedKeyAccess": "false",
        "allowBlobPublicAccess": "false",
        "allowCrossTenantReplication": "false",
        "minimumTlsVersion": "'TLS1_2'",
        "supportsHttpsTrafficOnly": "true",
    },
    "Microsoft.Storage/storageAccounts/blobServices/containers": {"publicAccess": "'None'"},
    "Microsoft.KeyVault/vaults": {
        "enableRbacAuthorization": "true",
        "enableSoftDelete": "true",
        "enablePurgeProtection": "true",
    },
    "Microsoft.Insights/components": {"DisableLocalAuth": "true"},
    "Microsoft.Web/sites": {"httpsOnly": "true", "keyVaultReferenceIdentity": "identityId"},
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": {"allow": "false"},
}
"""By type of resource: properties under ``properties``, and how their value is written."""


def check_hardening(source: Source) -> Iterator[Finding]:
    """Properties of ``REQUIRED`` that are missing or have another value."""
    for each in source.of("resource").values():
        given = properties(properties(each.body).get("properties"))
        kind = each.reference.partition("@")[0]
        if not given and each.existing:
            continue
        for name, value in REQUIRED.get(kind, {}).items():
            if name not in given or text_of(given[name]) != value:
                yield source.find("not-hardened", each.node, f"{kind}: {name} is not {value}")
