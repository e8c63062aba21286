"""The values that the program speaks in. Frozen; no behaviour beyond their own reading.

Words are Entra's where there is one: assignment, principal, app role, link, provisioning log.
"""

from __future__ import annotations

from provisioning.model.changes import Action, Change, ChangeMember, ModifiedProperty, change_digest
from provisioning.model.kept import Link, MirrorGroup, MirrorUser, Origin, Presence
from provisioning.model.keys import Attributes, EntraId, Key, ObjectType, ScimId, Value
from provisioning.model.names import NAME_PATH, folded, name_key, value_key
from provisioning.model.planned import is_planned, planned_id, without_planned
from provisioning.model.source import (
    CHANGE_TYPES,
    DEFAULT_ACCESS,
    MANAGER,
    AppRole,
    Assignment,
    DeltaPage,
    DeltaRow,
    Member,
    ServicePrincipal,
    SourceGroup,
    SourceUser,
    Subscription,
)
from provisioning.model.target import Capabilities, GroupRef, TargetObject, TargetPage
from provisioning.model.writes import (
    PLACEHOLDER,
    AddMembers,
    CreateObject,
    DeleteObject,
    MemberRemoval,
    RemoveMembers,
    ReplaceObject,
    UpdateObject,
    WireRequest,
    Write,
    is_placeholder,
    newcomers_of,
    with_arrived,
)

__all__ = [
    "CHANGE_TYPES",
    "DEFAULT_ACCESS",
    "MANAGER",
    "NAME_PATH",
    "PLACEHOLDER",
    "Action",
    "AddMembers",
    "AppRole",
    "Assignment",
    "Attributes",
    "Capabilities",
    "Change",
    "ChangeMember",
    "CreateObject",
    "DeleteObject",
    "DeltaPage",
    "DeltaRow",
    "EntraId",
    "GroupRef",
    "Key",
    "Link",
    "Member",
    "MemberRemoval",
    "MirrorGroup",
    "MirrorUser",
    "ModifiedProperty",
    "ObjectType",
    "Origin",
    "Presence",
    "RemoveMembers",
    "ReplaceObject",
    "ScimId",
    "ServicePrincipal",
    "SourceGroup",
    "SourceUser",
    "Subscription",
    "TargetObject",
    "TargetPage",
    "UpdateObject",
    "Value",
    "WireRequest",
    "Write",
    "change_digest",
    "folded",
    "is_placeholder",
    "is_planned",
    "name_key",
    "newcomers_of",
    "planned_id",
    "value_key",
    "with_arrived",
    "without_planned",
]
