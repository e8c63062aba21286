"""Looks for what keeps a job from working, and says what to do about each finding.

Every check reads, or writes what leaves no trace. None needs the lease; ZSCloud is asked at most
once a second.
"""

from provisioning.operations.doctor.examination import examine, exit_status, of_settings

__all__ = ["examine", "exit_status", "of_settings"]
