"""Which Graph properties each object has, and how they are written as JSON.

Default property sets: the v1.0 pages of user, group and servicePrincipal. A property that the
tenant does not know but Graph does answers null; one that Graph does not know is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from .model import AppRole, Group, ServicePrincipal, User


def _words(text: str) -> list[str]:
    return text.split()


USER_FIELDS: Mapping[str, str] = {
    "id": "id",
    "userPrincipalName": "user_principal_name",
    "displayName": "display_name",
    "givenName": "given_name",
    "surname": "surname",
    "mail": "mail",
    "mailNickname": "mail_nickname",
    "department": "department",
    "jobTitle": "job_title",
    "employeeId": "employee_id",
    "accountEnabled": "account_enabled",
    "userType": "user_type",
    "createdDateTime": "created",
    "deletedDateTime": "deleted",
}
USER_OTHERS = frozenset(
    _words("""aboutMe ageGroup assignedLicenses assignedPlans businessPhones city companyName
    consentProvidedForMinor country creationType employeeHireDate employeeOrgData employeeType
    externalUserState externalUserStateChangeDateTime faxNumber identities imAddresses
    lastPasswordChangeDateTime legalAgeGroupClassification licenseAssignmentStates mobilePhone
    officeLocation onPremisesDistinguishedName onPremisesDomainName onPremisesExtensionAttributes
    onPremisesImmutableId onPremisesLastSyncDateTime onPremisesProvisioningErrors
    onPremisesSamAccountName onPremisesSecurityIdentifier onPremisesSyncEnabled
    onPremisesUserPrincipalName otherMails passwordPolicies postalCode preferredDataLocation
    preferredLanguage provisionedPlans proxyAddresses securityIdentifier serviceProvisioningErrors
    showInAddressList signInSessionsValidFromDateTime state streetAddress usageLocation""")
)
USER_DEFAULTS = _words(
    "businessPhones displayName givenName id jobTitle mail mobilePhone officeLocation "
    "preferredLanguage surname userPrincipalName"
)

GROUP_FIELDS: Mapping[str, str] = {
    "id": "id",
    "displayName": "display_name",
    "description": "description",
    "mail": "mail",
    "mailNickname": "mail_nickname",
    "mailEnabled": "mail_enabled",
    "securityEnabled": "security_enabled",
    "createdDateTime": "created",
    "deletedDateTime": "deleted",
}
GROUP_OTHERS = frozenset(
    _words("""classification creationOptions expirationDateTime groupTypes isAssignableToRole
    membershipRule membershipRuleProcessingState onPremisesDomainName onPremisesLastSyncDateTime
    onPremisesNetBiosName onPremisesProvisioningErrors onPremisesSamAccountName
    onPremisesSecurityIdentifier onPremisesSyncEnabled preferredDataLocation preferredLanguage
    proxyAddresses renewedDateTime resourceBehaviorOptions resourceProvisioningOptions
    securityIdentifier serviceProvisioningErrors theme uniqueName visibility""")
)
GROUP_DEFAULTS = [
    *GROUP_FIELDS,
    "groupTypes",
    "membershipRule",
    "onPremisesSyncEnabled",
    "proxyAddresses",
    "renewedDateTime",
    "visibility",
]

SERVICE_PRINCIPAL_FIELDS: Mapping[str, str] = {
    "id": "id",
    "appId": "app_id",
    "displayName": "display_name",
    "appDisplayName": "display_name",
    "appRoles": "app_roles",
    "accountEnabled": "account_enabled",
    "appRoleAssignmentRequired": "app_role_assignment_required",
    "createdDateTime": "created",
    "deletedDateTime": "deleted",
}
SERVICE_PRINCIPAL_OTHERS = frozenset(
    _words("""alternativeNames appDescription appOwnerOrganizationId applicationTemplateId
    description disabledByMicrosoftStatus homepage info keyCredentials loginUrl logoutUrl notes
    notificationEmailAddresses oauth2PermissionScopes passwordCredentials
    preferredSingleSignOnMode replyUrls servicePrincipalNames servicePrincipalType signInAudience
    tags tokenEncryptionKeyId verifiedPublisher""")
)
SERVICE_PRINCIPAL_DEFAULTS = [
    *SERVICE_PRINCIPAL_FIELDS,
    "oauth2PermissionScopes",
    "servicePrincipalNames",
    "servicePrincipalType",
    "tags",
]

_LISTS = frozenset(
    _words("""alternativeNames assignedLicenses assignedPlans businessPhones groupTypes identities
    imAddresses keyCredentials notificationEmailAddresses oauth2PermissionScopes otherMails
    passwordCredentials proxyAddresses replyUrls servicePrincipalNames tags""")
)
_FIXED: Mapping[str, Any] = {"servicePrincipalType": "Application"}

Instant = Callable[[float], str]
DirectoryObject = User | Group | ServicePrincipal


def timestamp(seconds: float) -> str:
    """Seconds since the epoch as Graph writes a time, in UTC with whole seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def fields_of(item: DirectoryObject) -> Mapping[str, str]:
    """The typed fields of this kind of object, by Graph name."""
    if isinstance(item, User):
        return USER_FIELDS
    return GROUP_FIELDS if isinstance(item, Group) else SERVICE_PRINCIPAL_FIELDS


def type_name(item_type: type[DirectoryObject]) -> str:
    """The Graph name of this kind of object."""
    kind = {User: "user", Group: "group", ServicePrincipal: "servicePrincipal"}[item_type]
    return f"microsoft.graph.{kind}"


def odata_type(item: DirectoryObject) -> str:
    return f"#{type_name(type(item))}"


def known_names(item_type: type[DirectoryObject]) -> frozenset[str]:
    """All property names that ``$select`` may hold for this kind of object."""
    if item_type is User:
        return frozenset(USER_FIELDS) | USER_OTHERS
    if item_type is Group:
        return frozenset(GROUP_FIELDS) | GROUP_OTHERS
    return frozenset(SERVICE_PRINCIPAL_FIELDS) | SERVICE_PRINCIPAL_OTHERS


def default_names(item_type: type[DirectoryObject]) -> list[str]:
    """The properties of an answer to a request without ``$select``."""
    if item_type is User:
        return USER_DEFAULTS
    return GROUP_DEFAULTS if item_type is Group else SERVICE_PRINCIPAL_DEFAULTS


def value_of(item: DirectoryObject, name: str, instant: Instant) -> Any:
    """One property as JSON. ``instant`` writes a time."""
    field = fields_of(item).get(name)
    if field is None:
        return item.other.get(name, _FIXED.get(name, [] if name in _LISTS else None))
    value = getattr(item, field)
    if field in ("created", "deleted"):
        return None if value is None else instant(value)
    if field == "app_roles":
        return [_app_role(role) for role in value]
    if field == "user_principal_name" and item.deleted is not None:
        # Entra frees the name of a deleted user by putting the object id in front of it.
        return item.id.replace("-", "") + value
    return value


def document(item: DirectoryObject, names: Iterable[str], instant: Instant) -> dict[str, Any]:
    """The object with these properties; ``id`` always comes along."""
    answer = {"id": item.id}
    fields = fields_of(item)
    own = known_names(type(item))
    for name in names:
        if name in fields or name in own:
            answer[name] = value_of(item, name, instant)
    return answer


def _app_role(role: AppRole) -> dict[str, Any]:
    return {
        "id": role.id,
        "allowedMemberTypes": ["User"],
        "displayName": role.display_name,
        "description": role.display_name,
        "value": role.value,
        "isEnabled": role.enabled,
        "origin": "Application",
    }
