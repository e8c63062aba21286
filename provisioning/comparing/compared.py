"""One object of the comparison, as it is told."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from provisioning.comparing.causes import Cause
from provisioning.model import Change, EntraId, ObjectType, ScimId


class Outcome(StrEnum):
    """What the first cycle would do with an object: the gravest first."""

    FAIL = "fail"
    """It cannot be provisioned as it is."""
    DELETE = "delete"
    DISABLE = "disable"
    CREATE = "create"
    ENABLE = "enable"
    CHANGE = "change"
    MEMBERSHIPS = "memberships"
    """Members of a group that is otherwise right."""
    SKIP = "skip"
    """Assigned, and left alone: the reason says why."""
    UNKNOWN = "unknown"
    """In ZSCloud, and nobody's of ours: never touched."""
    OFF = "off"
    """In ZSCloud, switched off, and nobody is entitled to it: so the built-in job leaves who has
    left.
    """
    SAME = "same"


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One user or group. ``reason`` is the program's own, ``remedy`` what somebody can do.

    ``held``: it waits for somebody's approval. ``changes`` are the first of those that would be
    sent, or would be held; the memberships are all counted. ``unmanaged`` are members of a group
    in ZSCloud that are nobody's of ours: they stay. ``causes`` say why the built-in job has it
    otherwise.
    """

    outcome: Outcome
    object_type: ObjectType
    source_id: EntraId | None
    target_id: ScimId | None
    name: str
    held: bool = False
    reason: str = ""
    remedy: str | None = None
    memberships_added: int = 0
    memberships_removed: int = 0
    unmanaged: int = 0
    causes: tuple[Cause, ...] = ()
    changes: tuple[Change, ...] = ()

    @property
    def order(self) -> tuple[int, str, str, str]:
        """The gravest first, then by name."""
        rank = _RANKS[self.outcome]
        return (
            rank,
            self.object_type.value,
            self.name.lower(),
            self.source_id or self.target_id or "",
        )


_RANKS = {outcome: rank for rank, outcome in enumerate(Outcome)}
