"""What is to become of who leaves, from the settings of a run and what is true in Entra.

As the rules say it, and apart from the program: deletion counts before assignment, assignment
before the state of the account, and the scoping filter last.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from tests.soak.oracle import Facts, Wanted

DAY = 86_400.0
_DEFAULTS = {"ON_GROUP_DELETE": "delete"}
_FILTER = "ON_OUT_OF_FILTER"


class Policy(msgspec.Struct, frozen=True):
    """The settings ``ON_...`` that are not the default, and ``DELETE_AFTER_DAYS``."""

    settings: Mapping[str, str] = {}

    @property
    def grace(self) -> float:
        """Seconds from leaving to a delete."""
        return float(self.settings.get("DELETE_AFTER_DAYS", "0")) * DAY

    def of(self, reason: str, *, group: bool) -> str:
        """``disable``, ``delete`` or ``none``."""
        if reason == _FILTER and _FILTER not in self.settings:
            reason = "ON_GROUP_UNASSIGN" if group else "ON_UNASSIGN"
        return self.settings.get(reason, _DEFAULTS.get(reason, "disable"))


def actions(policy: Policy, true: Facts, follows: Wanted, id: str, *, group: bool) -> list[str]:
    """What is done for each of the reasons for which somebody is to have nothing, the one that
    counts first; empty for who is to be there. ``follows`` is what follows from the facts.
    """
    reasons = {
        "ON_DELETE": id not in true.users,
        "ON_SOFT_DELETE": id not in true.living,
        "ON_UNASSIGN": id not in follows.brought,
        "ON_DISABLE": id not in true.enabled,
        _FILTER: id not in true.passing,
    }
    if group:
        reasons = {
            "ON_GROUP_DELETE": id not in true.groups,
            "ON_GROUP_UNASSIGN": id not in true.assigned,
            _FILTER: id not in true.passing,
        }
    return [policy.of(each, group=group) for each, is_so in reasons.items() if is_so]
