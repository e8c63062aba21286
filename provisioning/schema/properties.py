"""What Graph has of users and groups, as far as a schema may ask for it.

Graph: user, group (properties that ``$select`` takes, and ``manager``). Entra's exports have other
names for some of them (``source_attributes``).
"""

from __future__ import annotations

from provisioning.model import ObjectType

_BOTH = frozenset(
    {
        *("id", "displayName", "mail", "mailNickname", "proxyAddresses", "createdDateTime"),
        *("onPremisesDomainName", "onPremisesLastSyncDateTime", "onPremisesSamAccountName"),
        *("onPremisesSecurityIdentifier", "onPremisesSyncEnabled", "preferredLanguage"),
        "securityIdentifier",
    }
)

PROPERTIES = {
    ObjectType.USER: _BOTH
    | {
        *("accountEnabled", "ageGroup", "businessPhones", "city", "companyName", "country"),
        *("consentProvidedForMinor", "creationType", "department", "employeeHireDate"),
        *("employeeId", "employeeOrgData", "employeeType", "externalUserState", "faxNumber"),
        *("externalUserStateChangeDateTime", "givenName", "identities", "imAddresses", "jobTitle"),
        *("lastPasswordChangeDateTime", "legalAgeGroupClassification", "manager", "mobilePhone"),
        *("officeLocation", "onPremisesDistinguishedName", "onPremisesExtensionAttributes"),
        *("onPremisesImmutableId", "onPremisesUserPrincipalName", "otherMails"),
        *("passwordPolicies", "postalCode", "preferredDataLocation", "showInAddressList"),
        *("state", "streetAddress", "surname", "usageLocation", "userPrincipalName", "userType"),
    },
    ObjectType.GROUP: _BOTH
    | {
        *("classification", "description", "expirationDateTime", "groupTypes"),
        *("isAssignableToRole", "mailEnabled", "members", "membershipRule"),
        *("membershipRuleProcessingState", "onPremisesNetBiosName", "preferredDataLocation"),
        "renewedDateTime",
        *("resourceBehaviorOptions", "resourceProvisioningOptions", "securityEnabled", "theme"),
        *("uniqueName", "visibility"),
    },
}
"""Properties by type of object."""

ALWAYS_SET = {
    ObjectType.USER: frozenset(
        {
            *("accountEnabled", "displayName", "objectId", "originalUserPrincipalName"),
            *("IsSoftDeleted", "userPrincipalName", "mailNickname"),
        }
    ),
    ObjectType.GROUP: frozenset({"displayName", "objectId", "mailNickname", "IsSoftDeleted"}),
}
"""What every object has a value for (Graph: required on creation)."""


def is_extension(name: str) -> bool:
    """Whether a name is that of a directory or schema extension, which each tenant has its own."""
    return name.startswith("extension_") or (name.startswith("ext") and "_" in name)
