"""What a message on a queue is, to both kinds of queue and to whoever receives."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from provisioning.ports import Queue

LARGEST = 48 * 1024
"""Bytes of UTF-8. Azure takes 64 KiB, of which base64 leaves 48 (Azure Queue Storage: limits)."""

LONGEST_DELAY = 7 * 24 * 3600
"""Seconds that a message may stay invisible (Azure Queue Storage: Put Message)."""

LIFETIME = 7 * 24 * 3600
"""Seconds that a message lives after it has appeared, when nobody takes it off the queue."""

# A message travels in XML, which has no way to write these (XML 1.0 section 2.2).
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class StaleReceipt(Exception):
    """The message has been received again since, or deleted: it is no longer the caller's."""


class Message(NamedTuple):
    """A message as received. ``dequeue_count`` counts its receptions, this one included.

    ``receipt`` is valid until the message is received again or changed. Times are UTC.
    """

    id: str
    text: str
    dequeue_count: int
    receipt: str
    inserted: datetime
    expires: datetime
    next_visible: datetime


class Receiver(Queue, Protocol):
    """The receiving side of a queue: what the Functions host does for a queue trigger.

    All raise ``QueueUnavailable``. A queue that does not exist is an empty one.
    """

    async def prepare(self, name: str) -> None:
        """Makes the queue where queues have to be made; shows that it can be reached."""
        ...

    async def receive(self, name: str, count: int, visibility: float) -> Sequence[Message]:
        """At most ``count`` messages, invisible to others for ``visibility`` seconds."""
        ...

    async def hide(self, name: str, message: Message, seconds: float) -> Message:
        """Makes the message visible again in ``seconds``; the message with its new receipt.

        Raises ``StaleReceipt``.
        """
        ...

    async def delete(self, name: str, message: Message) -> None:
        """Takes the message off the queue. Raises ``StaleReceipt``."""
        ...


def check_text(text: str) -> None:
    """Raises ``ValueError`` for a text that Azure's queues could not hold."""
    size = len(text.encode(errors="replace"))
    if size > LARGEST:
        raise ValueError(f"A message of {size} bytes is too large: {LARGEST} is the most.")
    if _NOT_IN_XML.search(text):
        raise ValueError("A message holds a control character.")


def check_delay(delay: float) -> None:
    """Raises ``ValueError`` for a delay in seconds that Azure's queues do not offer."""
    if not 0 <= delay <= LONGEST_DELAY:
        raise ValueError(f"A message cannot be delayed by {delay:g} seconds: 7 days are the most.")
