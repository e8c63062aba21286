"""Whom to tell what: conditions now, what was told before, and the time. Pure.

A channel is told of each alarm when it begins, once a day while it goes on, at once when it has
become worse, and once when it is over. It is all decided anew each time: what a channel did not
accept is due again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from provisioning.alerts.conditions import Condition
from provisioning.notice import Alarm, NoticeState

REMIND_EVERY = 86_400.0
"""Seconds between two messages of an alarm that goes on as it is."""

PAUSE = 1800.0
"""Seconds at least until an alarm that became worse, or that began again, is told of again: what
comes and goes with every cycle must not fill a mailbox.
"""

WORSE = 1.5
"""The multiple of the weight that was told from which an alarm is worse."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What one channel was last told of an alarm. Times are epoch seconds.

    ``told_at`` is the last message that it holds, ``ended_at`` the one that it is over. Kept for a
    while after that, so that one that begins again at once is known.
    """

    code: Alarm
    subject: str
    sentence: str
    remedy: str
    names: tuple[str, ...]
    since: float
    weight: float
    told_at: float
    ended_at: float | None = None


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is due, and what is to be stored once it was accepted, in place of
    ``before``.
    """

    place: str
    state: NoticeState
    told: Told
    before: Told | None = None


def due(conditions: Iterable[Condition], told: Mapping[str, Told], now: float) -> list[Due]:
    """The messages that are due to one channel, those of an end last."""
    by_place = {each.place: each for each in conditions}
    begun = (_of(each, told.get(each.place), now) for each in by_place.values())
    return [each for each in begun if each is not None] + list(_ends(by_place, told, now))


def outdated(told: Mapping[str, Told], now: float) -> dict[str, Told]:
    """What need not be known any more of alarms that are over."""
    return {
        place: each
        for place, each in told.items()
        if each.ended_at is not None and now - each.told_at >= PAUSE
    }


def _of(condition: Condition, told: Told | None, now: float) -> Due | None:
    if condition.quiet:
        return None
    if told is None or told.ended_at is not None:
        if told is not None and now - told.told_at < PAUSE:
            return None
        return _due(condition, told, NoticeState.BEGUN, now)
    if condition.weight >= WORSE * told.weight and now - told.told_at >= PAUSE:
        same = condition.code is told.code
        state = NoticeState.REMINDER if same else NoticeState.BEGUN
        return _due(condition, told, state, now)
    if now - told.told_at >= REMIND_EVERY:
        return _due(condition, told, NoticeState.REMINDER, now)
    return None


def _due(condition: Condition, before: Told | None, state: NoticeState, now: float) -> Due:
    known = before if before is not None and before.ended_at is None else None
    since = known.since if known is not None else now
    told = Told(
        code=condition.code,
        subject=condition.subject,
        sentence=condition.sentence,
        remedy=condition.remedy,
        names=condition.names,
        since=since if condition.since is None else condition.since,
        weight=condition.weight,
        told_at=now,
    )
    return Due(place=condition.place, state=state, told=told, before=before)


def _ends(
    now_holding: Mapping[str, Condition], told: Mapping[str, Told], now: float
) -> Iterator[Due]:
    for place, each in told.items():
        if each.ended_at is None and place not in now_holding:
            ended = msgspec.structs.replace(each, ended_at=now)
            yield Due(place=place, state=NoticeState.OVER, told=ended, before=each)
