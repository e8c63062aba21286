"""The machine's time."""

from __future__ import annotations

import time

import pytest

from provisioning.bootstrap import SystemClock


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="Linux has such a clock")
def test_a_machine_that_sleeps_ages_its_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """A laptop whose lid was closed for an hour must not take its lease for its own."""
    clock = SystemClock()
    before = clock.monotonic()
    awake = time.clock_gettime

    def slept(clock_id: int) -> float:
        return awake(clock_id) + (3600.0 if clock_id == time.CLOCK_BOOTTIME else 0.0)

    monkeypatch.setattr(time, "clock_gettime", slept)
    assert 3600.0 <= clock.monotonic() - before < 3660.0
