"""Twenty tenant-weeks, with less happening in each than ``make soak`` has: no law is broken."""

from __future__ import annotations

import logging

import pytest

from tests.soak.script import Event, Script, Setting, make
from tests.soak.week import play

_PARTS, _WEEKS = 5, 4
_SELDOM, _ONCE = 84.0, 168.0
"""Hours from one episode to the next, in most weeks and in every third."""


@pytest.mark.parametrize("part", range(_PARTS))
def test_weeks_without_a_broken_law(part: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    for seed in range(1000 + part * _WEEKS, 1000 + (part + 1) * _WEEKS):
        result = play(make(seed, 168.0, _ONCE if seed % 3 == 2 else _SELDOM))
        assert result.violations == (), f"seed {seed}"
        assert result.requests["POST"] > 0


def test_what_nobody_changes_is_written_once(caplog: pytest.LogCaptureFixture) -> None:
    """The no-op: after the first load a week passes, and nothing is written."""
    caplog.set_level(logging.CRITICAL)
    setting = Setting(
        users=20,
        groups=3,
        nested=False,
        percent=100,
        told=True,
        pieces=False,
        instances=1,
        latency=0.1,
    )
    script = Script(seed=0, hours=168.0, setting=setting, events=(Event(60.0, "quiet"),))
    result = play(script)
    assert result.violations == ()
    assert result.requests.get("PATCH", 0) == 0
    assert result.ticks["reconcile"] == 7
