"""What stands in a dry run for the id that ZSCloud would give to an object."""

from __future__ import annotations

import msgspec

from provisioning.model.changes import Change
from provisioning.model.keys import Key, ScimId

_PREFIX = "planned:"


def planned_id(key: Key) -> ScimId:
    """The id of an object that would be created, so that later steps can name it."""
    return ScimId(f"{_PREFIX}{key}")


def is_planned(id: ScimId | None) -> bool:
    """Whether an id only stands for one."""
    return id is not None and id.startswith(_PREFIX)


def without_planned(change: Change) -> Change:
    """The change as people see it: what does not exist has no id."""
    member = change.member
    if member is not None and is_planned(member.target_id):
        member = msgspec.structs.replace(member, target_id=None)
    target = None if is_planned(change.target_id) else change.target_id
    return msgspec.structs.replace(change, member=member, target_id=target)
