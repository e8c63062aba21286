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

_GRAPH_PROPERTY = {"originalUserPrincipalName": "userPrincipalName"}

_GUEST = re.compile(r"(.+)_([^_]+)#EXT#@.*", re.IGNORECASE | re.DOTALL)


def graph_property(name: str) -> str | None:
    """The property to select in Graph for a source attribute; ``id`` comes in any case."""
    name = _GRAPH_PROPERTY.get(name, name)
    return None if name in COMPUTED else name


def source_row(id: EntraId, attributes: Mapping[str, Any], **computed: Any) -> dict[str, Any]:
    """Source attributes by name: those of Graph, and those computed from them."""
    row = {**attributes, "objectId": id, **computed}
    name = attributes.get("userPrincipalName")
    if isinstance(name, str):
        row["originalUserPrincipalName"] = name
        if "#" in name:
            row["userPrincipalName"] = home_principal_name(name)
    return row


def home_principal_name(name: str) -> str:
    """The name that a B2B guest has at home.

    Entra names a guest ``alias_home.org#EXT#@tenant.onmicrosoft.com`` and provisions
    ``alias@home.org`` (Entra: how provisioning works, B2B users). A domain has no underscore, so
    the last one before the mark stands for the at sign.
    """
    guest = _GUEST.fullmatch(name)
    return name if guest is None else f"{guest[1]}@{guest[2]}"
