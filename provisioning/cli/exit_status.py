"""What the exit status says. Where several apply, the first of 2, 4, 3, 1 counts."""

from __future__ import annotations

from collections.abc import Iterable

from provisioning.errors import (
    ConfigurationError,
    CredentialsRefused,
    EndpointGone,
    InvalidRequest,
    NotFound,
    PlanNotPending,
    ProvisioningError,
    Rejected,
    RemoteUnavailable,
)
from provisioning.record import CycleRecord, CycleStatus

DONE = 0
SOME_FAILED = 1
USAGE = 2
"""The configuration or the call is wrong."""
HELD = 3
"""Held or quarantined: a person decides."""
UNAVAILABLE = 4
"""A remote system, the state store or the lease could not be had."""
DEFECT = 70
"""An error of the program itself (sysexits.h: EX_SOFTWARE)."""
INTERRUPTED = 130
"""Ctrl-C, as shells report it: 128 and the number of the signal."""

_ORDER = (USAGE, UNAVAILABLE, HELD, SOME_FAILED, DONE)
_OURS_TO_CORRECT = {
    *(ConfigurationError.code, InvalidRequest.code, PlanNotPending.code),
    *(EndpointGone.code, NotFound.code, Rejected.code),
}
_ZSCLOUD_IS_AWAY = {CredentialsRefused.code, EndpointGone.code, RemoteUnavailable.code}
_ENDED = frozenset({CycleStatus.FAILED, CycleStatus.QUARANTINED})
_OF_STATUS = {
    CycleStatus.COMPLETED_WITH_ERRORS: SOME_FAILED,
    CycleStatus.HELD: HELD,
    CycleStatus.QUARANTINED: HELD,
    CycleStatus.STOPPED: HELD,
    CycleStatus.OFF: USAGE,
}
_OF_OUTCOME = {"failure": SOME_FAILED, "held": HELD}


def of_error(error: ProvisioningError) -> int:
    """Of an error that ended the command: 2 if the caller can correct it, else 4."""
    return _of_code(error.code)


def of_failures(codes: Iterable[str]) -> int:
    """Of a command that went on after what failed: the first of 2 and 4, 0 without a failure."""
    return min((_of_code(code) for code in codes), key=_ORDER.index, default=DONE)


def of_cycle(record: CycleRecord) -> int:
    """Of a cycle. A dry run only reads: what it shows is no failure, that it failed is one."""
    if record.status is CycleStatus.FAILED:
        return _of_code(record.error_code)
    if record.status is CycleStatus.QUARANTINED and record.error_code in _ZSCLOUD_IS_AWAY:
        return UNAVAILABLE
    if record.dry_run and record.status is not CycleStatus.QUARANTINED:
        return DONE
    return _OF_STATUS.get(record.status, DONE)


def of_on_demand(record: CycleRecord, outcomes: Iterable[str]) -> int:
    """Of a call on demand: how it ended, and what became of the named principals.

    What other principals are held for does not count, nor does anything that a dry run shows.
    """
    statuses = [of_cycle(record) if record.status in _ENDED else DONE]
    if not record.dry_run:
        statuses += [_OF_OUTCOME.get(outcome, DONE) for outcome in outcomes]
    return min(statuses, key=_ORDER.index)


def http_status(exit_status: int) -> int:
    """The status that a problem document carries (RFC 9457 section 3.1.3)."""
    return {USAGE: 400, UNAVAILABLE: 503, INTERRUPTED: 503}.get(exit_status, 500)


def _of_code(code: str | None) -> int:
    return USAGE if code in _OURS_TO_CORRECT else UNAVAILABLE
