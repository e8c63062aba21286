"""The worker library exists for Python 3.13 only: below, these tests are reported as not run."""

import sys

import pytest

collect_ignore_glob = ["test_*.py"] if sys.version_info < (3, 13) else []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if collect_ignore_glob:
        terminalreporter.write_line("tests/worker: NOT RUN, the worker needs Python 3.13.")
