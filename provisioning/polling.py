"""What one poll of the assignments says, given the poll before. Pure.

The list has neither notifications nor delta: it is read whole at a short interval, by any
instance, and compared with what is stored. A difference becomes a hint; only the holder of the
lease then reads the list once more and takes it in, so that a removal is always seen missing in
two complete reads.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from provisioning.evidence import FEW, SECOND_READ_AFTER, SETTLING

_LONGEST_PAUSE = 900.0
"""Seconds between polls, at most, however often Graph throttles them."""


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """The last poll. Times are epoch seconds, ``seconds`` is how long it read.

    ``missing``: stored assignments that it did not show, young ones aside. ``believable``: those
    whose absence one more complete read makes believed, two seconds after ``absent_at``.
    ``added``: assignments that are new; ``unchanged`` counts the polls in a row that found the
    very same ones. ``next_at``: no poll before; ``failures`` in a row, with ``error``.
    """

    ended_at: float = 0.0
    seconds: float = 0.0
    rows: int = 0
    missing: tuple[str, ...] = ()
    believable: tuple[str, ...] = ()
    absent_at: float = 0.0
    added: tuple[str, ...] = ()
    unchanged: int = 0
    next_at: float = 0.0
    failures: int = 0
    error: str | None = None


def judge_poll(
    before: Poll,
    stored: Mapping[str, float],
    read: Collection[str],
    *,
    began: float,
    ended: float,
) -> tuple[Poll, tuple[float, ...]]:
    """The poll to store, and when (epoch seconds, 0 for at once) the holder of the lease is to
    look; never, when nothing is new.

    ``stored`` maps the stored assignments to their creation. A poll never takes more than half of
    the time: after a long one the next comes late.
    """
    shown = frozenset(read)
    missing = {id for id in stored if id not in shown and ended - stored[id] >= SETTLING}
    # Many at once are sooner a broken read than so many removals: the next poll reads again.
    seen_twice = missing & set(before.missing)
    believable = missing if len(missing) <= FEW else seen_twice
    added = tuple(sorted(id for id in shown if id not in stored))
    same = added == before.added
    poll = Poll(
        ended_at=ended,
        seconds=ended - began,
        rows=len(read),
        missing=tuple(sorted(missing)),
        believable=tuple(sorted(believable)),
        absent_at=ended if len(missing) <= FEW else before.ended_at,
        added=added,
        unchanged=before.unchanged + 1 if same else 0,
        next_at=ended + (ended - began),
    )
    dues: list[float] = []
    if added and (not same or poll.unchanged == 1):
        # Whom no replica shows yet is new at the next poll as well; after that, with each cycle.
        dues.append(0.0)
    if believable:
        dues.append(ended + SECOND_READ_AFTER if len(missing) <= FEW else 0.0)
    return poll, tuple(dict.fromkeys(dues))


def without(poll: Poll, read: Collection[str]) -> Poll:
    """The poll without the absences that a later complete read does not confirm."""
    return msgspec.structs.replace(
        poll,
        missing=tuple(id for id in poll.missing if id not in read),
        believable=tuple(id for id in poll.believable if id not in read),
    )


def failed_poll(before: Poll, error: str, retry_after: float, now: float, interval: float) -> Poll:
    """The poll to store when Graph could not be read: the pause doubles with each failure."""
    failures = before.failures + 1
    pause = min(_LONGEST_PAUSE, interval * 2.0 ** min(failures, 10))
    return msgspec.structs.replace(
        before, failures=failures, error=error, next_at=now + max(pause, retry_after)
    )


def absent_in_poll(poll: Poll | None, now: float) -> frozenset[str] | None:
    """What the last poll counts as the first of two reads for, if it is old enough for that."""
    if poll is None or not poll.believable or now - poll.absent_at < SECOND_READ_AFTER:
        return None
    return frozenset(poll.believable)
