"""What a check finds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from provisioning.services import Services


class Grade(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    """It works, and is probably not what was meant, or will not last."""
    FAILED = "failed"
    SKIPPED = "skipped"
    """There was nothing to check, or no way to."""


class Finding(msgspec.Struct, frozen=True):
    """The outcome of one check, as ``doctor`` shows it."""

    name: str
    status: Grade
    detail: str
    code: str | None = None
    remedy: str | None = None


class Concern(Exception):
    """Raised by a check for something to be looked at that is no error of a remote system."""

    def __init__(self, code: str, detail: str, remedy: str, grade: Grade = Grade.WARNING) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.remedy = remedy
        self.grade = grade


class NothingToCheck(Exception):
    """Raised by a check that has nothing to look at, with the reason."""


Look = Callable[[Services], Awaitable[str]]
"""Gives what is well in a few words. Raises ``Concern``, ``NothingToCheck``, or what fails."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check. ``system`` is asked no more in this examination once it did not answer."""

    name: str
    look: Look
    system: str | None = None
