"""The source attributes of a principal, as mappings and filters see them: by name. Pure.

Some are no properties in Graph: the provisioning service computes them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from provisioning.model import EntraId

ROLES = "appRoleAssignments"
"""Objects with ``id``, ``value`` and ``displayName`` of the app roles that bring somebody in."""

COMPUTED = frozenset({"objectId", "IsSoftDeleted", "originalUserPrincipalName", ROLES})
"""Source attributes of the provisioning service that are no properties in Graph."""

_OTHER_NAMES = {
    "dirSyncEnabled": "onPremisesSyncEnabled",
    "facsimileTelephoneNumber": "faxNumber",
    "immutableId": "onPremisesImmutableId",
    "mobile": "mobilePhone",
    "physicalDeliveryOfficeName": "officeLocation",
    "telephoneNumber": "businessPhones",
    "userState": "externalUserState",
}
"""Names that the provisioning service has from the older Azure AD Graph, and Graph's own."""

_EXTENSIONS = "onPremisesExtensionAttributes"
_NO_EXTENSIONS = dict.fromkeys(f"extensionAttribute{number}" for number in range(1, 16))
_EXTENSION = re.compile(r"extensionAttribute([1-9]|1[0-5])")

_GUEST = re.compile(r"(.+)_([^_]+)#EXT#@.*", re.IGNORECASE | re.DOTALL)


def graph_property(name: str) -> str | None:
    """The property to select in Graph for a source attribute; ``id`` comes in any case."""
    if name == "originalUserPrincipalName":
        return "userPrincipalName"
    if name in COMPUTED:
        return None
    return _EXTENSIONS if _EXTENSION.fullmatch(name) else _OTHER_NAMES.get(name, name)


def source_row(id: EntraId, attributes: Mapping[str, Any], **computed: Any) -> dict[str, Any]:
    """Source attributes by name: those of Graph, and those computed from them."""
    row = {**attributes, "objectId": id, **computed}
    for other, property in _OTHER_NAMES.items():
        if property in attributes:
            row[other] = _first(attributes[property])
    if _EXTENSIONS in attributes:
        row.update(_NO_EXTENSIONS)
        extensions = attributes[_EXTENSIONS]
        row.update(extensions if isinstance(extensions, dict) else {})
    name = attributes.get("userPrincipalName")
    if isinstance(name, str):
        row["originalUserPrincipalName"] = name
        if "#" in name:
            row["userPrincipalName"] = home_principal_name(name)
    return row


def _first(value: Any) -> Any:
    """Graph has a list of one number where the service has the number (Graph: businessPhones)."""
    return (value[0] if value else None) if isinstance(value, list | tuple) else value


def home_principal_name(name: str) -> str:
    """The name that a B2B guest has at home.

    Entra names a guest ``alias_home.org#EXT#@tenant.onmicrosoft.com`` and provisions
    ``alias@home.org`` (Entra: how provisioning works, B2B users). A domain has no underscore, so
    the last one before the mark stands for the at sign.
    """
    guest = _GUEST.fullmatch(name)
    return name if guest is None else f"{guest[1]}@{guest[2]}"
