"""The receiving side of Azure's queues, which in Azure belongs to the Functions host."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from provisioning.queues.azure import AzureQueue, QueueMissing
from provisioning.queues.messages import Message, StaleReceipt
from provisioning.storage.errors import code_of
from provisioning.storage.retries import Retries

if TYPE_CHECKING:
    from azure.storage.queue import QueueMessage
    from azure.storage.queue.aio import QueueClient

T = TypeVar("T")

_MOST = 32
"""Messages in one answer (Azure Queue Storage: Get Messages)."""
_ONCE = Retries(attempts=1, attempt=5.0, total=5.0)
_STALE = frozenset({"PopReceiptMismatch", "MessageNotFound"})


class AzureReceiver(AzureQueue):
    """``Receiver`` on the queues of a storage account. Times are rounded up to whole seconds."""

    async def prepare(self, name: str) -> None:
        """Makes the queue, if it does not exist. Tries once: whoever starts is told at once."""
        await self.make(name, _ONCE)

    async def receive(self, name: str, count: int, visibility: float) -> Sequence[Message]:
        """At most ``count`` messages, and never more than 32. Makes a queue that is not there."""

        async def take(queue: QueueClient) -> list[Message]:
            pages = queue.receive_messages(
                messages_per_page=min(count, _MOST),
                max_messages=min(count, _MOST),
                visibility_timeout=math.ceil(visibility),
            )
            return [_message(each) async for each in pages]

        try:
            return await self.ask(name, take)
        except QueueMissing:
            await self.make(name)
            return []

    async def hide(self, name: str, message: Message, seconds: float) -> Message:
        """Visible again in ``seconds``. Raises ``StaleReceipt``."""
        # Without a content the service keeps the text as it is.
        changed = await self._unless_stale(
            name,
            message,
            lambda queue: queue.update_message(
                message.id, message.receipt, visibility_timeout=math.ceil(seconds)
            ),
        )
        receipt, visible = str(changed.pop_receipt), _time(changed.next_visible_on)
        return message._replace(receipt=receipt, next_visible=visible)

    async def delete(self, name: str, message: Message) -> None:
        """Takes the message off the queue. Raises ``StaleReceipt``."""
        await self._unless_stale(
            name, message, lambda queue: queue.delete_message(message.id, message.receipt)
        )

    async def _unless_stale(
        self, name: str, message: Message, ask: Callable[[QueueClient], Awaitable[T]]
    ) -> T:
        from azure.core.exceptions import HttpResponseError

        try:
            return await self.ask(name, ask)
        except HttpResponseError as error:
            if code_of(error) in _STALE:
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
