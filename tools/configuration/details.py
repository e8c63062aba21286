"""What there is to know of a setting beyond its meaning, as Markdown in a table's cell."""

from __future__ import annotations

from collections.abc import Mapping

DETAILS: Mapping[str, str] = {
    "ENTRA_SERVICE_PRINCIPAL_ID": "It is on the application's Properties page, and is not the "
    "Application ID.",
    "ENTRA_TENANT_ID": "With `NOTIFICATION_URL` it is required.",
    "GRAPH_BASE_URL": "A national cloud has another one. An `http` URL is taken for this machine "
    "only (`localhost`, `127.0.0.0/8`, `::1`), and then no credential is used.",
    "ZSCLOUD_SCIM_BASE_URL": "`https://scim.<cloud domain>/<organisation id>/<IdP id>/scim`. "
    "`http` as for Graph. No user name, query or fragment; a slash at the end makes no difference.",
    "ZSCLOUD_SCIM_TOKEN": "Without the word Bearer. In Azure, a Key Vault reference. Another "
    "token, or another base URL, ends the wait of a quarantine with a probe at once.",
    "ZSCLOUD_REQUESTS_PER_SECOND": "Zscaler allows 5 and counts other provisioning jobs too. No "
    "limit is for tests and benchmarks.",
    "ZSCLOUD_BULK": "`auto`: up to 100 writes go in one request (RFC 7644 section 3.7) where "
    "discovery offers Bulk, after a first batch of three was read back. `off`: each write has a "
    "request of its own. [More about it](operations.md#many-writes-in-one-request).",
    "ZSCLOUD_MEMBER_REMOVAL": "`filter` (RFC 7644), `value` (Entra's), `put` (the whole group). "
    "`auto` finds out at the first removal, reads the group back and remembers.",
    "PROVISIONING_STATUS": "Changes are still collected meanwhile.",
    "PROVISIONING_SCOPE": "`assigned`: with the direct members of assigned groups. `all`: every "
    "user and group of the tenant.",
    "PROVISIONING_SCHEMA": "In the form in which Entra exports it. [How to bring one "
    "over](schema.md). Its [expressions](expressions.md) are checked at the start.",
    "NESTED_GROUPS": "`direct`: only direct members of an assigned group, as Entra does. "
    "`transitive`: members of groups within it as well.",
    "DEFAULT_ACCESS": "Entra shows such an assignment as *Default Access*. `exclude` is what the "
    "tutorial of the ZSCloud application says.",
    "ON_UNASSIGN": "That is, neither directly nor by a group.",
    "ON_OUT_OF_FILTER": "[Scoping filters](#scoping-filters) are for users and for groups.",
    "ON_SOFT_DELETE": "Entra keeps them for 30 days.",
    "DELETE_AFTER_DAYS": "A group is emptied meanwhile of the members that we put in. `0`: "
    "deleted at once.",
    "DELETION_THRESHOLD_COUNT": "Until somebody approves them.",
    "DELETION_THRESHOLD_PERCENT": "100 is no limit. It also tells a broken read of the source "
    "from a real change.",
    "HELD_PLAN_EXPIRY_DAYS": "Then the same is held anew.",
    "PROTECTED": "Names and patterns (`*`, `?`, `[…]`), such as `breakglass*, Service Admin`. A "
    "protected user still comes and goes in groups; a protected group is never given members, "
    "emptied or renamed. It holds as long as it stands here.",
    "ZSCLOUD_ADMIN_GROUP": "An account whose deletion ZSCloud refused as an administrator's is "
    "protected too.",
    "DRIFT": "`repair`, `report` or `leave`, with exceptions ([below](#edits-by-hand)).",
    "NOTIFICATION_URL": "Public `https` address of the webhook: "
    "`https://<host>/api/notifications`. With it `NOTIFICATION_CLIENT_STATE` and "
    "`ENTRA_TENANT_ID` have to be set, since each call is checked against both.",
    "NOTIFICATION_CLIENT_STATE": "16 to 128 visible characters without a comma (`openssl rand "
    "-hex 32`). `new,old` while it is rotated: both are accepted, subscriptions are made with the "
    "first. In Azure, a Key Vault reference.",
    "ALERT_EMAIL": "One or more addresses, without names. Without `SMTP_URL` the app mails "
    "nobody; in Azure the alert rules mail there in any case.",
    "ALERT_FROM": "Without it: the user in `SMTP_URL` if that is an address, since many servers "
    "take no other; else `zscloud-provisioning@` and the domain of the first recipient.",
    "SMTP_URL": "`smtps://user:password@host:465`, or `smtp://user:password@host:587`, which has "
    "to offer STARTTLS. User and password are optional; characters such as `@ / :` in them are "
    "written `%40 %2F %3A`. The certificate is checked. To this machine alone, `?starttls=never` "
    "sends without encryption and `?starttls=offered` (the default there) with it where it is "
    "offered. In Azure, a Key Vault reference.",
    "ALERT_WEBHOOK": "As JSON; `https`, or `http` to this machine. All of it is secret. In Azure, "
    "a Key Vault reference.",
    "NO_CYCLE_ALERT_MINUTES": "A long one that comes further counts. Only while "
    "`PROVISIONING_STATUS` is `on`.",
    "TELEMETRY_PERSONAL_DATA": "[What that is](telemetry.md#personal-data). Where telemetry goes, "
    "`APPLICATIONINSIGHTS_CONNECTION_STRING` and the standard variables `OTEL_…` say.",
    "STATE_STORE": "A SQLite file, relative to the working directory, or from the root with four "
    "slashes. It is refused in Azure, where an instance's disk does not last. Or `azure`: in the "
    "table `provisioning` of the storage account that `AzureWebJobsStorage` names, with the log in "
    "three tables beside it, whose names begin so, and the lease on a blob in the container "
    "`provisioning-lease`; all are made when they are missing. An "
    "identity needs the roles Storage Table Data Contributor and Storage Blob Data Contributor.",
    "ASSIGNMENTS_SCHEDULE": "The longest that a new or ended assignment waits to be seen. A long "
    "list is read less often, so that reading takes no more than half of the time.",
    "MAINTENANCE_SCHEDULE": "ZSCloud is asked then, too, whether the token holds.",
    "FUNCTION_KEY": "Without one `serve` answers this machine only, and asks for none.",
}
