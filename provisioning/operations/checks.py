"""Checks, one after the other: each with what it found, and what to do about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from provisioning.errors import (
    ConfigurationError,
    CredentialsRefused,
    PermissionMissing,
    Problem,
    ProvisioningError,
    QueueUnavailable,
    RemoteUnavailable,
    StoreUnavailable,
    Throttled,
)
from provisioning.operations.documents import Document
from provisioning.services import Services

_SILENT = (RemoteUnavailable, Throttled, StoreUnavailable)

_UNAVAILABLE = {
    kind.code
    for kind in (
        RemoteUnavailable,
        Throttled,
        CredentialsRefused,
        PermissionMissing,
        StoreUnavailable,
        QueueUnavailable,
    )
}


class Grade(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    """It works, and is probably not what was meant, or will not last."""
    FAILED = "failed"
    SKIPPED = "skipped"
    """There was nothing to check, or no way to."""


class Finding(msgspec.Struct, frozen=True):
    """The outcome of one check, as people see it."""

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


async def run(
    services: Services, checks: Sequence[Check], checking: Callable[[str], None] = lambda _: None
) -> Document:
    """All checks: ``{ok, checks: [{name, status, detail, code, remedy}]}``.

    ``ok`` says that none failed; a warning is no failure. ``checking`` is told what comes next.
    """
    silent: dict[str, str] = {}
    findings = []
    for check in checks:
        checking(check.name)
        findings.append(await _finding(services, check, silent))
    return _document(findings)


def of_settings(error: ConfigurationError) -> Document:
    """The findings of settings that nothing can be tried with: each problem by itself."""
    return _document([_of_problem(problem) for problem in error.problems])


def exit_status(document: Document) -> int:
    """0 when no check failed, 2 when the configuration is wrong, 4 when a system is unavailable."""
    codes = {check["code"] for check in document["checks"] if check["status"] == Grade.FAILED}
    if not codes:
        return 0
    return 2 if codes - _UNAVAILABLE else 4


async def _finding(services: Services, check: Check, silent: dict[str, str]) -> Finding:
    if check.system in silent:
        why = f"not tried: '{silent[check.system]}' failed"
        return Finding(check.name, Grade.SKIPPED, why)
    try:
        return Finding(check.name, Grade.OK, await check.look(services))
    except NothingToCheck as reason:
        return Finding(check.name, Grade.SKIPPED, str(reason))
    except Concern as concern:
        return Finding(check.name, concern.grade, concern.detail, concern.code, concern.remedy)
    except ProvisioningError as error:
        if check.system is not None and isinstance(error, _SILENT):
            silent[check.system] = check.name
        return Finding(check.name, Grade.FAILED, str(error), error.code, error.remedy)


def _of_problem(problem: Problem) -> Finding:
    name, code = f"Setting {problem.field}", ConfigurationError.code
    return Finding(name, Grade.FAILED, problem.message, code, problem.remedy)


def _document(findings: Sequence[Finding]) -> Document:
    return {
        "ok": all(finding.status is not Grade.FAILED for finding in findings),
        "checks": [msgspec.to_builtins(finding) for finding in findings],
    }
