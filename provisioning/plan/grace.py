"""What is said of a delete that waits for its grace period."""

from __future__ import annotations

import msgspec

from provisioning.deprovisioning import DeprovisioningPolicy
from provisioning.model import Link, ObjectType
from provisioning.plan.planned import Skipped
from provisioning.scope import Verdict


def grace_noted(
    verdict: Verdict, link: Link, policy: DeprovisioningPolicy, *, emptied: bool = True
) -> Skipped | None:
    """What is to be noted, without a request, of a delete that is to wait, or waits no more."""
    since = policy.leaving_since(verdict, link, verdict.at, emptied=emptied)
    if (since is None) is (link.leaving_since is None):
        return None
    if since is None:
        sentence = f"Its grace period is over, and it is not deleted. {verdict.sentence}"
        return Skipped("GracePeriodEnded", sentence, "Nothing.")
    done = "disabled" if link.key.type is ObjectType.USER else "empty"
    return Skipped(
        "GracePeriod",
        f"{verdict.sentence} It is {done} already. {policy.announcement(verdict, link)}",
        "Nothing, if that is meant; else bring it back in Entra before. `due` lists what waits.",
    )


def announced(verdict: Verdict, link: Link, policy: DeprovisioningPolicy) -> Verdict:
    """The verdict with what is going to follow."""
    follows = policy.announcement(verdict, link)
    if not follows:
        return verdict
    return msgspec.structs.replace(verdict, sentence=f"{verdict.sentence} {follows}")
