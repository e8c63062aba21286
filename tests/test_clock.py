"""The machine's time."""

from __future__ import annotations

import time

import pytest

from provisioning import bootstrap
from provisioning.bootstrap import SystemClock


def test_a_machine_that_sleeps_ages_its_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """A laptop whose lid was closed for an hour must not take its lease for its own."""
    slept, since_boot = 0.0, 7
    monkeypatch.setattr(bootstrap, "_SINCE_BOOT", since_boot)
    awake = time.monotonic

    def read(clock_id: int) -> float:
        assert clock_id == since_boot
        return awake() + slept

    monkeypatch.setattr(time, "clock_gettime", read, raising=False)
    clock = SystemClock()
    before = clock.monotonic()
    slept = 3600.0
    assert 3600.0 <= clock.monotonic() - before < 3660.0


def test_the_clock_since_boot_is_taken_where_there_is_one() -> None:
    assert getattr(time, "CLOCK_BOOTTIME", None) == bootstrap._SINCE_BOOT
    before = SystemClock().monotonic()
    assert before <= SystemClock().monotonic() < before + 60.0
