"""The rules of a job: what its settings say about planning. Pure."""

from __future__ import annotations

import fnmatch
import hashlib
import json

import msgspec

from provisioning.deprovisioning import DeprovisioningPolicy
from provisioning.drift import DriftPolicy
from provisioning.guard import Threshold
from provisioning.model import MemberRemoval
from provisioning.scope import ScopePolicy


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings say about planning."""

    scope: ScopePolicy = ScopePolicy()
    deprovisioning: DeprovisioningPolicy
    threshold: Threshold = Threshold()
    held_plan_expiry_days: float = 14
    member_batch: int = 100
    bulk: bool = True
    """Whether Bulk is used where it is offered and proven."""
    member_removal: MemberRemoval | None = None
    """``None``: found out at the first removal, and remembered."""
    protected: tuple[str, ...] = ()
    admin_group: str = "Service Admin"
    drift: DriftPolicy = DriftPolicy()
    log_retention_days: int = 30

    @property
    def leaving(self) -> str:
        """A digest of what happens to leavers and when, and who is protected from it."""
        policy = self.deprovisioning
        actions = sorted(f"{why}={what}" for why, what in policy.by_reason.items())
        protected = sorted(pattern.casefold() for pattern in self.protected)
        told = json.dumps([actions, policy.delete_after, protected, self.admin_group.casefold()])
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    def protects(self, name: str) -> bool:
        """Whether PROTECTED names the object, exactly or by a pattern."""
        folded = name.casefold()
        return any(fnmatch.fnmatchcase(folded, pattern.casefold()) for pattern in self.protected)

    def protects_group(self, name: str) -> bool:
        """Whether a group of that name is protected: also ZSCloud's group of administrators."""
        return self.protects(name) or name.casefold() == self.admin_group.casefold()
