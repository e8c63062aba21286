"""What should be, what is, the difference. Pure: no await, no clock, no client.

``None`` means that nothing is to be done. A plan never names an attribute outside the mapping,
and nothing that is not ours.
"""

from provisioning.plan.group import plan_group, plan_group_removal
from provisioning.plan.mixed import with_additions
from provisioning.plan.newcomers import arrived, with_newcomers
from provisioning.plan.planned import FAILURES, REMOVALS, Planned, Skipped
from provisioning.plan.requests import switching_off_alone
from provisioning.plan.user import plan_user

__all__ = [
    "FAILURES",
    "REMOVALS",
    "Planned",
    "Skipped",
    "arrived",
    "plan_group",
    "plan_group_removal",
    "plan_user",
    "switching_off_alone",
    "with_additions",
    "with_newcomers",
]
