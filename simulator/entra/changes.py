"""What one delta round reports: journal entries reduced to objects, split, repeated, ordered."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .model import Change
from .tenant import Tenant

_REPLAYED_CHANGES = 50
"""How many changes before the round may come again in it."""


@dataclass(frozen=True, slots=True)
class Window:
    """What a round covers: changes after one position (None: everything) until another.

    ``tracked`` are the selected properties and relations, ``ids`` the filter. A group's members
    are split into entries of at most ``members_entry``.
    """

    kind: str
    after: int | None
    until: int
    tracked: frozenset[str]
    ids: frozenset[str] | None
    members_entry: int
    replay_share: float
    purged_members: bool

    def covers(self, object_id: str) -> bool:
        return self.ids is None or object_id in self.ids

    def reports(self, change: Change) -> bool:
        """Whether this change brings its object back."""
        if change.object_kind != self.kind or not self.covers(change.object_id):
            return False
        if change.kind == "updated":
            return not self.tracked.isdisjoint(change.properties)
        if change.member_id is not None:
            wanted = change.kind != "member_purged" or self.purged_members
            return wanted and "members" in self.tracked
        return True


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a round: an object as of a position, with some of its member changes.

    ``changed`` are properties that were written one by one. ``whole`` says that the object is new
    to the feed, so that all of it counts as changed.
    """

    object_id: str
    at: int
    members: Sequence[str] = ()
    changed: frozenset[str] = frozenset()
    whole: bool = False


@dataclass(slots=True)
class _Touched:
    """What happened to one object within the window."""

    changed: set[str] = field(default_factory=set)
    members: dict[str, None] = field(default_factory=dict)
    whole: bool = False


def entries(tenant: Tenant, window: Window, chance: random.Random) -> list[Entry]:
    """The rows of the round in order.

    The entries of a split group lie apart from each other, as Graph spreads them over pages.
    """
    if window.after is None:
        found = _everything(tenant, window)
    else:
        found = _since(tenant, window, tenant.journal.between(window.after, window.until))
    if window.replay_share > 0:
        return _with_replays(tenant, window, found, chance)
    return found


def _everything(tenant: Tenant, window: Window) -> list[Entry]:
    """The first round: every object, also the soft-deleted (marked as removed)."""
    if window.kind == "user":
        keys = tenant.users.keys(window.until)
    elif window.kind == "group":
        keys = tenant.groups.keys(window.until)
    else:
        keys = tenant.service_principals.keys(window.until)
    touched = {key: _whole(tenant, window, key) for key in keys if window.covers(key)}
    return _split(window, touched)


def _whole(tenant: Tenant, window: Window, object_id: str) -> _Touched:
    members: Iterable[str] = ()
    if "members" in window.tracked and object_id in tenant.members:
        members = tenant.members[object_id].keys(window.until)
    return _Touched(set(), dict.fromkeys(members), whole=True)


def _since(tenant: Tenant, window: Window, changes: Sequence[Change]) -> list[Entry]:
    """The objects that these changes bring back, each with its state at the end of the window."""
    touched: dict[str, _Touched] = {}
    for change in changes:
        if not window.reports(change):
            continue
        one = touched.setdefault(change.object_id, _Touched())
        one.changed |= change.properties
        if change.member_id is not None:
            one.members[change.member_id] = None
        elif change.kind in ("created", "restored"):
            _add_all(tenant, window, change, one)
    return _split(window, touched)


def _add_all(tenant: Tenant, window: Window, change: Change, one: _Touched) -> None:
    """A new or restored object comes whole; a restored group with the members it kept."""
    one.whole = True
    if change.object_kind == "group" and "members" in window.tracked:
        one.members.update(dict.fromkeys(tenant.members[change.object_id].keys(window.until)))


def _split(window: Window, touched: dict[str, _Touched]) -> list[Entry]:
    size = window.members_entry
    rounds: list[list[Entry]] = [[]]
    for object_id, one in touched.items():
        members = list(one.members)
        chunks = [members[start : start + size] for start in range(0, len(members), size)] or [[]]
        while len(rounds) < len(chunks):
            rounds.append([])
        changed = frozenset(one.changed)
        for number, chunk in enumerate(chunks):
            rounds[number].append(Entry(object_id, window.until, chunk, changed, one.whole))
    return [entry for round_ in rounds for entry in round_]


def _with_replays(
    tenant: Tenant, window: Window, found: list[Entry], chance: random.Random
) -> list[Entry]:
    """The round with repetitions: earlier states first, then the rest with old changes mixed in.

    A first round has no earlier states: it summarizes what happened before it as the latest state
    (Graph, delta query overview), which could not take back what such a row says. A repeated row
    never contradicts what comes after it: who applies the rows in order as states ends with the
    truth.
    """
    share = window.replay_share
    earlier: list[Entry] = []
    again = [entry for entry in found if chance.random() < share]
    if window.after is not None:
        for change in tenant.journal.between(window.after, window.until):
            if window.reports(change) and chance.random() < share:
                members = () if change.member_id is None else (change.member_id,)
                earlier.append(Entry(change.object_id, change.sequence, members, change.properties))
        first = max(0, window.after - _REPLAYED_CHANGES)
        old = _since(tenant, window, tenant.journal.between(first, window.after))
        again += [entry for entry in old if chance.random() < share]
    rest = found + again
    chance.shuffle(rest)
    return earlier + rest
