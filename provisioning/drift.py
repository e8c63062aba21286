"""Edits by hand in ZSCloud: what is repaired, what is reported, what is left. Pure.

What is reported or left keeps its place in the record as it was last written: so the edit alone
is nothing to do for anybody, and a later change in Entra differs from the record and is written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Set
from enum import StrEnum
from typing import Any

import msgspec

from provisioning.errors import ConfigurationError, Problem, cut
from provisioning.model import Attributes, ChangeMember, EntraId, ObjectType, ScimId
from provisioning.setting_values import InvalidSettingError

MEMBERSHIPS = "memberships"
"""In DRIFT: who is a member of a group."""

EXISTENCE = "existence"
"""In DRIFT: whether an object is there, or was deleted by hand."""

ACTIVE = "active"
"""In DRIFT: whether an account is switched on."""

WORDS = (MEMBERSHIPS, EXISTENCE, ACTIVE)
"""What can be named beside the attributes of the schema."""

_REMEDY = (
    "Write repair, report or leave, with exceptions behind it: repair,memberships=report,"
    "title=leave."
)


class Treatment(StrEnum):
    """What is done about an edit by hand."""

    REPAIR = "repair"
    REPORT = "report"
    LEAVE = "leave"


class DriftPolicy(msgspec.Struct, frozen=True):
    """The setting ``DRIFT``: one treatment, and others for what is named. Names are in lower case,
    as given: a path of the schema, or the end of one that is a URN.
    """

    default: Treatment = Treatment.REPAIR
    exceptions: dict[str, Treatment] = {}

    def of(self, attribute: str) -> Treatment:
        """The treatment of a target attribute, or of one of ``WORDS``."""
        for name in _names(attribute):
            if name in self.exceptions:
                return self.exceptions[name]
        return self.default

    def keeps(self, attribute: str) -> bool:
        """Whether the record of the attribute stays as it was written, whatever hands do."""
        return self.of(attribute) is not Treatment.REPAIR

    def on_demand(self) -> DriftPolicy:
        """The policy of a call on demand. Who calls has read the report, and decides: what is
        reported is put right then. What is left belongs to somebody else, and is left then too.
        """
        return DriftPolicy(_decided(self.default), {n: _decided(t) for n, t in self.items()})

    def items(self) -> Iterable[tuple[str, Treatment]]:
        """The exceptions."""
        return self.exceptions.items()

    def without(self, attributes: Collection[str]) -> DriftPolicy:
        """The same, with everything taken for the record that a request has just been about."""
        named = {name: Treatment.REPAIR for path in attributes for name in _names(path)}
        return DriftPolicy(self.default, {**self.exceptions, **named})

    def require_known(self, paths: Collection[str]) -> None:
        """Raises ``ConfigurationError`` for names that the schema does not have."""
        known = {name for each in (*paths, *WORDS) for name in _names(each)}
        unknown = sorted(set(self.exceptions) - known)
        if not unknown:
            return
        can = ", ".join((*WORDS, *sorted(set(paths) - set(WORDS))))
        raise ConfigurationError(
            tuple(
                Problem(
                    "DRIFT",
                    f"{cut(name, 100)!r} is no attribute that the schema in force writes.",
                    f"Name one of {can}.",
                )
                for name in unknown
            )
        )

    def __str__(self) -> str:
        return ",".join(
            [self.default.value, *(f"{name}={each.value}" for name, each in self.items())]
        )


def parse_drift(raw: str) -> DriftPolicy:
    """The policy that a text sets. Raises ``InvalidSettingError``."""
    default: Treatment | None = None
    exceptions: dict[str, Treatment] = {}
    for part in filter(None, (each.strip() for each in raw.split(","))):
        name, mark, word = (each.strip().lower() for each in part.rpartition("="))
        if word not in set(Treatment) or bool(name) is not bool(mark):
            raise InvalidSettingError(f"{cut(part, 100)!r} is none of the values.", _REMEDY)
        if name in exceptions or (not name and default is not None):
            said = f"{cut(part, 100)!r} says a second time what counts."
            raise InvalidSettingError(said, _REMEDY)
        if name:
            exceptions[name] = Treatment(word)
        else:
            default = Treatment(word)
    return DriftPolicy(default or Treatment.REPAIR, exceptions)


def remembered(recorded: Attributes, found: Attributes, policy: DriftPolicy) -> Attributes:
    """The record after a look: what is there, but what was written where DRIFT lets edits stand."""
    kept = {path: value for path, value in recorded.items() if policy.keeps(path)}
    return {path: v for path, v in found.items() if not policy.keeps(path)} | kept


def remembered_members(
    recorded: Collection[ScimId],
    live: Set[ScimId],
    wanted: Collection[ScimId],
    linked: Collection[ScimId],
    policy: DriftPolicy,
) -> tuple[Set[ScimId], Set[ScimId]]:
    """Members that the record takes in after a look, and those that it drops.

    Where hands may have their way it keeps who was taken out and belongs there, and does not learn
    of who was put in and does not. ``linked`` are those of ``live`` that are somebody's of ours:
    strangers are never ours to take out, whoever knows of them.
    """
    more, less = live - set(recorded), set(recorded) - live
    if not policy.keeps(MEMBERSHIPS):
        return more, less
    return {id for id in more if id in wanted or id not in linked}, less - set(wanted)


# --- what was found -----------------------------------------------------------------------------


class Outcome(StrEnum):
    """What became of an edit by hand."""

    REPAIRED = "repaired"
    """It is put right by this cycle; the log says when, or what it waits for."""
    REPORTED = "reported"
    LEFT = "left"


class What(StrEnum):
    """What was edited by hand."""

    ATTRIBUTE = "attribute"
    ACTIVE = "active"
    MEMBERSHIP = "membership"
    MISSING = "missing"
    """The object was deleted."""
    UNMANAGED = "unmanaged"
    """A member of a group of ours that is nobody's of ours: never touched."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One difference. Of memberships and existence ``expected`` and ``found`` are truth values;
    ``member`` names the member. Values that no log may show are hidden. ``at`` is epoch seconds.
    """

    object_type: ObjectType
    source_id: EntraId
    target_id: ScimId
    name: str
    what: What
    attribute: str
    expected: Any
    found: Any
    treatment: Outcome
    at: float
    member: ChangeMember | None = None

    @property
    def is_reenabled(self) -> bool:
        """Whether an account that is to be off was switched on, and is left so."""
        on = self.what is What.ACTIVE and self.expected is False and self.found is True
        return on and self.treatment is not Outcome.REPAIRED


class Orphan(msgspec.Struct, frozen=True, kw_only=True):
    """A user or group in ZSCloud that no assignment explains. ``protected``: an administrator's,
    or named by PROTECTED. ``seen_at`` is epoch seconds.
    """

    type: ObjectType
    target_id: ScimId
    name: str
    external_id: str | None
    active: bool | None
    protected: bool
    seen_at: float


class DriftCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What the last reconcile found. ``found`` is the sum of the three after it.

    ``listed`` is how many of them, and of the ``unmanaged`` members, are kept by name.
    ``reenabled`` are accounts that were switched off by us, on by hand, and are left so.
    """

    cycle_id: str = ""
    at: float = 0.0
    found: int = 0
    repaired: int = 0
    reported: int = 0
    left: int = 0
    unmanaged: int = 0
    orphans: int = 0
    reenabled: int = 0
    listed: int = 0


def _decided(treatment: Treatment) -> Treatment:
    return Treatment.REPAIR if treatment is Treatment.REPORT else treatment


def _names(path: str) -> tuple[str, ...]:
    """How a path may be named: as the log writes it, and without its URN."""
    whole = path.lower()
    end = whole.rpartition(":")[2] if whole.startswith("urn:") else whole
    return (whole,) if end == whole else (whole, end)
