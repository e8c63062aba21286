"""What a person must hear of while nobody looks: one line in the log for each.

A line begins with ``ALERT`` and a stable code; the alert rules of ``infra/`` look for it.
"""

from __future__ import annotations

import logging
from enum import StrEnum

from provisioning.errors import CredentialsRefused, PermissionMissing, cut
from provisioning.record import OPEN, CycleKind, CycleRecord, CycleStatus

_log = logging.getLogger(__name__)

_REFUSED = (CredentialsRefused.code, PermissionMissing.code)


_LONGEST = 4_000
"""Characters of a sentence."""


class AlertCode(StrEnum):
    """Why somebody is alerted."""

    QUARANTINED = "quarantined"
    TOKEN_REFUSED = "token_refused"  # noqa: S105  the name of an alert
    TOKEN_EXPIRES = "token_expires"  # noqa: S105  likewise
    HELD = "held"
    CYCLE_FAILED = "cycle_failed"
    OBJECTS_FAILED = "objects_failed"
    POISON = "poison"
    SUBSCRIPTION = "subscription"
    CHANNEL_FAILED = "channel_failed"


def alert(code: AlertCode, sentence: str) -> None:
    """Raises an alert. The sentence says what happened and what to do; it holds no secret."""
    # Names and error texts come from outside: a line break in one begins no line of its own.
    _log.error("ALERT %s: %s", code.value, cut(sentence, _LONGEST))


def report(record: CycleRecord) -> None:
    """Says how a cycle ended, or that it has come further; and alerts if somebody must know."""
    if record.status in OPEN:
        _log.info("CYCLE running %s: %d done, %d left", record.cycle_id, record.done, record.left)
        return
    # A look at hints is no cycle: the rule that misses cycles must not take it for one.
    what = "LOOK" if record.kind is CycleKind.LIVE else "CYCLE"
    if record.error is not None:
        _log.info("%s %s %s: %s", what, record.status.value, record.cycle_id, record.error)
        if what == "CYCLE" or _code(record) is not AlertCode.CYCLE_FAILED:
            alert(_code(record), f"{record.error.rstrip('.')}. {record.remedy or ''}".strip())
        return
    _log.info("%s %s %s", what, record.status.value, record.cycle_id)
    if record.status is CycleStatus.STOPPED:
        return  # It goes on; whom it concerns hears of the rest at its end.
    if record.counts.held:
        alert(
            AlertCode.HELD,
            f"{record.counts.held} removals are held and wait: "
            "`held list` shows the plans. If they are meant, approve them with `held approve ID`; "
            "if not, repair the assignments in Entra, or reject them with a note.",
        )
    if record.counts.failed:
        alert(
            AlertCode.OBJECTS_FAILED,
            f"{record.counts.failed} tries to provision an object failed in cycle "
            f"{record.cycle_id}: `logs --status failure` says which and why. They are tried "
            "again.",
        )


def _code(record: CycleRecord) -> AlertCode:
    if record.error_code in _REFUSED:
        return AlertCode.TOKEN_REFUSED
    if record.status is CycleStatus.QUARANTINED:
        return AlertCode.QUARANTINED
    return AlertCode.CYCLE_FAILED
