"""Removals of one look: what each takes away, and which of them the brake keeps back. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from provisioning.case import Case
from provisioning.deprovisioning import Deprovision
from provisioning.guard import Brake, Tally
from provisioning.lanes import Rank
from provisioning.model import Action, Change, EntraId, Key, MemberRemoval, ObjectType, ScimId
from provisioning.plan import REMOVALS, Planned, Skipped, plan_group_removal, plan_user
from provisioning.rules import Rules


class Removal(msgspec.Struct, frozen=True):
    """A pending removal: what it counts, and whom it takes away."""

    case: Case
    plans: tuple[Planned, ...]
    tally: Tally
    rank: Rank

    @property
    def whole(self) -> Change | None:
        """The change of a user, or of a group as a whole; ``None`` if members are taken out."""
        change = self.plans[0].changes[0]
        return None if change.action is Action.REMOVE_MEMBER else change

    @property
    def members(self) -> dict[ScimId, Change]:
        """The members who are taken out, with the change of each."""
        changes = [change for plan in self.plans for change in plan.changes]
        return {c.member.target_id: c for c in changes if c.member and c.member.target_id}

    @property
    def action(self) -> Action:
        """What is done."""
        return self.plans[0].changes[0].action


class Part(msgspec.Struct, frozen=True):
    """What of a removal is to be judged: all of it, or some of the members."""

    removal: Removal
    members: Mapping[ScimId, Change] = {}

    @property
    def key(self) -> Key:
        """The user or group."""
        return self.removal.case.key

    @property
    def changes(self) -> list[Change]:
        """The changes, one by one."""
        whole = self.removal.whole
        return list(self.members.values()) if whole is None else [whole]

    @property
    def tally(self) -> Tally:
        """What it counts."""
        if self.removal.whole is not None:
            return self.removal.tally
        return Tally(groups=self.removal.tally.groups, memberships=len(self.members))

    def of_people(self, people: Collection[EntraId]) -> Part:
        """The part that is about some people."""
        members = {
            id: change
            for id, change in self.members.items()
            if change.member and change.member.source_id in people
        }
        return Part(self.removal, members)

    def concerns(self, people: Collection[EntraId]) -> bool:
        """Whether some of the people are members of the group that is to go."""
        return any(member.source_id in people for member in self.removal.case.ours.values())

    def without(self, other: Part) -> Part:
        """What is left when another part is taken off."""
        members = {id: c for id, c in self.members.items() if id not in other.members}
        return Part(self.removal, members)


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


def kept_by(
    brake: Brake, parts: Sequence[Part], people: Collection[EntraId]
) -> list[tuple[Part, str]]:
    """What the brake keeps back, each with the sentence that says why.

    ``people`` are those held already: memberships follow the user.
    """
    kept: list[tuple[Part, str]] = []
    held = set(people)
    for part in parts:
        if part.key.type is ObjectType.USER and brake.users and part.tally.users:
            kept.append((part, brake.users))
            held.add(part.key.id)
        elif brake.deletions and part.tally.deletions:
            kept.append((part, brake.deletions))
    for part in parts:
        if part.key.type is not ObjectType.GROUP:
            continue
        tally = part.tally
        why = (brake.groups if tally.groups else None) or (
            brake.memberships if tally.memberships else None
        )
        if why is not None:
            kept.append((part, why))
        elif part.removal.whole is not None and part.concerns(held):
            kept.append((part, brake.users or _FOLLOWS))
        elif (followers := part.of_people(held)).members:
            kept.append((followers, brake.users or _FOLLOWS))
    return kept


_FOLLOWS = "The account is held itself; its memberships go or stay with it."


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


def is_let_be(case: Case, rules: Rules) -> bool:
    """Whether a setting lets be who has left for the present reason. For another one it may not."""
    left = not case.verdict.active and not case.verdict.undecided
    return left and rules.deprovisioning.of(case.verdict.reason) is Deprovision.NONE
