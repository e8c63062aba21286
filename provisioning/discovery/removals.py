"""Removals of one look: what each takes away, and which of them the brake keeps back. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from provisioning.case import Case
from provisioning.guard import Brake, Tally
from provisioning.job import Rules
from provisioning.lanes import Rank
from provisioning.model import Action, EntraId, Key, MemberRemoval, ObjectType
from provisioning.plan import REMOVALS, Planned, Skipped, plan_group_removal, plan_user


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A removal that the brake keeps back."""

    key: Key
    name: str
    kind: str
    reason: str
    since: float
    removals: int = 1


class Removal(msgspec.Struct, frozen=True):
    """A pending removal: what it counts, and whom it takes away."""

    case: Case
    plans: tuple[Planned, ...]
    tally: Tally
    rank: Rank

    @property
    def people(self) -> set[EntraId | None]:
        """Ids of the members who are taken out."""
        changes = [change for plan in self.plans for change in plan.changes]
        return {change.member.source_id for change in changes if change.member}


def removal_of(case: Case, rules: Rules) -> Removal | None:
    """What is still to be taken away for a key."""
    if case.key.type is ObjectType.USER:
        plan = plan_user(case.key, case.verdict, case.mapped, case.link, rules.deprovisioning)
        if not isinstance(plan, Planned) or not _is_removal(plan):
            return None
        rank = Rank.DELETES if plan.changes[0].action is Action.DELETE else Rank.DISABLES
        tally = Tally(users=1) if case.link and case.link.active else Tally(deletions=1)
        return Removal(case, (plan,), tally, rank)
    if case.link is None:
        return None
    plans = plan_group_removal(
        case.key,
        case.verdict,
        case.link,
        case.wanted,
        case.ours,
        rules.deprovisioning,
        MemberRemoval.FILTER,
        rules.member_batch,
    )
    return _group_removal(case, plans) if plans else None


def kept_by(brake: Brake, removals: Sequence[Removal]) -> dict[Key, str]:
    """What the brake keeps back. Memberships follow the users that are kept."""
    kept: dict[Key, str] = {}
    people: set[EntraId | None] = set()
    for removal in removals:
        if removal.case.key.type is ObjectType.USER and brake.users and removal.tally.users:
            kept[removal.case.key] = brake.users
            people.add(removal.case.key.id)
        elif brake.deletions and removal.tally.deletions:
            kept[removal.case.key] = brake.deletions
    for removal in removals:
        if removal.case.key.type is not ObjectType.GROUP or removal.case.key in kept:
            continue
        why = (brake.groups if removal.tally.groups else None) or brake.memberships
        if why is None and removal.people & people:
            why = brake.users
        if why is not None:
            kept[removal.case.key] = why
    return kept


def _is_removal(plan: Planned | Skipped) -> bool:
    return isinstance(plan, Planned) and any(c.action in REMOVALS for c in plan.changes)


def _group_removal(case: Case, plans: Sequence[Planned]) -> Removal:
    members = sum(
        change.action is Action.REMOVE_MEMBER for plan in plans for change in plan.changes
    )
    deleted = plans[0].changes[0].action is Action.DELETE
    emptied = deleted or members >= len(case.ours) > 0
    if deleted:
        members = len(case.ours)
    # A group that waits to be deleted counted as one when it was emptied.
    waited = deleted and case.link is not None and case.link.leaving_since is not None
    tally = Tally(groups=int(emptied and not waited), memberships=members, deletions=int(waited))
    rank = Rank.DELETES if deleted else Rank.MEMBER_REMOVALS
    return Removal(case, tuple(plans), tally, rank)
