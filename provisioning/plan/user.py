"""The plan of a user's account."""

from __future__ import annotations

from provisioning.deprovisioning import Deprovision, DeprovisioningPolicy
from provisioning.differences import differences
from provisioning.mapping import Mapped
from provisioning.model import Action, Key, Link
from provisioning.plan.grace import announced, grace_noted
from provisioning.plan.planned import Planned, Skipped
from provisioning.plan.requests import creating, deleting, disabling, updating
from provisioning.plan.skips import protected, undecided, unfit_for
from provisioning.scope import Reason, Verdict


def plan_user(
    key: Key,
    verdict: Verdict,
    mapped: Mapped,
    link: Link | None,
    policy: DeprovisioningPolicy,
) -> Planned | Skipped | None:
    """The one request that brings a user's account nearer to what it should be."""
    if verdict.undecided:
        return undecided(verdict)
    if link is None:
        return creating(key, verdict, mapped) if verdict.active else None
    if link.protected:
        return protected(link) if _differs(verdict, mapped, link) else None
    noted = grace_noted(verdict, link, policy)
    if verdict.active:
        return updating(key, link, mapped, verdict) or unfit_for(mapped) or noted
    what = policy.now(verdict, link)
    if what is Deprovision.NONE:
        return noted
    if what is Deprovision.DELETE:
        return deleting(key, link, verdict)
    leaving = announced(verdict, link, policy)
    if verdict.reason is Reason.DISABLED:
        # Still assigned: its other attributes go on following Entra. Whatever the mapping makes
        # of ``active``, the account is switched off.
        update = updating(key, link, mapped, leaving)
        if not link.active or (update is not None and _switches_off(update)):
            return update or noted
    return disabling(key, link, leaving) if link.active else noted


def _differs(verdict: Verdict, mapped: Mapped, link: Link) -> bool:
    if link.leaving_since is not None:
        return True  # Protected since then: it waits to be deleted no more.
    return bool(differences(mapped, link.attributes)) if verdict.active else link.active


def _switches_off(plan: Planned) -> bool:
    return any(change.action is Action.DISABLE for change in plan.changes)
