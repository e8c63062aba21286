"""The message on the hints queue: keys that notifications named, as small as they can be written.

A thousand of them fit into one message of 48 KB.
"""

from __future__ import annotations

import re

import msgspec

from provisioning.origins import Origins, merged

HINTS = "provisioning-hints"
"""The queue of these messages."""

MOST_KEYS = 1000
"""Keys in one message, so that it stays below what a queue takes."""

MOST_LIFECYCLE = 8
"""Subscriptions in one message; a job has two."""

OBJECT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
"""How Entra writes the id of an object."""

_GRAVITY = ("reauthorizationRequired", "missed", "subscriptionRemoved")


class HintMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``told`` is when the last of the notifications came (epoch seconds). ``users`` and
    ``groups`` map object ids to the milliseconds before ``told`` at which Graph says that they
    changed.

    ``feeds``: something was told that names no key. ``assignments``: the list of assignments
    has changed. ``lifecycle`` maps ids of subscriptions to what Graph said of their life.
    ``narrowed``: no key is a stranger's. ``origins``: who told of it, for the traces.
    """

    told: float
    users: dict[str, int] = {}
    groups: dict[str, int] = {}
    feeds: bool = False
    assignments: bool = False
    lifecycle: dict[str, str] = {}
    narrowed: bool = False
    origins: Origins = ()

    @property
    def is_empty(self) -> bool:
        """Whether it tells of nothing."""
        named = self.users or self.groups or self.lifecycle
        return not (named or self.feeds or self.assignments)


_LONGEST_AGO = 30 * 24 * 3600 * 1000
"""Milliseconds; a notification is delivered for four hours, and waits on a queue for days."""

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(HintMessage)


def encode(message: HintMessage) -> str:
    """The text of a message."""
    return _encoder.encode(message).decode()


def decode(body: bytes) -> HintMessage:
    """The message of a text. Raises ``ValueError`` that says what is wrong with it."""
    try:
        return _decoder.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise ValueError(f"the message is no hint: {error}") from error


def origins_of(body: bytes) -> Origins:
    """Who told of the text of a message; nobody of one that is none."""
    try:
        return merged(decode(body).origins)
    except ValueError:
        return ()


def check(message: HintMessage) -> None:
    """Raises ``ValueError`` for a message that the webhook cannot have made.

    Whoever may write to the queue may write anything. What names no object is not stored: it would
    be looked at again and again.
    """
    for changed in (message.users, message.groups):
        if len(changed) > MOST_KEYS:
            raise ValueError(f"the message is no hint: it names more than {MOST_KEYS} objects")
        if not all(map(OBJECT_ID.fullmatch, changed)):
            raise ValueError("the message is no hint: it names something that is no object id")
        if not all(0 <= ago <= _LONGEST_AGO for ago in changed.values()):
            raise ValueError("the message is no hint: no change was made at such a time")


def graver(event: str, other: str | None) -> str:
    """Of two lifecycle events of one subscription the one that asks for more, in whatever order
    they came: making a subscription anew also does what renewing it does.
    """
    return event if other is None else max(event, other, key=_gravity)


def _gravity(event: str) -> tuple[int, str]:
    return (_GRAVITY.index(event) if event in _GRAVITY else -1), event


class Gathered:
    """Several messages that are to go as one: each key with its earliest change."""

    def __init__(self) -> None:
        self._told = 0.0
        self._users: dict[str, float] = {}
        self._groups: dict[str, float] = {}
        self._lifecycle: dict[str, str] = {}
        self._feeds = False
        self._assignments = False
        self._origins: Origins = ()

    def __len__(self) -> int:
        """How many keys there are."""
        return len(self._users) + len(self._groups)

    def add(self, message: HintMessage, *, most: int) -> None:
        """Takes a message in. Above ``most`` keys the feeds are asked for instead of its keys, and
        above ``MOST_LIFECYCLE`` subscriptions instead of what was told of theirs.
        """
        # The latest: what changed while others waited changed before this, and is no forgery.
        self._told = max(self._told, message.told)
        self._origins = merged(self._origins, message.origins)
        self._feeds |= message.feeds
        self._assignments |= message.assignments
        for id, event in message.lifecycle.items():
            if id in self._lifecycle or len(self._lifecycle) < MOST_LIFECYCLE:
                self._lifecycle[id] = graver(event, self._lifecycle.get(id))
            else:
                self._feeds = True
        if len(self) + len(message.users) + len(message.groups) > most:
            self._feeds = True
            return
        for changes, ago in ((self._users, message.users), (self._groups, message.groups)):
            for id, milliseconds in ago.items():
                at = message.told - milliseconds / 1000
                changes[id] = min(at, changes.get(id, at))

    def message(self) -> HintMessage:
        """All of it."""
        return HintMessage(
            told=self._told,
            users=self._ago(self._users),
            groups=self._ago(self._groups),
            feeds=self._feeds,
            assignments=self._assignments,
            lifecycle=self._lifecycle,
            origins=self._origins,
        )

    def _ago(self, changes: dict[str, float]) -> dict[str, int]:
        return {id: round((self._told - at) * 1000) for id, at in changes.items()}
