"""Says which tests did not run: those of the Functions worker, below Python 3.13."""

from __future__ import annotations

import sys

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if sys.version_info < (3, 13):
        terminalreporter.write_line(
            "tests/worker, tests/handlers and tests/devhost/test_serve*: NOT RUN, the Functions "
            "worker needs Python 3.13."
        )
