"""What holds for the whole suite: no verdict by the clock of the machine, and which tests did not
run: those of the Functions worker, below Python 3.13, and those of the console, without Chromium.
"""

from __future__ import annotations

import sys

import pytest
from hypothesis import HealthCheck, settings

from tests.console.found import CHROMIUM

# A machine that is busy makes no test fail: how long an example takes says nothing here.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if sys.version_info < (3, 13):
        terminalreporter.write_line(
            "tests/worker, tests/handlers and tests/devhost/test_serve*: NOT RUN, the Functions "
            "worker needs Python 3.13."
        )
    if CHROMIUM is None or sys.version_info < (3, 13):
        terminalreporter.write_line(
            "tests/console: NOT RUN, they need Chromium on PATH (apt-get install chromium) and "
            "Python 3.13."
        )
