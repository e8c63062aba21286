"""What a dry run has logged of one principal, put together into one object of the comparison."""

from __future__ import annotations

from provisioning.comparing.causes import (
    Cause,
    Scope,
    cause_of_action,
    cause_of_value,
    causes_of_missing,
)
from provisioning.comparing.compared import Compared, Outcome
from provisioning.model import Action, Change, Key, ScimId, is_planned, without_planned
from provisioning.provisioning_log import LogEntry, LogStatus

_SHOWN = 50
"""Changes of one object that are told one by one: a group may have a hundred thousand members."""

_LOST = "StateLost"
"""Of what a first cycle finds in ZSCloud that nothing assigns."""

_BY_ACTION = {
    Action.DELETE: Outcome.DELETE,
    Action.DISABLE: Outcome.DISABLE,
    Action.CREATE: Outcome.CREATE,
    Action.ENABLE: Outcome.ENABLE,
    Action.UPDATE: Outcome.CHANGE,
    Action.ADD_MEMBER: Outcome.MEMBERSHIPS,
    Action.REMOVE_MEMBER: Outcome.MEMBERSHIPS,
}
_BY_STATUS = {LogStatus.FAILURE: Outcome.FAIL, LogStatus.SKIPPED: Outcome.SKIP}
_GRAVITY = {outcome: rank for rank, outcome in enumerate(Outcome)}


class Folding:
    """Takes in the entries of one principal, in any order."""

    def __init__(self, entry: LogEntry) -> None:
        self._first = entry
        self._outcome = Outcome.SAME
        self._told = entry
        self._target: ScimId | None = None
        self._held = False
        self._added = self._removed = 0
        self._changes: list[Change] = []
        self._values: dict[Cause, None] = {}
        self._members: dict[Cause, None] = {}

    @property
    def key(self) -> Key:
        """The principal."""
        return Key(self._first.object_type, self._first.source_id)

    @property
    def is_created(self) -> bool:
        """Whether the object is not in ZSCloud yet."""
        return self._outcome is Outcome.CREATE

    @property
    def is_held(self) -> bool:
        """Whether something of it waits for somebody."""
        return self._held

    def add(self, entry: LogEntry, *, direct: bool = True) -> None:
        """Takes in one entry. ``direct``: the member that it is about is a direct member."""
        if entry.target_id is not None and not is_planned(entry.target_id):
            self._target = entry.target_id
        outcome = _outcome(entry)
        if outcome is not None and _GRAVITY[outcome] < _GRAVITY[self._outcome]:
            self._outcome, self._told = outcome, entry
        self._held |= entry.status is LogStatus.HELD
        if entry.action is not None:
            self._add_change(entry, direct=direct)

    def _add_change(self, entry: LogEntry, *, direct: bool) -> None:
        action = entry.action
        assert action is not None
        if len(self._changes) < _SHOWN:
            self._changes.append(_change(entry, action))
        if action is Action.ADD_MEMBER:
            self._added += 1
            self._members[_cause_of_new_member(entry, direct=direct)] = None
        elif entry.reason_code == _LOST:
            self._values[Cause.STILL_THERE] = None
        elif action is Action.REMOVE_MEMBER:
            self._removed += entry.status is not LogStatus.HELD
            self._members[Cause.MEMBER_SURPLUS] = None
        elif action is Action.UPDATE:
            for each in entry.modified_properties:
                self._values[cause_of_value(entry.object_type, each)] = None
        elif (cause := cause_of_action(action)) is not None:
            self._values[cause] = None

    def compared(self, scope: Scope, *, unmanaged: int = 0, held_removals: int = 0) -> Compared:
        """The object. ``scope``: how it comes in, asked for if it is created. ``held_removals``:
        how many memberships of a group are held, of which the log names the first.
        """
        causes = (*self._values, *self._members)
        if self.is_created:
            causes = causes_of_missing(self._first.object_type, scope)
        told = self._told
        return Compared(
            outcome=self._outcome,
            object_type=self._first.object_type,
            source_id=self._first.source_id,
            target_id=self._target,
            name=told.name,
            held=self._held,
            reason="" if self._outcome is Outcome.SAME else told.reason,
            remedy=None if self._outcome is Outcome.SAME else told.remedy,
            memberships_added=self._added,
            memberships_removed=self._removed + held_removals,
            unmanaged=unmanaged,
            causes=causes,
            changes=tuple(self._changes),
        )


def _outcome(entry: LogEntry) -> Outcome | None:
    if entry.status in _BY_STATUS:
        return _BY_STATUS[entry.status]
    return None if entry.action is None else _BY_ACTION[entry.action]


def _cause_of_new_member(entry: LogEntry, *, direct: bool) -> Cause:
    if entry.member is not None and is_planned(entry.member.target_id):
        return Cause.MEMBER_NEW
    return Cause.MEMBER_MISSING if direct else Cause.MEMBER_NESTED


def _change(entry: LogEntry, action: Action) -> Change:
    change = Change(
        change_id=entry.change_id or "",
        action=action,
        object_type=entry.object_type,
        source_id=entry.source_id,
        target_id=entry.target_id,
        name=entry.name,
        member=entry.member,
        reason_code=entry.reason_code,
        reason=entry.reason,
        modified_properties=entry.modified_properties,
    )
    return without_planned(change)
