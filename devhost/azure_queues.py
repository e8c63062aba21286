"""The receiving side of Azure's queues, which in Azure belongs to the Functions host."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from provisioning.queues.azure import AzureQueue
from provisioning.queues.azure_calls import error_code, translating
from provisioning.queues.messages import Message, StaleReceipt

if TYPE_CHECKING:
    from azure.storage.queue import QueueMessage

T = TypeVar("T")

_MOST = 32
"""Messages in one answer (Azure Queue Storage: Get Messages)."""
_STALE = frozenset({"PopReceiptMismatch", "MessageNotFound"})


class AzureReceiver(AzureQueue):
    """``Receiver`` on the queues of a storage account. Times are rounded up to whole seconds."""

    async def prepare(self, name: str) -> None:
        """Makes the queue, if it does not exist. Tries once: whoever starts is told at once."""
        async with translating(f"The queue {name}"):
            await self.make(name, retry_total=0)

    async def receive(self, name: str, count: int, visibility: float) -> Sequence[Message]:
        """At most ``count`` messages, and never more than 32. Makes a queue that is not there."""
        from azure.core.exceptions import ResourceNotFoundError

        async with translating(f"The queue {name}"):
            pages = self.client(name).receive_messages(
                messages_per_page=min(count, _MOST),
                max_messages=min(count, _MOST),
                visibility_timeout=math.ceil(visibility),
            )
            try:
                return [_message(each) async for each in pages]
            except ResourceNotFoundError:
                await self.make(name)
                return []

    async def hide(self, name: str, message: Message, seconds: float) -> Message:
        """Visible again in ``seconds``. Raises ``StaleReceipt``."""
        async with translating(f"The queue {name}"):
            # Without a content the service keeps the text as it is.
            changed = await _unless_stale(
                self.client(name).update_message(
                    message.id, message.receipt, visibility_timeout=math.ceil(seconds)
                ),
                message,
            )
        receipt, visible = str(changed.pop_receipt), _time(changed.next_visible_on)
        return message._replace(receipt=receipt, next_visible=visible)

    async def delete(self, name: str, message: Message) -> None:
        """Takes the message off the queue. Raises ``StaleReceipt``."""
        async with translating(f"The queue {name}"):
            await _unless_stale(
                self.client(name).delete_message(message.id, message.receipt), message
            )


async def _unless_stale(call: Awaitable[T], message: Message) -> T:
    from azure.core.exceptions import HttpResponseError

    try:
        return await call
    except HttpResponseError as error:
        if error_code(error) in _STALE:
            raise StaleReceipt(message.id) from None
        raise


def _message(received: QueueMessage) -> Message:
    return Message(
        id=str(received.id),
        text=str(received.content),
        dequeue_count=received.dequeue_count or 1,
        receipt=str(received.pop_receipt),
        inserted=_time(received.inserted_on),
        expires=_time(received.expires_on),
        next_visible=_time(received.next_visible_on),
    )


def _time(time: datetime | None) -> datetime:
    assert time is not None, "a message that was received has all its times"
    return time
