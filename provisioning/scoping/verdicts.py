"""What a filter says of one principal: clause by clause, and in words."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from provisioning.errors import cut


class Outcome(StrEnum):
    """Whether a clause, a group or a filter is true, false, or cannot be told."""

    PASSED = "passed"
    FAILED = "failed"
    UNDECIDED = "undecided"


class ClauseVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """One clause with the value that it saw.

    ``because_null``: it is false only because the attribute has no value. ``why`` is the reason of
    an undecided one. ``at`` is its JSON path.
    """

    attribute: str
    operator: str
    operand: tuple[str, ...]
    seen: Any
    outcome: Outcome
    because_null: bool
    why: str
    at: str

    @property
    def sentence(self) -> str:
        """``department EQUALS Sales: is 'Marketing'``."""
        condition = " ".join(
            part for part in (self.attribute, self.operator, self._operand) if part
        )
        return f"{condition}: {self._finding}"

    @property
    def _operand(self) -> str:
        return cut(", ".join(self.operand), 100)

    @property
    def _finding(self) -> str:
        if self.outcome is Outcome.UNDECIDED:
            return f"not decided, {self.why}"
        if self.seen in (None, "", [], ()):
            return "has no value"
        if isinstance(self.seen, list | tuple):
            return f"are {cut(', '.join(repr(one) for one in self.seen), 100)}"
        return f"is {cut(repr(self.seen), 100)}"


class GroupVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """One group: true if all its clauses are."""

    name: str
    outcome: Outcome
    clauses: tuple[ClauseVerdict, ...]

    @property
    def decided_by(self) -> ClauseVerdict | None:
        """The first clause with the group's outcome; ``None`` for a group that passed: all did."""
        if self.outcome is Outcome.PASSED:
            return None
        return next(one for one in self.clauses if one.outcome is self.outcome)

    @property
    def sentence(self) -> str:
        """The deciding clause, after the group's name; all clauses of a group that passed."""
        decisive = self.decided_by
        said = [decisive] if decisive is not None else self.clauses
        text = " and ".join(clause.sentence for clause in said)
        return f"'{cut(self.name, 60)}': {text}" if self.name else text


class FilterVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """The whole filter: true if one of its groups is.

    Undecided if no group passed and one could not be told: nobody leaves scope for that.
    """

    outcome: Outcome
    groups: tuple[GroupVerdict, ...]

    @property
    def passes(self) -> bool:
        """Whether the principal is let into scope."""
        return self.outcome is Outcome.PASSED

    @property
    def undecided(self) -> bool:
        """Whether nothing can be said: the principal is an error, and nothing of it changes."""
        return self.outcome is Outcome.UNDECIDED

    @property
    def decided_by(self) -> tuple[ClauseVerdict, ...]:
        """The deciding clause of each group that has the filter's outcome."""
        found = (g.decided_by for g in self.groups if g.outcome is self.outcome)
        return tuple(clause for clause in found if clause is not None)

    @property
    def sentence(self) -> str:
        """For people: the group that passed, or what kept each from passing."""
        said = [group.sentence for group in self.groups if group.outcome is self.outcome]
        return said[0] if self.passes else "; ".join(said)
