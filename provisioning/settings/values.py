"""The settings as one frozen value."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from provisioning.alerts.addresses import SmtpServer
from provisioning.drift import DriftPolicy
from provisioning.model import MemberRemoval
from provisioning.setting_values import Secret, organisation
from provisioning.storage.account import StorageAccount

OnLeave = Literal["disable", "delete", "none"]
"""What an event does to the account or group in ZSCloud."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings. Each field is named like its setting, in lower case."""

    entra_service_principal_id: str
    entra_tenant_id: str | None
    graph_base_url: str
    zscloud_scim_base_url: str
    zscloud_scim_token: Secret
    zscloud_requests_per_second: float
    zscloud_bulk: Literal["auto", "off"]
    zscloud_member_removal: MemberRemoval | None
    member_batch_size: int
    provisioning_status: Literal["on", "off"]
    provisioning_scope: Literal["assigned", "all"]
    provisioning_schema: Path | None
    nested_groups: Literal["direct", "transitive"]
    default_access: Literal["exclude", "include"]
    on_unassign: OnLeave
    on_out_of_filter: OnLeave | None
    on_disable: OnLeave
    on_soft_delete: OnLeave
    on_delete: OnLeave
    on_group_unassign: OnLeave
    on_group_delete: OnLeave
    delete_after_days: int
    deletion_threshold_count: int
    deletion_threshold_percent: float
    deletion_window_days: int
    held_plan_expiry_days: int
    protected: tuple[str, ...]
    zscloud_admin_group: str
    drift: DriftPolicy
    notification_url: str | None
    notification_client_state: tuple[Secret, ...]
    alert_email: tuple[str, ...]
    alert_from: str | None
    smtp_url: SmtpServer | None
    alert_webhook: Secret | None
    no_cycle_alert_minutes: int
    log_retention_days: int
    telemetry_personal_data: Literal["on", "off"]
    state_store: Path | None
    drain_budget_seconds: int
    cycle_schedule: str
    reconcile_schedule: str
    assignments_schedule: str
    maintenance_schedule: str
    function_key: Secret | None

    storage: StorageAccount | None = None
    """The storage account of the Functions host, if the environment names one."""

    insights: Secret | None = None
    """The connection string of Application Insights, if telemetry goes there."""

    console: str | None = None
    """Where operators look, as far as the environment tells: the console of this app."""

    @property
    def job(self) -> str:
        """The job: the service principal and the ZSCloud organisation it is provisioned to."""
        return f"{self.entra_service_principal_id}@{self.zscloud_tenant}"

    @property
    def zscloud_tenant(self) -> str:
        """The ZSCloud organisation: what the lease is of, since the pace is per tenant."""
        return organisation(self.zscloud_scim_base_url)
