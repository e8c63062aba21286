"""What a plan is: a request with what it means, or why there is none."""

from __future__ import annotations

import msgspec

from provisioning.model import Action, Change, Write
from provisioning.scope import Reason


class Planned(msgspec.Struct, frozen=True):
    """One SCIM request with what it means."""

    write: Write
    changes: tuple[Change, ...]


class Skipped(msgspec.Struct, frozen=True):
    """Nothing is written although something differs; why, and what to do about it."""

    code: str
    sentence: str
    remedy: str


FAILURES = frozenset({"MandatoryFieldsMissing", Reason.FILTER_UNDECIDED.value})
"""Codes of what is skipped since it cannot be done: an error of that principal, tried again."""

REMOVALS = frozenset({Action.DISABLE, Action.DELETE, Action.REMOVE_MEMBER})
"""Actions that take access away: they go through the brake, and in the leavers' lane."""
