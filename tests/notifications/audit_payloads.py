"""Events of the audit log as Azure Monitor sends them to an Event Hub, somewhat shortened."""

from __future__ import annotations

import json
from typing import Any

OURS = "0b1c2d3e-0000-4000-8000-00000000abcd"
THEIRS = "0b1c2d3e-0000-4000-8000-00000000ffff"
SOMEBODY = "0b1c2d3e-0000-4000-8000-000000000001"


def record(
    activity: str = "Add app role assignment grant to user",
    *targets: str,
    result: str = "success",
    **changes: Any,
) -> dict[str, Any]:
    """A record, of our application unless told otherwise."""
    return {
        "time": "2026-11-25T09:00:00.0000000Z",
        "resourceId": f"/tenants/{SOMEBODY}/providers/Microsoft.aadiam",
        "operationName": activity,
        "operationVersion": "1.0",
        "category": "AuditLogs",
        "tenantId": SOMEBODY,
        "resultSignature": "None",
        "durationMs": 0,
        "callerIpAddress": None,
        "correlationId": SOMEBODY,
        "level": 4,
        "properties": {
            "id": "Directory_1",
            "category": "UserManagement",
            "result": result,
            "resultReason": "",
            "activityDisplayName": activity,
            "activityDateTime": "2026-11-25T09:00:00.1234567+00:00",
            "loggedByService": "Core Directory",
            "operationType": "Assign",
            "initiatedBy": {"user": {"id": SOMEBODY, "userPrincipalName": "admin@example.com"}},
            "targetResources": [
                {"id": id, "displayName": "x", "type": kind, "modifiedProperties": []}
                for id, kind in zip(
                    targets or (OURS, SOMEBODY), ("ServicePrincipal", "User"), strict=False
                )
            ],
            "additionalDetails": [],
        },
        **changes,
    }


def event(*records: Any) -> bytes:
    """The body of one event."""
    return json.dumps({"records": records}).encode()
