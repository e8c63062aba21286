"""The provisioning log: every object has a reason.

One entry for each attempt, in three orders: by time, by principal, and what needs attention
(failures, held, skipped) by time. Names follow Graph's provisioningObjectSummary.
"""

from provisioning.provisioning_log.entry import LogEntry, LogStatus, Step
from provisioning.provisioning_log.query import LogQuery
from provisioning.provisioning_log.stored import ProvisioningLog

__all__ = ["LogEntry", "LogQuery", "LogStatus", "ProvisioningLog", "Step"]
