"""What the brake holds: plans that a person reads, approves exactly as shown, once, or rejects.

A plan is a view of a list of entries, each one change. A list never changes behind an id that
somebody has read: entries may drop out of it, and what comes to it later gives the plan a new id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from provisioning.errors import StateDamaged
from provisioning.guard import Tally
from provisioning.model import Action, Change, Key, MirrorGroup, MirrorUser, ObjectType
from provisioning.scope import Verdict

APPROVED = "approved"
"""The cause of work that somebody has approved."""


class PlanState(StrEnum):
    """What became of a plan."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    """Nothing is left of it, the limits allow it now, or it goes on under another id."""


class EntryState(StrEnum):
    """What became of one change of a plan."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    DROPPED = "dropped"


class HeldEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One change that is held. ``why`` says why it was dropped; ``plan`` under which id it was
    decided. Times are epoch seconds.
    """

    key: Key
    change: Change
    since: float
    state: EntryState = EntryState.PENDING
    why: str | None = None
    plan: str | None = None


class HeldPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A plan under its id: the first ``size`` entries of ``list``. ``cause`` is the sentence of
    the brake; ``counts`` and ``checksum`` are of its changes when it was made. ``of`` is the plan
    that a selection was approved from, of which this is the rest. ``rebuild``: it is about what a
    rebuild has found, and not about what the brake holds.
    """

    id: str
    list: str
    size: int
    created: float
    expires: float
    cause: str
    counts: Tally
    checksum: str
    state: PlanState = PlanState.PENDING
    decided: float | None = None
    decided_by: str | None = None
    note: str | None = None
    of: str | None = None
    rebuild: bool = False


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A principal of whom something is held. ``place`` is the entry of a user, or of a group as a
    whole; members that are held are in the set of withheld ones. ``emptied``: all of them.
    """

    key: Key
    name: str
    kind: str
    reason: str
    since: float
    removals: int = 1
    place: str | None = None
    action: Action | None = None
    emptied: bool = False


class Approved(msgspec.Struct, frozen=True):
    """A removal that somebody has approved. Members of a group are marked one by one."""

    action: Action
    place: str


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A removal that is not proposed again as long as the principal's facts are those of
    ``facts``, which is ``None`` until they were looked at. Members of a group who are kept are
    marked one by one.
    """

    key: Key
    name: str
    action: Action
    reason: str
    plan: str
    at: float
    by: str
    note: str
    facts: str | None = None


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody decided about a plan, until the holder of the lease has taken it up.

    ``change_ids`` is a selection, ``None`` for all; what is left goes on under the id ``rest``.
    """

    plan: str
    approve: bool
    change_ids: tuple[str, ...] | None
    by: str
    at: float
    rest: str
    note: str = ""


class Mark(StrEnum):
    """What is with a member that would have to leave a group."""

    HELD = "held"
    REJECTED = "rejected"
    APPROVED = "approved"


class Withheld(msgspec.Struct, frozen=True):
    """The mark of one member; ``where`` is the place of its entry."""

    mark: Mark
    where: str

    def __str__(self) -> str:
        return f"{self.mark.value} {self.where}"

    @staticmethod
    def parse(text: str) -> Withheld:
        """The inverse of ``str``. Raises ``StateDamaged``."""
        mark, _, where = text.partition(" ")
        try:
            return Withheld(Mark(mark), where)
        except ValueError as error:
            raise StateDamaged("the mark of a member", error) from None


def checksum(changes: Iterable[Change]) -> str:
    """SHA-256 over the changes, whatever their order, as they are shown: what is exported can be
    compared with what is approved.
    """
    digests = sorted(hashlib.sha256(msgspec.json.encode(change)).digest() for change in changes)
    return hashlib.sha256(b"".join(digests)).hexdigest()


def counts_of(changes: Iterable[Change]) -> Tally:
    """Users, groups and memberships that changes take away."""
    users = groups = memberships = 0
    for change in changes:
        if change.action is Action.REMOVE_MEMBER:
            memberships += 1
        elif change.object_type is ObjectType.USER:
            users += 1
        else:
            groups += 1
    return Tally(users, groups, memberships)


def place(list: str, number: int) -> str:
    """The place of an entry in its list."""
    return f"{list}/{number:07d}"


def facts_of(row: MirrorUser | MirrorGroup, verdict: Verdict) -> str:
    """A digest of what decides about a principal: with other facts a decision to keep it ends."""
    own: list[object] = [verdict.reason, verdict.sentence, row.presence, sorted(row.roles.items())]
    own += [row.enabled, sorted(row.groups)] if isinstance(row, MirrorUser) else []
    return hashlib.blake2b(msgspec.json.encode(own), digest_size=16).hexdigest()
