"""What was read of one principal, as the tests change it."""

from __future__ import annotations

from typing import Any

import msgspec

from provisioning.case import Case
from provisioning.deprovisioning import Deprovision
from provisioning.drift import DriftPolicy
from provisioning.explaining.findings import Findings, Owner, Refusal, Rehearsed, Waiting
from provisioning.mapping import AttributeSource
from provisioning.model import (
    Change,
    EntraId,
    Key,
    MirrorGroup,
    MirrorUser,
    ObjectType,
    ScimId,
    TargetObject,
)
from provisioning.plan import Planned
from tests.decisions.principals import GROUP, IN, JO, NOW, SALES, USER, link, mapped

AT, WHEN = "2027-01-15T08:00:00.000Z", "2027-01-15 08:00 UTC"
"""The time of all facts, as documents have it and as people read it."""

REFUSED = Refusal("Unauthorized", "The token is refused.", "Make a new one.")
OTHER = Owner(Key(ObjectType.USER, EntraId("o")), "Other")

USER_ROW = MirrorUser(
    id=EntraId("u"),
    attributes={"userPrincipalName": "jo@example.com", "jobTitle": "Clerk"},
    enabled=True,
    read_at=NOW,
    roles={"a": "r"},
    groups=(EntraId("g1"), EntraId("g2")),
)
GROUP_ROW = MirrorGroup(
    id=EntraId("g"), attributes={"displayName": "Sales"}, read_at=NOW, roles={"a": "r"}
)
SOURCES = (
    AttributeSource("userName", "[userPrincipalName]", ("userPrincipalName",), False),
    AttributeSource("title", "[jobTitle]", ("jobTitle",), False),
)
LINK = link(linked_at=NOW, written_at=NOW)
USER_CASE = Case(key=USER, row=USER_ROW, verdict=IN, mapped=mapped(JO), link=LINK)
GROUP_LINK = link(GROUP, linked_at=NOW, written_at=NOW)
GROUP_CASE = Case(
    key=GROUP, row=GROUP_ROW, verdict=IN, mapped=mapped(SALES, "Sales"), link=GROUP_LINK
)
USER_FINDINGS = Findings(
    key=USER,
    name="Jo",
    now=NOW,
    case=USER_CASE,
    known=USER_ROW,
    link=LINK,
    sources=SOURCES,
    matching="userName",
    distrusted=None,
    filter=None,
    paths=(),
    nested=(),
    missing=(),
    policy=Deprovision.DISABLE,
    setting="ON_UNASSIGN",
    delete_at=None,
    drift=DriftPolicy(),
    rehearsed=Rehearsed(),
    owners={},
    waiting=Waiting(),
    requests=(),
)
GROUP_FINDINGS = msgspec.structs.replace(
    USER_FINDINGS,
    key=GROUP,
    name="Sales",
    case=GROUP_CASE,
    known=GROUP_ROW,
    link=GROUP_LINK,
    sources=(),
    matching="displayName",
    setting="ON_GROUP_UNASSIGN",
)


def user(
    case: dict[str, Any] | None = None,
    rehearsed: dict[str, Any] | None = None,
    waiting: dict[str, Any] | None = None,
    *,
    base: Findings = USER_FINDINGS,
    **fields: Any,
) -> Findings:
    """The findings of Jo, in scope, linked and as it should be, with what is given changed."""
    return msgspec.structs.replace(
        base,
        case=msgspec.structs.replace(base.case, **(case or {})),
        rehearsed=Rehearsed(**(rehearsed or {})),
        waiting=Waiting(**(waiting or {})),
        **fields,
    )


def group(*parts: Any, **fields: Any) -> Findings:
    """The same of the group Sales."""
    return user(*parts, base=GROUP_FINDINGS, **fields)


def unlinked(found: Findings) -> Findings:
    """The same without a link."""
    case = msgspec.structs.replace(found.case, link=None)
    return msgspec.structs.replace(found, link=None, case=case)


def planned(write: Any, *changes: Change) -> Planned:
    return Planned(write, changes)


def there(id: str = "s", type: ObjectType = ObjectType.USER, **attributes: Any) -> TargetObject:
    return TargetObject(type, ScimId(id), attributes)
