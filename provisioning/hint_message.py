"""The message on the hints queue: keys that notifications named, as small as they can be written.

A thousand of them fit into one message of 48 KB.
"""

from __future__ import annotations

import msgspec

HINTS = "provisioning-hints"
"""The queue of these messages."""

MOST_KEYS = 1000
"""Keys in one message, so that it stays below what a queue takes."""


class HintMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``told`` is when the notifications came (epoch seconds). ``users`` and ``groups`` map object
    ids to the milliseconds before ``told`` at which Graph says that they changed.

    ``feeds``: something was told that names no key. ``assignments``: the list of assignments
    has changed. ``lifecycle`` maps ids of subscriptions to what Graph said of their life.
    """

    told: float
    users: dict[str, int] = {}
    groups: dict[str, int] = {}
    feeds: bool = False
    assignments: bool = False
    lifecycle: dict[str, str] = {}


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(HintMessage)


def encode(message: HintMessage) -> str:
    """The text of a message."""
    return _encoder.encode(message).decode()


def decode(body: bytes) -> HintMessage:
    """The message of a text. Raises ``ValueError`` that says what is wrong with it."""
    try:
        return _decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise ValueError(f"the message is no hint: {error}") from error
