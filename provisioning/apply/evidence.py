"""Whether an object shows what a write has done. Pure."""

from __future__ import annotations

from provisioning.differences import same
from provisioning.model import (
    NAME_PATH,
    AddMembers,
    CreateObject,
    DeleteObject,
    ObjectType,
    RemoveMembers,
    ScimId,
    TargetObject,
    UpdateObject,
    Write,
    folded,
)


def shows(write: Write, found: TargetObject | None) -> bool:
    """Whether an object is as a write would have left it, ``None`` being one that is gone."""
    if found is None:
        return isinstance(write, DeleteObject)
    members = set(found.members or ())
    match write:
        case UpdateObject():
            return all(same(found.attributes.get(p), v) for p, v in write.values.items())
        case AddMembers():
            return members.issuperset(write.members)
        case RemoveMembers():
            gone = found.members is not None and members.isdisjoint(write.members)
            return gone and members.issuperset(write.added)
        case CreateObject():
            external = write.attributes.get("externalId")
            return (
                external is not None
                and found.attributes.get("externalId") == external
                and members.issuperset(write.members)
            )
    return False


def is_evident(write: Write, found: TargetObject | None) -> bool:
    """Whether the write was executed at all. Servers leave values out, and change some: that is
    no sign that nothing was done.
    """
    if found is None:
        return isinstance(write, DeleteObject)
    if isinstance(write, CreateObject):
        name = NAME_PATH[write.type]
        sent, shown = write.attributes.get(name), found.attributes.get(name)
        members = found.members is None or set(found.members).issuperset(write.members)
        return members and folded(str(sent)) == folded(str(shown))
    if isinstance(write, UpdateObject):
        return any(same(found.attributes.get(p), v) for p, v in write.values.items())
    return shows(write, found)


def place_of(write: Write) -> tuple[ObjectType, ScimId | None]:
    """The type and, but of a create, the id of what is written."""
    if isinstance(write, CreateObject):
        return write.type, None
    if isinstance(write, AddMembers | RemoveMembers):
        return ObjectType.GROUP, write.id
    return write.type, write.id
