"""How many principals a filter leaves out only because they have no value. Pure.

``NOT EQUALS`` of a missing value is false, which surprises: whole departments fall out of scope.
"""

from __future__ import annotations

from collections import Counter

import msgspec

from provisioning.scoping.verdicts import FilterVerdict, Outcome


class NullCount(msgspec.Struct, frozen=True):
    """A clause, and how many principals it keeps out because they have no value."""

    at: str
    attribute: str
    operator: str
    principals: int

    @property
    def sentence(self) -> str:
        """For people."""
        return (
            f"{self.principals} are out of scope since their {self.attribute} has no value, which "
            f"makes {self.attribute} {self.operator} false ({self.at})."
        )


class NullTally:
    """Counts verdicts as they are made."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def add(self, verdict: FilterVerdict) -> None:
        """Takes in the verdict of one principal; only clauses that kept it out count."""
        if verdict.outcome is not Outcome.FAILED:
            return
        for clause in verdict.decided_by:
            if clause.because_null:
                self._counts[clause.at, clause.attribute, clause.operator] += 1

    def above(self, few: int) -> tuple[NullCount, ...]:
        """Clauses that keep out more than ``few``, the worst first."""
        return tuple(NullCount(*key, n) for key, n in self._counts.most_common() if n > few)
