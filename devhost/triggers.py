"""Timer and queue triggers: their data as the host passes it to the worker."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from devhost.protocol import TypedData

_MESSAGE_LIFETIME = timedelta(days=7)
_VISIBILITY_TIMEOUT = timedelta(minutes=10)


def timer_data(*, past_due: bool) -> TypedData:
    """A tick. The schedule is the host's business and stays empty."""
    tick = {"Schedule": {}, "ScheduleStatus": {}, "IsPastDue": past_due}
    return TypedData(json=json.dumps(tick))


def message_data(message: str | bytes) -> TypedData:
    """A message. The worker refuses one that is sent as JSON, so a text stays a text."""
    return TypedData(string=message) if isinstance(message, str) else TypedData(bytes=message)


def message_metadata(message: TypedData, dequeue_count: int) -> Mapping[str, TypedData]:
    """What the queue says of the message: seven days to live, ten minutes invisible."""
    now = datetime.now(UTC)
    return {
        "QueueTrigger": message,
        "Id": TypedData(string=str(uuid.uuid4())),
        "PopReceipt": TypedData(string=uuid.uuid4().hex),
        "DequeueCount": TypedData(json=json.dumps(dequeue_count)),
        "InsertionTime": _time(now),
        "ExpirationTime": _time(now + _MESSAGE_LIFETIME),
        "NextVisibleTime": _time(now + _VISIBILITY_TIMEOUT),
    }


def _time(time: datetime) -> TypedData:
    return TypedData(json=json.dumps(time.isoformat()))
