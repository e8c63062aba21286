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
"""Absences up to which a read is not thought broken, unless it shows nothing at all."""

ALMOST_ALL = 90.0
"""Percent of those who had a value from which on its loss is thought a missing permission."""

PROBED = 20
"""People who are read to see if others have kept a value: one batch."""


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
    total: int | None = None,
) -> ListVerdict:
    """Compares a list with what is stored.

    ``second`` is the second read, ``None`` when none was needed. ``created`` gives the birth of
    elements that have one; ``proven`` are elements whose absence has evidence of its own.
    ``doubt`` is what an earlier cycle missed. ``total`` is how many are stored where ``stored`` is
    but a part of them, whose absence altogether says nothing.
    """
    present = set(first) | set(second or ())
    before, proven = frozenset(stored), frozenset(proven)  # Lists of everybody may be given.
    added = tuple(sorted(present - before))
    absent = missing_from(stored, present) if second is not None else []
    young = {
        e: created.get(e, 0.0) + SETTLING for e in absent if now - created.get(e, 0.0) < SETTLING
    }
    believable = [e for e in absent if e not in young]
    unproven = [e for e in believable if e not in proven]
    seen_before = set(doubt.missing) if doubt and doubt.cycle_id != cycle_id else set()
    fresh = [e for e in unproven if e not in seen_before]
    known = len(stored) if total is None else total
    # However small the list: one that loses all of its rows at once is looked at again first.
    empty = total is None and len(stored) > 1 and bool(fresh) and not present
    if empty or (len(fresh) > FEW and len(fresh) * 100 > percent * known):
        came = "empty, and" if empty else f"{len(fresh)} rows short of the"
        last = " are" if empty else ""
        return ListVerdict(
            added=added,
            doubt=Doubt(tuple(sorted(unproven)), cycle_id, now),
            broken=f"{name} came {came} {known}{last} stored, without other evidence: a broken "
            "read is not an empty source. Nothing was written.",
        )
    return ListVerdict(added=added, removed=tuple(believable), young=young)


def is_empty(value: object) -> bool:
    """Whether a source value says nothing: Graph shows a withheld one like a cleared one."""
    return value is None or value == "" or value == []


def judge_values(
    name: str, lost: int, had: int, *, probed: int = 0, probed_lost: int = 0
) -> str | None:
    """Why the loss of a property's value by ``lost`` people cannot be believed, if it cannot.

    ``had`` is how many had one, those who lost it among them. Of the others, ``probed`` were read
    on purpose, and ``probed_lost`` of them have lost it too: then it is not what somebody changed,
    but what Graph withholds (limited information for want of a permission).
    """
    if lost + probed_lost <= FEW:
        return None
    if lost > FEW and lost * 100 >= ALMOST_ALL * had:
        whom = f"{lost} of the {had} people who had one"
    elif probed_lost and probed_lost * 100 >= ALMOST_ALL * probed:
        whom = f"{lost} people, and for {probed_lost} of {probed} others whom no change was told of"
    else:
        return None
    return (
        f"'{name}' came without a value for {whom}: so Graph answers when a permission is missing "
        "(User.Read.All), and nobody clears that by hand. Nothing was written."
    )


def is_settled(removed_at: float | None, now: float) -> bool:
    """Whether a plain read that shows a removed fact again may be believed.

    Only from two minutes after the removal on: a stale replica must not switch a dismissed user
    back on.
    """
    return removed_at is None or now - removed_at >= SETTLING


def is_overturned(
    known: Mapping[str, object], known_at: float, shown: Mapping[str, object], read_at: float
) -> bool:
    """Whether a plain read shows something else than what was known of the same facts so shortly
    before that a replica may still show the past.

    Which of both is newer cannot be told then. The read is believed, since a change counts at once,
    and what it was about is to be read once more. What is shown for the first time, or was not
    shown now, overturns nothing.
    """
    if read_at - known_at >= SETTLING:
        return False
    return any(known[fact] != value for fact, value in shown.items() if fact in known)
