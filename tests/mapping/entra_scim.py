"""The default schema of a SCIM application in Entra, in the shape of its export.

Entra: "Develop and plan provisioning for a SCIM endpoint", the table of default mappings.
"""

from __future__ import annotations

from typing import Any

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

USERS = {
    "userName": "[userPrincipalName]",
    "active": "Not([IsSoftDeleted])",
    "displayName": "[displayName]",
    "title": "[jobTitle]",
    'emails[type eq "work"].value': "[mail]",
    'emails[type eq "other"].value': "[proxyAddresses]",
    "name.givenName": "[givenName]",
    "name.familyName": "[surname]",
    'addresses[type eq "work"].streetAddress': "[streetAddress]",
    'addresses[type eq "work"].postalCode': "[postalCode]",
    'addresses[type eq "other"].formatted': "[physicalDeliveryOfficeName]",
    'phoneNumbers[type eq "work"].value': "[telephoneNumber]",
    'phoneNumbers[type eq "mobile"].value': "[mobile]",
    'phoneNumbers[type eq "fax"].value': "[facsimileTelephoneNumber]",
    "externalId": "[mailNickname]",
    f"{ENTERPRISE}:employeeNumber": "[employeeId]",
    f"{ENTERPRISE}:department": "[department]",
    f"{ENTERPRISE}:manager": "[manager]",
}
GROUPS = {"displayName": "[displayName]", "externalId": "[objectId]", "members": "[members]"}


def schema() -> dict[str, Any]:
    """The whole file."""
    source = {"userPrincipalName", "manager", *(text.strip("[]") for text in USERS.values())}
    source = {name for name in source if "(" not in name} | {"IsSoftDeleted"}
    return {
        "id": "scim.00000000000000000000000000000000",
        "version": "Date:2026-01-01T00:00:00.0000000Z",
        "directories": [
            {
                "name": "Azure Active Directory",
                "objects": [
                    {"name": "User", "attributes": [_definition(name) for name in sorted(source)]},
                    {
                        "name": "Group",
                        "attributes": [_definition(n) for n in ("displayName", "objectId")]
                        + [_definition("members", "Reference", many=True)],
                    },
                ],
            },
            {
                "name": "customappsso",
                "objects": [
                    {"name": "urn:ietf:params:scim:schemas:core:2.0:User", "attributes": _target()},
                    {
                        "name": "urn:ietf:params:scim:schemas:core:2.0:Group",
                        "attributes": [_definition(n) for n in ("displayName", "externalId")]
                        + [_definition("members", "Reference", many=True)],
                    },
                ],
            },
        ],
        "synchronizationRules": [
            {
                "name": "USER_OUTBOUND_USER",
                "sourceDirectoryName": "Azure Active Directory",
                "targetDirectoryName": "customappsso",
                "objectMappings": [
                    _mapping("User", USERS, "userName"),
                    _mapping("Group", GROUPS, "displayName"),
                ],
            }
        ],
    }


def _definition(name: str, type: str = "String", *, many: bool = False) -> dict[str, Any]:
    many = many or name == "proxyAddresses"
    kind = "Boolean" if name == "IsSoftDeleted" else "Reference" if name == "manager" else type
    return {"name": name, "type": kind, "multivalued": many, "required": False, "anchor": False}


def _target() -> list[dict[str, Any]]:
    types = {"active": "Boolean", f"{ENTERPRISE}:manager": "Reference"}
    return [_definition(name, types.get(name, "String")) for name in USERS]


def _mapping(name: str, flows: dict[str, str], matching: str) -> dict[str, Any]:
    return {
        "enabled": True,
        "name": f"Provision Azure Active Directory {name}s",
        "flowTypes": "Add, Update, Delete",
        "sourceObjectName": name,
        "targetObjectName": f"urn:ietf:params:scim:schemas:core:2.0:{name}",
        "scope": None,
        "attributeMappings": [
            {
                "defaultValue": "",
                "exportMissingReferences": False,
                "flowBehavior": "FlowWhenChanged",
                "flowType": "Always",
                "matchingPriority": int(target == matching),
                "targetAttributeName": target,
                "source": {
                    "expression": text,
                    "name": text.strip("[]") if "(" not in text else text.partition("(")[0],
                    "type": "Function" if "(" in text else "Attribute",
                    "parameters": [],
                },
            }
            for target, text in flows.items()
        ],
    }
