"""All checks in their order, each with its finding."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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
from provisioning.operations.doctor import entra, own_settings, storage, surroundings, zscloud
from provisioning.operations.doctor.findings import (
    Check,
    Concern,
    Finding,
    Grade,
    NothingToCheck,
)
from provisioning.operations.documents import Document
from provisioning.services import Services

_CHECKS: Sequence[Check] = (
    *own_settings.CHECKS,
    *storage.CHECKS,
    *entra.CHECKS,
    *zscloud.CHECKS,
    *surroundings.CHECKS,
)

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


async def examine(services: Services, checking: Callable[[str], None] = lambda _: None) -> Document:
    """All checks: ``{ok, checks: [{name, status, detail, code, remedy}]}``.

    ``ok`` says that none failed; a warning is no failure. ``checking`` is told what comes next.
    """
    silent: dict[str, str] = {}
    findings = []
    for check in _CHECKS:
        checking(check.name)
        findings.append(await _finding(services, check, silent))
    return _document(findings)


def of_settings(error: ConfigurationError) -> Document:
    """The finding of settings that nothing can be tried with: each problem by itself."""
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
    return Finding(
        f"Setting {problem.field}",
        Grade.FAILED,
        problem.message,
        ConfigurationError.code,
        problem.remedy,
    )


def _document(findings: Sequence[Finding]) -> Document:
    return {
        "ok": all(finding.status is not Grade.FAILED for finding in findings),
        "checks": [msgspec.to_builtins(finding) for finding in findings],
    }
