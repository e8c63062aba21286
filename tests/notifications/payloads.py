"""Notifications as Graph sends them (changeNotification resource type)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from typing import Any

TENANT = "0d4c5a3e-6a43-4b3c-9d52-7a1c54b3e001"
SECRET = "a-secret-of-some-length"
USERS = "11111111-1111-4111-8111-111111111111"
GROUPS = "22222222-2222-4222-8222-222222222222"
NOW = 1_764_150_000.0


def id_of(number: int) -> str:
    """An object id."""
    return str(uuid.UUID(int=number, version=4))


def item(number: int = 1, kind: str = "User", **changes: Any) -> dict[str, Any]:
    """A change notification about an object; ``changes`` replace or (``None``) remove fields."""
    id = id_of(number)
    made: dict[str, Any] = {
        "changeType": "updated",
        "clientState": SECRET,
        "resource": f"{kind}s/{id}",
        "resourceData": {
            "@odata.type": f"#Microsoft.Graph.{kind}",
            "@odata.id": f"{kind}s/{id}",
            "id": id,
            "organizationId": TENANT,
            "eventTime": "2025-11-26T09:39:50.1234567Z",
            "sequenceNumber": 638000000000000000,
        },
        "subscriptionExpirationDateTime": "2025-12-20T00:00:00Z",
        "subscriptionId": USERS if kind == "User" else GROUPS,
        "tenantId": TENANT,
    }
    return {name: value for name, value in (made | changes).items() if value is not None}


def lifecycle(event: str, **changes: Any) -> dict[str, Any]:
    """A lifecycle notification."""
    return item(resource=None, resourceData=None, changeType=None, lifecycleEvent=event, **changes)


def body(items: Iterable[Any]) -> bytes:
    """A batch."""
    return json.dumps({"value": list(items)}).encode()
