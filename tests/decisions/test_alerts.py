"""What the log says of a cycle that nobody watched."""

from __future__ import annotations

import logging

import pytest

from provisioning.alerts.lines import report
from provisioning.record import Counts, CycleKind, CycleRecord, CycleStatus


def said(record: CycleRecord, caplog: pytest.LogCaptureFixture) -> list[str]:
    caplog.set_level(logging.INFO)
    report(record)
    return [entry.getMessage() for entry in caplog.records]


def ended(status: CycleStatus, **fields: object) -> CycleRecord:
    record = CycleRecord(cycle_id="c1", kind=CycleKind.INCREMENTAL, status=status)
    for name, value in fields.items():
        setattr(record, name, value)
    return record


@pytest.mark.parametrize(
    ("status", "error_code", "alert"),
    [
        (CycleStatus.QUARANTINED, "Unauthorized", "token_refused"),
        (CycleStatus.FAILED, "Unauthorized", "token_refused"),
        (CycleStatus.FAILED, "InsufficientRights", "token_refused"),
        (CycleStatus.QUARANTINED, "TooManyFailures", "quarantined"),
        (CycleStatus.FAILED, "RemoteUnavailable", "cycle_failed"),
    ],
)
def test_a_cycle_that_ended_with_an_error(
    status: CycleStatus, error_code: str, alert: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Two sentences: what happened, and what to do."""
    record = ended(status, error_code=error_code, error="Graph answered 403", remedy="Grant it.")
    assert said(record, caplog) == [
        f"CYCLE {status} c1: Graph answered 403",
        f"ALERT {alert}: Graph answered 403. Grant it.",
    ]


def test_held_removals_say_what_to_do(caplog: pytest.LogCaptureFixture) -> None:
    line, alert = said(ended(CycleStatus.HELD, counts=Counts(held=54)), caplog)
    assert line == "CYCLE held c1"
    assert alert.startswith("ALERT held: 54 removals ")
    for word in ("`held list`", "`held approve ID`", "Entra"):
        assert word in alert


def test_a_cycle_that_went_well_alerts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    assert said(ended(CycleStatus.COMPLETED), caplog) == ["CYCLE completed c1"]
