"""The plans of one item: what of its case the item's aspect is about, in the batches in use."""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.apply.members import Members
from provisioning.case import Case
from provisioning.lanes import Aspect, WorkItem
from provisioning.model import MemberRemoval, ObjectType
from provisioning.plan import (
    REMOVALS,
    Planned,
    Skipped,
    plan_group,
    plan_group_removal,
    plan_user,
    with_additions,
)
from provisioning.rules import Rules


class Planning:
    """Plans by the rules of a job; ``members`` says which members may go into one request."""

    def __init__(self, rules: Rules, members: Members) -> None:
        self._rules = rules
        self._members = members

    def plans(
        self,
        case: Case,
        item: WorkItem,
        removal: MemberRemoval,
        most: int | None = None,
        *,
        mixed: bool = False,
    ) -> list[Planned] | Skipped:
        """Requests in order; none when nothing differs. ``removal`` is the form in use. ``most``
        limits how many requests with members are planned. ``mixed``: what takes members out may
        add others.
        """
        if case.key.type is ObjectType.USER:
            return self.of_user(case)
        plans = self._of_group(case, item, removal, most)
        if not mixed or not plans or isinstance(plans, Skipped) or case.link is None:
            return plans
        if not case.verdict.active or (most is not None and len(plans) >= most):
            return plans
        last = with_additions(
            plans[-1],
            case.key,
            case.link,
            self._members.admitted(case),
            case.recorded,
            self._members.batch(case),
        )
        return [*plans[:-1], last]

    def of_user(self, case: Case) -> list[Planned] | Skipped:
        """The same of a user, for whom no form of removals matters."""
        policy = self._rules.deprovisioning
        plan = plan_user(case.key, case.verdict, case.mapped, case.link, policy)
        return [plan] if isinstance(plan, Planned) else plan or []

    def _of_group(
        self, case: Case, item: WorkItem, removal: MemberRemoval, most: int | None
    ) -> list[Planned] | Skipped:
        plans: list[Planned] = []
        if case.link is not None and item.aspect is Aspect.REMOVAL and not case.stays:
            plans += plan_group_removal(
                case.key,
                case.verdict,
                case.link,
                case.wanted,
                case.free,
                self._rules.deprovisioning,
                removal,
                self._members.batch(case),
                most,
            )
        if item.aspect is Aspect.OBJECT:
            additions = plan_group(
                case.key,
                case.verdict,
                case.mapped,
                case.link,
                self._members.admitted(case),
                case.recorded,
                case.ours,
                self._rules.deprovisioning,
                self._members.batch(case),
                most,
            )
            if isinstance(additions, Skipped):
                return plans or additions
            plans += additions
        return plans


def takes_away(plans: Sequence[Planned]) -> bool:
    """Whether the plans take access away."""
    return any(change.action in REMOVALS for plan in plans for change in plan.changes)
