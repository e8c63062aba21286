"""What happens in ZSCloud to who leaves, and when. Pure.

A delete may come after a grace period, ``DELETE_AFTER_DAYS``. Until then a user is disabled and a
group is emptied. The link remembers since when; whether the time has come is decided anew each
time, from the settings and the facts as they are then.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from provisioning.model import Link, ObjectType
from provisioning.scope import Reason, Verdict

_DAY = 86_400.0


class Deprovision(StrEnum):
    """What an event does to the account or group in ZSCloud."""

    DISABLE = "disable"
    DELETE = "delete"
    NONE = "none"


class DeprovisioningPolicy(msgspec.Struct, frozen=True):
    """The settings ``ON_UNASSIGN`` and its siblings, by reason; ``delete_after`` is
    ``DELETE_AFTER_DAYS`` in seconds.
    """

    by_reason: dict[Reason, Deprovision]
    delete_after: float = 0.0

    def of(self, reason: Reason) -> Deprovision:
        """What to do for a reason in the end; disabling is the careful default."""
        return self.by_reason.get(reason, Deprovision.DISABLE)

    def now(self, verdict: Verdict, link: Link) -> Deprovision:
        """What to do at the time of the verdict: before a delete, its grace period."""
        what = self.of(verdict.reason)
        if what is not Deprovision.DELETE or not self.delete_after:
            return what
        at = None if is_active_user(link) else self.delete_at(verdict, link)
        over = at is not None and at <= verdict.at
        return Deprovision.DELETE if over else Deprovision.DISABLE

    def delete_at(self, verdict: Verdict, link: Link) -> float | None:
        """When an object that waits is to be deleted, in epoch seconds; ``None`` if none waits."""
        if link.leaving_since is None or not self._ends_in_delete(verdict, link):
            return None
        return link.leaving_since + self.delete_after

    def leaving_since(
        self, verdict: Verdict, link: Link, now: float, *, emptied: bool = True
    ) -> float | None:
        """Since when the object is out of use and waits to be deleted; ``None``: it does not.

        It begins when a user is disabled and a group is ``emptied``, and ends with whatever would
        not delete it: the principal comes back, the setting is another, the object is protected.
        A change of days begins nothing anew.
        """
        if verdict.undecided:
            return link.leaving_since
        if not self._ends_in_delete(verdict, link) or is_active_user(link) or not emptied:
            return None
        if link.leaving_since is not None or not self.delete_after:
            return link.leaving_since
        return now

    def announcement(self, verdict: Verdict, link: Link) -> str:
        """The sentence that says that a delete follows; empty if none does."""
        if not self.delete_after or not self._ends_in_delete(verdict, link):
            return ""
        days = self.delete_after / _DAY
        return f"It is deleted after {days:g} day{'' if days == 1 else 's'}, unless it comes back."

    def _ends_in_delete(self, verdict: Verdict, link: Link) -> bool:
        gone = not verdict.active and not verdict.undecided and not link.protected
        return gone and self.of(verdict.reason) is Deprovision.DELETE


def is_active_user(link: Link) -> bool:
    """Whether the link is of an account that is switched on. Groups have no ``active``."""
    return link.key.type is ObjectType.USER and link.active
