"""What was decided about a principal, and what somebody can do about it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from provisioning.scoping import FilterVerdict


class Reason(StrEnum):
    """Stable codes of why a principal is, or is not, to be provisioned."""

    ASSIGNED = "Assigned"
    ASSIGNED_BY_GROUP = "AssignedByGroup"
    ALL_IN_SCOPE = "AllInScope"
    DISABLED = "AccountDisabled"
    SOFT_DELETED = "SoftDeleted"
    DELETED = "Deleted"
    DEFAULT_ACCESS_ONLY = "DefaultAccessOnly"
    UNASSIGNED = "Unassigned"
    GROUP_UNASSIGNED = "GroupUnassigned"
    GROUP_DELETED = "GroupDeleted"
    OUT_OF_FILTER = "OutOfFilter"
    GROUP_OUT_OF_FILTER = "GroupOutOfFilter"
    FILTER_UNDECIDED = "FilterUndecided"


_FILTER = (
    "Nothing, if that is meant; else correct the attribute in Entra, or the filter in the file of "
    "PROVISIONING_SCHEMA."
)
_ASSIGN = "Nothing, if that is meant; else assign {} to the enterprise application in Entra{}."

_REMEDIES: Mapping[Reason, str] = {
    Reason.DISABLED: "Enable the account in Entra; a disabled account has no access.",
    Reason.SOFT_DELETED: "Restore the user in Entra, if they are to have access.",
    Reason.DEFAULT_ACCESS_ONLY: "Choose an app role in the assignment, or set "
    "DEFAULT_ACCESS=include.",
    Reason.UNASSIGNED: _ASSIGN.format("the user, or a group that the user is a member of,", ""),
    Reason.GROUP_UNASSIGNED: _ASSIGN.format("the group", ""),
    Reason.OUT_OF_FILTER: _FILTER,
    Reason.GROUP_OUT_OF_FILTER: _FILTER,
    Reason.FILTER_UNDECIDED: "Correct the clause that is named, in the file of "
    "PROVISIONING_SCHEMA. Nothing of it is changed meanwhile.",
}


class Verdict(msgspec.Struct, frozen=True):
    """The decision for one principal. ``assigned``: something brings it in, be it that a filter
    leaves it out then; ``active``: it is to have access. ``sentence`` says why, for people.
    ``filter`` are the details of a filter that did not let it pass. ``at`` is when it was judged,
    in epoch seconds: what waits for its time is measured by it.
    """

    assigned: bool
    active: bool
    reason: Reason
    sentence: str
    filter: FilterVerdict | None = None
    at: float = 0.0

    @property
    def undecided(self) -> bool:
        """Whether nothing can be said of the principal: nothing of it may change."""
        return self.reason is Reason.FILTER_UNDECIDED

    @property
    def remedy(self) -> str | None:
        """What somebody can do, if the principal is to have access."""
        return None if self.active else _REMEDIES.get(self.reason)

    @property
    def left_out(self) -> bool:
        """Whether a filter takes out of scope what an assignment brings in."""
        return self.reason in (Reason.OUT_OF_FILTER, Reason.GROUP_OUT_OF_FILTER)
