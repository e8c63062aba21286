"""What each setting means, in a sentence for people. The whole of it is in
``docs/configuration.md``.
"""

from __future__ import annotations

from collections.abc import Mapping

MEANINGS: Mapping[str, str] = {
    "ENTRA_SERVICE_PRINCIPAL_ID": "Object ID of the enterprise application whose assignments "
    "decide who is provisioned.",
    "ENTRA_TENANT_ID": "Tenant of the application. Change notifications of another one are "
    "dropped.",
    "GRAPH_BASE_URL": "Microsoft Graph.",
    "ZSCLOUD_SCIM_BASE_URL": "Base URL of the ZSCloud portal: where accounts are written to.",
    "ZSCLOUD_SCIM_TOKEN": "Bearer token of the ZSCloud portal.",
    "ZSCLOUD_REQUESTS_PER_SECOND": "Pace of all requests to ZSCloud; 0 is no limit.",
    "ZSCLOUD_BULK": "Whether many writes may share a request where ZSCloud offers it.",
    "ZSCLOUD_MEMBER_REMOVAL": "Form of the request that takes a member out of a group.",
    "MEMBER_BATCH_SIZE": "Members of a group in one request.",
    "PROVISIONING_STATUS": "Whether cycles write. While off, dry runs and calls on demand work.",
    "PROVISIONING_SCOPE": "Who is in scope: whoever is assigned, or all of the tenant.",
    "PROVISIONING_SCHEMA": "File with attribute mappings and scoping filters.",
    "NESTED_GROUPS": "Whether members of groups within an assigned group count.",
    "DEFAULT_ACCESS": "Whether an assignment without an app role counts.",
    "ON_UNASSIGN": "What happens in ZSCloud to a user who is no longer assigned.",
    "ON_OUT_OF_FILTER": "What happens to whom the scoping filter leaves out; without a value, as "
    "with ON_UNASSIGN and ON_GROUP_UNASSIGN.",
    "ON_DISABLE": "What happens to a user whose account in Entra is switched off.",
    "ON_SOFT_DELETE": "What happens to a user who is deleted and can still be restored.",
    "ON_DELETE": "What happens to a user who is deleted for good.",
    "ON_GROUP_UNASSIGN": "What happens to a group that is no longer assigned.",
    "ON_GROUP_DELETE": "What happens to a group that is deleted.",
    "DELETE_AFTER_DAYS": "Days of grace before a delete; disabled meanwhile.",
    "DELETION_THRESHOLD_COUNT": "Removals of one kind in a day above which they are held; 1 % of "
    "what is provisioned if that is more.",
    "DELETION_THRESHOLD_PERCENT": "Removals of one kind within DELETION_WINDOW_DAYS above this "
    "share, in percent of what is provisioned, are held.",
    "DELETION_WINDOW_DAYS": "Days that the share looks back.",
    "HELD_PLAN_EXPIRY_DAYS": "Days that a held plan waits for a decision.",
    "PROTECTED": "Users and groups that are never changed, switched off or deleted.",
    "ZSCLOUD_ADMIN_GROUP": "Group in ZSCloud that is protected, with its members.",
    "DRIFT": "What is done about what was changed in ZSCloud by hand.",
    "NOTIFICATION_URL": "Address at which Graph tells of changes; without it Graph is not asked "
    "to call.",
    "NOTIFICATION_CLIENT_STATE": "Secret that Graph repeats in every call.",
    "ALERT_EMAIL": "Who gets mails of alarms.",
    "ALERT_FROM": "Who they come from.",
    "SMTP_URL": "Mail server.",
    "ALERT_WEBHOOK": "URL that alarms are posted to.",
    "NO_CYCLE_ALERT_MINUTES": "Minutes without a cycle that ends well after which somebody is "
    "told.",
    "LOG_RETENTION_DAYS": "Days that the provisioning log is kept.",
    "TELEMETRY_PERSONAL_DATA": "Whether names and values of people go out with telemetry.",
    "STATE_STORE": "Where the state is.",
    "DRAIN_BUDGET_SECONDS": "How long one execution works before it leaves the rest to the next.",
    "CYCLE_SCHEDULE": "When an incremental cycle runs (NCRONTAB: second, minute, hour, day, "
    "month, weekday).",
    "RECONCILE_SCHEDULE": "When a reconcile with ZSCloud runs.",
    "ASSIGNMENTS_SCHEDULE": "When the list of assignments is read.",
    "MAINTENANCE_SCHEDULE": "When subscriptions are looked after and old things are put away.",
    "FUNCTION_KEY": "The key that `serve` asks for; in Azure the platform has its own.",
}
