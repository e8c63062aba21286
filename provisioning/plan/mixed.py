"""A group that loses members and gets others: both in one request."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

import msgspec

from provisioning.model import ChangeMember, Key, Link, RemoveMembers, ScimId
from provisioning.plan.planned import Planned
from provisioning.plan.requests import adding


def with_additions(
    removal: Planned,
    key: Key,
    link: Link,
    wanted: Mapping[ScimId, ChangeMember],
    recorded: Mapping[ScimId, bool],
    batch: int,
) -> Planned:
    """A request that takes members out, with as many of those who are ``wanted`` and not there as
    it has room for: ``batch`` counts both.
    """
    write = removal.write
    if not isinstance(write, RemoveMembers):
        return removal
    room = max(0, batch - len(write.members))
    added = tuple(islice((id for id in wanted if id not in recorded), room))
    if not added:
        return removal
    additions = adding(key, link, added, wanted)
    return Planned(
        msgspec.structs.replace(write, added=added), (*removal.changes, *additions.changes)
    )
