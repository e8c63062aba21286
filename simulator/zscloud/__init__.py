"""A simulated ZSCloud tenant with the SCIM interface of Zscaler ZIA."""

from simulator.zscloud.faults import Faults
from simulator.zscloud.limiter import max_in_any_second
from simulator.zscloud.options import Options
from simulator.zscloud.requestlog import LoggedRequest, Violation
from simulator.zscloud.simulator import ZSCloudSimulator
from simulator.zscloud.store import Group, User

__all__ = [
    "Faults",
    "Group",
    "LoggedRequest",
    "Options",
    "User",
    "Violation",
    "ZSCloudSimulator",
    "max_in_any_second",
]
