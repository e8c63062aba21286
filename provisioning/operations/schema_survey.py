"""What two schemas make of the same principals, principal by principal. Counts, and a few names."""

from __future__ import annotations

from provisioning.case import Case
from provisioning.differences import differences
from provisioning.discovery.removals import removal_of
from provisioning.guard import Tally
from provisioning.model import ModifiedProperty
from provisioning.operations.documents import Document
from provisioning.redaction import hidden_properties
from provisioning.rules import Rules
from provisioning.scoping import NullTally

NAMED = 20
"""Principals of one kind that are named; the others are counted."""

_FEW = 5
"""Principals that a clause may keep out for want of a value, before it is warned about."""


class Listed:
    """A number of principals, the first of them by name."""

    def __init__(self) -> None:
        self.count = 0
        self.items: list[Document] = []

    def add(self, case: Case, **details: object) -> None:
        """Counts one, and names it while there is room."""
        self.count += 1
        if len(self.items) < NAMED:
            named = {"object_type": case.key.type.value, "source_id": case.key.id}
            self.items.append({**named, "name": case.name, **details})

    def document(self) -> Document:
        """Number and names."""
        return {"count": self.count, "items": self.items}


class Survey:
    """Takes in principals, each as the old and as the new schema has it."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._enter, self._leave = Listed(), Listed()
        self._undecided, self._fail = Listed(), Listed()
        self._changes: dict[tuple[str, str], Listed] = {}
        self._nulls = NullTally()
        self.pending = Tally()
        self.looked_at = 0

    def add(self, old: Case, new: Case) -> None:
        """Takes in one principal."""
        self.looked_at += 1
        before, after = old.verdict, new.verdict
        if after.filter is not None:
            self._nulls.add(after.filter)
        removal = removal_of(new, self._rules)
        if removal is not None:
            self.pending = self.pending.plus(removal.tally)
        if after.undecided:
            self._undecided.add(new, reason=after.sentence)
        elif before.active and not after.active:
            self._leave.add(old, reason=after.sentence)
        elif after.active:
            self._stays_or_comes(old, new)

    def _stays_or_comes(self, old: Case, new: Case) -> None:
        if not old.verdict.active:
            self._enter.add(new, reason=new.verdict.sentence)
        elif not new.mapped.problems:
            for change in changes_of(old, new):
                listed = self._changes.setdefault((new.key.type.value, change.name), Listed())
                listed.add(new, old=change.old, new=change.new)
        if new.mapped.problems and (not old.mapped.problems or not old.verdict.active):
            said = "; ".join(f"{p.field} {p.message}" for p in new.mapped.problems)
            self._fail.add(new, reason=said)

    def document(self) -> Document:
        """Who comes, leaves, cannot be told, fails; and what changes of the others."""
        return {
            "enter": self._enter.document(),
            "leave": self._leave.document(),
            "undecided": self._undecided.document(),
            "fail": self._fail.document(),
            "changes": [
                {"object_type": type, "target": target, **listed.document()}
                for (type, target), listed in self._changes.items()
            ],
            "null_warnings": [count.sentence for count in self._nulls.above(_FEW)],
        }


def changes_of(old: Case, new: Case) -> tuple[ModifiedProperty, ...]:
    """What would be written because of the new schema alone: what the old one gives counts as
    written, whatever ZSCloud has.
    """
    redacted = old.mapped.rules.redacted | new.mapped.rules.redacted
    return hidden_properties(differences(new.mapped, old.mapped.attributes), redacted)
