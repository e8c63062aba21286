"""What was read of one principal, for its explanation. Facts only; the words are made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from provisioning.case import Case
from provisioning.deprovisioning import Deprovision
from provisioning.drift import DriftPolicy
from provisioning.escrow import EscrowEntry
from provisioning.lanes import WorkItem
from provisioning.mapping import AttributeSource
from provisioning.model import (
    Key,
    Link,
    MirrorGroup,
    MirrorUser,
    ScimId,
    TargetObject,
    WireRequest,
)
from provisioning.plan import Planned, Skipped
from provisioning.scoping import FilterVerdict

NAMED = 20
"""Members of a group that are named, of each kind."""


class Refusal(msgspec.Struct, frozen=True):
    """An error as a fact: its stable code, what it says, and what to do."""

    code: str
    sentence: str
    remedy: str


class Look(msgspec.Struct, frozen=True):
    """A search in ZSCloud, and what it found."""

    attribute: str
    value: str
    objects: tuple[TargetObject, ...]


class Owner(msgspec.Struct, frozen=True):
    """The principal that a ZSCloud object is linked to."""

    key: Key
    name: str


class Rehearsed(msgspec.Struct, frozen=True, kw_only=True):
    """What working on the principal would have done, as a dry run does it.

    ``plans`` are its own requests in order, ``joined`` those that take it into groups after it
    got its account. ``live`` is its object as it was read just now; ``vanished``: the linked one
    is gone; ``left_missing``: it is gone, and DRIFT leaves that so. ``by_hand``: by the record
    nothing would be done, so somebody changed the object in ZSCloud. ``matched``: an object was
    found that would be linked. ``skipped``, ``refused`` and ``blocked_by`` say why nothing would
    be sent. ``unreached``: ZSCloud could not be read, and the plans are made from the record alone.
    """

    plans: tuple[Planned, ...] = ()
    joined: tuple[Planned, ...] = ()
    looks: tuple[Look, ...] = ()
    live: TargetObject | None = None
    matched: bool = False
    vanished: bool = False
    left_missing: bool = False
    by_hand: bool = False
    moved_from: Owner | None = None
    skipped: Skipped | None = None
    refused: Refusal | None = None
    blocked_by: Owner | None = None
    unreached: Refusal | None = None


class Direct(msgspec.Struct, frozen=True):
    """An assignment that brings the principal into scope, or would: the app role, and the groups
    from the principal's own up to the assigned one, empty for a direct assignment.
    """

    role: str
    counts: bool
    groups: tuple[str, ...]


class HeldBack(msgspec.Struct, frozen=True):
    """A removal that the brake keeps back. ``since`` is epoch seconds."""

    reason: str
    since: float


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps work from being done, or says when it will be. Times are epoch seconds.

    ``off``: PROVISIONING_STATUS. ``stopped``: by whom, since when. ``cycle`` is why the last cycle
    failed, ``quarantine`` why the whole job stands still. ``young``: until when a gone assignment
    is not believed gone.
    """

    off: bool = False
    stopped: str | None = None
    held: HeldBack | None = None
    escrow: tuple[EscrowEntry, ...] = ()
    items: tuple[WorkItem, ...] = ()
    young: float | None = None
    cycle: Refusal | None = None
    quarantine: Refusal | None = None


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one principal. ``case`` is decided from what Entra shows now, ``known`` is
    the row that the last look stored, ``link`` the stored link.

    ``name`` is the display name. ``distrusted``: why Entra's answer is not believed; the case is
    then as good as can be. ``policy`` and ``setting`` are of a principal that is to have no
    access, ``delete_at`` (epoch seconds) of an object that waits to be deleted, ``drift`` is
    DRIFT. ``nested``: assigned groups that contain groups, which NESTED_GROUPS=direct does not
    read. ``missing`` names the first members of a group that have no account. ``requests`` are
    those of the plans.
    """

    key: Key
    name: str
    now: float
    case: Case
    known: MirrorUser | MirrorGroup | None
    link: Link | None
    sources: tuple[AttributeSource, ...]
    matching: str
    distrusted: Refusal | None
    filter: FilterVerdict | None
    paths: tuple[Direct, ...]
    nested: tuple[str, ...]
    missing: tuple[str, ...]
    policy: Deprovision
    setting: str
    delete_at: float | None
    drift: DriftPolicy
    rehearsed: Rehearsed
    owners: Mapping[ScimId, Owner]
    waiting: Waiting
    requests: tuple[WireRequest, ...]

    @property
    def plans(self) -> tuple[Planned, ...]:
        """All requests that concern the principal."""
        return (*self.rehearsed.plans, *self.rehearsed.joined)

    @property
    def redacted(self) -> frozenset[str]:
        """Target attributes whose value may not be shown."""
        return self.case.mapped.rules.redacted
