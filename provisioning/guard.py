"""The brake: how much may be taken away at once. Pure.

It judges sets: the removals of one look together with those applied within the windows. Over
the limit, all pending removals of that kind are held, not the excess.
"""

from __future__ import annotations

import msgspec

RELEASE = (
    "If this is meant, approve the held plan (`held list`, `held approve ID`); if not, repair the "
    "assignments in Entra: who is to stay drops out of the plan."
)
"""What to do about what the brake holds."""

DAY = 86_400.0

_FEW_OBJECTS = 5
_FEW_MEMBERSHIPS = 50
_ALL = 100


class Tally(msgspec.Struct, frozen=True):
    """Numbers of users, groups and memberships; ``deletions`` are of accounts that were disabled,
    and of groups that were emptied, before.
    """

    users: int = 0
    groups: int = 0
    memberships: int = 0
    deletions: int = 0

    def plus(self, other: Tally) -> Tally:
        """The sum, kind by kind."""
        return Tally(
            self.users + other.users,
            self.groups + other.groups,
            self.memberships + other.memberships,
            self.deletions + other.deletions,
        )

    def most(self, other: Tally) -> Tally:
        """The larger number of each kind."""
        return Tally(
            max(self.users, other.users),
            max(self.groups, other.groups),
            max(self.memberships, other.memberships),
            max(self.deletions, other.deletions),
        )


class Threshold(msgspec.Struct, frozen=True):
    """``DELETION_THRESHOLD_COUNT``, ``DELETION_THRESHOLD_PERCENT``, ``DELETION_WINDOW_DAYS``."""

    count: int = 500
    percent: float = 10.0
    window_days: float = 7.0


class Brake(msgspec.Struct, frozen=True):
    """Which kinds are held, each with the sentence that says why."""

    users: str | None = None
    groups: str | None = None
    memberships: str | None = None
    deletions: str | None = None

    @property
    def holds(self) -> bool:
        """Whether anything is held."""
        return bool(self.users or self.groups or self.memberships or self.deletions)


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """What the pending removals come on top of.

    ``last_day`` and ``window`` are removals applied already, approved ones aside; ``provisioned``
    is what is there now, ``most`` the most that was there at any time in the window.
    """

    last_day: Tally = Tally()
    window: Tally = Tally()
    provisioned: Tally = Tally()
    most: Tally = Tally()


def judge(pending: Tally, applied: Applied, threshold: Threshold) -> Brake:
    """Whether the pending removals may go.

    Deletions take nobody's access, which was taken before: they are judged apart, so that nobody
    counts twice, against all objects that are there.
    """
    provisioned = applied.provisioned
    objects = provisioned.users + provisioned.groups + pending.deletions
    provisioned = msgspec.structs.replace(provisioned, deletions=objects)
    verdicts = {
        kind: _judge_kind(
            kind,
            getattr(pending, kind),
            getattr(applied.last_day, kind),
            getattr(applied.window, kind),
            getattr(provisioned, kind),
            max(getattr(applied.most, kind), getattr(provisioned, kind)),
            threshold,
        )
        for kind in ("users", "groups", "memberships", "deletions")
    }
    return Brake(**verdicts)


def _judge_kind(
    kind: str,
    pending: int,
    last_day: int,
    window: int,
    provisioned: int,
    base: int,
    threshold: Threshold,
) -> str | None:
    if pending == 0:
        return None
    limit = max(threshold.count, base // 100)
    if pending + last_day > limit:
        return (
            f"{pending} {_taken_away(kind)}, with {last_day} in the last day; the limit is "
            f"{limit} (DELETION_THRESHOLD_COUNT)."
        )
    few = _FEW_MEMBERSHIPS if kind == "memberships" else _FEW_OBJECTS
    total = pending + window
    # Who comes and goes within the window counts each time: a full share is no limit at all.
    limited = threshold.percent < _ALL
    if limited and total > few and total * 100 > threshold.percent * base:
        return (
            f"{pending} of {base} {_taken_away(kind)}, with {window} in the last "
            f"{threshold.window_days:g} days; the limit is {threshold.percent:g} % "
            "(DELETION_THRESHOLD_PERCENT)."
        )
    if kind == "users" and pending >= provisioned > 1:
        return f"All {provisioned} users would lose access."
    return None


def _taken_away(kind: str) -> str:
    if kind == "deletions":
        return "users and groups, disabled or emptied before, would be deleted"
    return f"{kind} would be taken away"
