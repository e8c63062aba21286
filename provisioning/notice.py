"""What somebody is told of an alarm. Pure values."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Alarm(StrEnum):
    """What an alarm is about. Stable: receivers of the webhook go by it."""

    QUARANTINED = "quarantined"
    TOKEN_REFUSED = "token_refused"  # noqa: S105  the name of an alarm
    CYCLE_FAILED = "cycle_failed"
    NO_CYCLE = "no_cycle"
    HELD = "held"
    HELD_EXPIRING = "held_expiring"
    HELD_EXPIRED = "held_expired"
    ESCROW_GROWING = "escrow_growing"
    POISON = "poison"
    SUBSCRIPTION = "subscription"
    TEST = "test"
    """Somebody tries the channels out."""


class NoticeState(StrEnum):
    """Which of its messages it is."""

    BEGUN = "begun"
    REMINDER = "reminder"
    OVER = "over"


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One message. ``id`` is the alarm's from its beginning to its end, also where it becomes
    worse and has another code by then. Times are epoch seconds.

    ``sentence`` says what happened, ``names`` whom it concerns (a few of them), ``remedy`` what
    to do. All three may hold text from outside. ``link`` is the console, where that is known.
    """

    id: str
    code: Alarm
    state: NoticeState
    subject: str
    sentence: str
    remedy: str
    names: tuple[str, ...]
    since: float
    time: float
    job: str
    link: str | None = None
