"""What to believe of what Graph shows. Pure.

Graph answers from replicas and pages without a snapshot: presence is believed at once, absence
only on evidence, and a list that lost too much of itself is broken, not empty.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

SECOND_READ_AFTER = 2.0
"""Seconds between the two complete reads that make an absence believable."""

SETTLING = 120.0
"""Seconds within which a replica may still show the past (Graph: replication delay)."""

FEW = 5
"""Absences up to which a read is not thought broken."""


class Doubt(msgspec.Struct, frozen=True):
    """Absences of one list that were too many to believe at first sight."""

    missing: tuple[str, ...]
    cycle_id: str
    since: float


class ListVerdict(msgspec.Struct, frozen=True):
    """What a complete read of a list says about the stored one.

    ``young`` maps an absent assignment to the time from which its absence may be believed.
    ``broken`` is the sentence that stops the cycle.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...] = ()
    young: dict[str, float] = {}
    doubt: Doubt | None = None
    broken: str | None = None


def missing_from(stored: Collection[str], read: Collection[str]) -> list[str]:
    """Rows that were stored and did not come; worth a second read."""
    return [element for element in stored if element not in read]


def judge_list(
    name: str,
    stored: Collection[str],
    first: Collection[str],
    second: Collection[str] | None,
    *,
    created: Mapping[str, float],
    proven: Collection[str],
    doubt: Doubt | None,
    percent: float,
    cycle_id: str,
    now: float,
) -> ListVerdict:
    """Compares a list with what is stored.

    ``second`` is the second read, ``None`` when none was needed. ``created`` gives the birth of
    elements that have one; ``proven`` are elements whose absence has evidence of its own.
    ``doubt`` is what an earlier cycle missed.
    """
    present = set(first) | set(second or ())
    added = tuple(e for e in sorted(present) if e not in stored)
    absent = missing_from(stored, present) if second is not None else []
    young = {
        e: created.get(e, 0.0) + SETTLING for e in absent if now - created.get(e, 0.0) < SETTLING
    }
    believable = [e for e in absent if e not in young]
    unproven = [e for e in believable if e not in proven]
    seen_before = set(doubt.missing) if doubt and doubt.cycle_id != cycle_id else set()
    fresh = [e for e in unproven if e not in seen_before]
    if len(fresh) > FEW and len(fresh) * 100 > percent * len(stored):
        return ListVerdict(
            added=added,
            doubt=Doubt(tuple(sorted(unproven)), cycle_id, now),
            broken=f"{name} came {len(fresh)} rows short of the {len(stored)} stored, without "
            "other evidence: a broken read is not an empty source. Nothing was written.",
        )
    return ListVerdict(added=added, removed=tuple(believable), young=young)


def is_settled(removed_at: float | None, now: float) -> bool:
    """Whether a plain read that shows a removed fact again may be believed.

    Only from two minutes after the removal on: a stale replica must not switch a dismissed user
    back on.
    """
    return removed_at is None or now - removed_at >= SETTLING
