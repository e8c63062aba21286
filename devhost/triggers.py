"""Timer, queue and Event Hub triggers: their data as the host passes it to the worker."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from devhost.protocol import CollectionString, TypedData
from provisioning.queues.messages import LIFETIME, Message

_VISIBILITY_TIMEOUT = timedelta(minutes=10)


def timer_data(*, past_due: bool) -> TypedData:
    """A tick. The schedule is the host's business and stays empty."""
    tick = {"Schedule": {}, "ScheduleStatus": {}, "IsPastDue": past_due}
    return TypedData(json=json.dumps(tick))


def message_data(message: str | bytes) -> TypedData:
    """A message. The worker refuses one that is sent as JSON, so a text stays a text."""
    return TypedData(string=message) if isinstance(message, str) else TypedData(bytes=message)


def message_metadata(data: TypedData, message: Message) -> Mapping[str, TypedData]:
    """What the queue says of the message."""
    return {
        "QueueTrigger": data,
        "Id": TypedData(string=message.id),
        "PopReceipt": TypedData(string=message.receipt),
        "DequeueCount": TypedData(json=json.dumps(message.dequeue_count)),
        "InsertionTime": _time(message.inserted),
        "ExpirationTime": _time(message.expires),
        "NextVisibleTime": _time(message.next_visible),
    }


def events_data(events: Sequence[str]) -> TypedData:
    """The events of a batch, for a function that takes many."""
    return TypedData(collection_string=CollectionString(events))


def events_metadata(events: Sequence[str]) -> Mapping[str, TypedData]:
    """What the hub says of each event. By it the worker knows that there may be many."""
    now = datetime.now(UTC).isoformat()
    said = [
        {"SequenceNumber": number, "Offset": number, "PartitionKey": None, "EnqueuedTimeUtc": now}
        for number in range(len(events))
    ]
    return {"SystemPropertiesArray": TypedData(json=json.dumps(said))}


def made_message(dequeue_count: int) -> Message:
    """A message that comes from no queue: seven days to live, ten minutes invisible."""
    now = datetime.now(UTC)
    return Message(
        id=str(uuid.uuid4()),
        text="",
        dequeue_count=dequeue_count,
        receipt=uuid.uuid4().hex,
        inserted=now,
        expires=now + timedelta(seconds=LIFETIME),
        next_visible=now + _VISIBILITY_TIMEOUT,
    )


def _time(time: datetime) -> TypedData:
    return TypedData(json=json.dumps(time.isoformat()))
