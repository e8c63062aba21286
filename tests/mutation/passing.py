"""Which tests pass through which lines of the pure modules, and how long each takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import coverage
import pytest
from hypothesis import Phase, settings

_EXAMPLES = 25
"""Examples of a property: always the same ones, and few, since they are tried per mutant."""
_QUICK = 0.1
"""Seconds of processor time: a test that takes no more is tried before those that do."""
SLOW = 1.5
"""Seconds of processor time: a test that takes longer is left out."""


class Passing:
    """What the tests passed through when nothing was wrong."""

    def __init__(self, files: set[Path]) -> None:
        self.seconds: dict[str, float] = {}
        self.slow: list[str] = []
        self.failed: list[str] = []
        self._by_line: dict[str, dict[int, list[str]]] = {}
        self._files = {str(file) for file in files}
        self._coverage = coverage.Coverage(
            data_file=None, config_file=False, include=sorted(self._files)
        )
        self._coverage.start()

    def run(self, items: list[pytest.Item], outcomes: Outcomes) -> None:
        """Runs all tests once."""
        for item in items:
            self._coverage.switch_context(item.nodeid)
            outcomes.failed = False
            began = time.process_time()
            run_item(item)
            self.seconds[item.nodeid] = time.process_time() - began
            if outcomes.failed:
                self.failed.append(item.nodeid)
        self._coverage.stop()
        self.slow = [test for test, seconds in self.seconds.items() if seconds > SLOW]
        data = self._coverage.get_data()
        for file in self._files:
            self._by_line[file] = data.contexts_by_lineno(file)

    def at_import(self, file: Path, first: int, last: int) -> bool:
        """Whether lines were passed through while the tests were collected."""
        return any("" in self._tests(file, line) for line in range(first, last + 1))

    def through(self, file: Path, first: int, last: int) -> list[str]:
        """Tests that pass through any of these lines, the fastest first."""
        tests = {test for line in range(first, last + 1) for test in self._tests(file, line)}
        return self._fastest(tests)

    def around_file(self, file: Path, chosen: Sequence[str]) -> list[str]:
        """The tests of ``chosen``, files and folders. First the quick ones: those that pass through
        any line of the file, and the others, since a test that looks at a table or a default
        passes through no line. Then those that take long.
        """
        through = {test for each in self._by_line[str(file)].values() for test in each} - {""}
        others = {test for test in self.seconds if test.startswith(tuple(chosen))} - through
        order = [*self._fastest(through), *self._fastest(others)]
        return sorted(order, key=lambda test: self.seconds[test] > _QUICK)

    def _tests(self, file: Path, line: int) -> list[str]:
        return self._by_line[str(file)].get(line, [])

    def _fastest(self, tests: set[str]) -> list[str]:
        usable = tests - set(self.slow) - {""}
        return sorted(usable, key=lambda test: (self.seconds[test], test))


class Outcomes:
    """A plugin that notes whether the test that runs fails."""

    failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Of set-up, call and tear-down."""
        self.failed = self.failed or report.failed


def run_item(item: pytest.Item) -> None:
    """Runs one test, alone: with set-up and tear-down of all that it needs."""
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)


def make_repeatable(items: list[pytest.Item]) -> None:
    """Properties try the same few examples each time, and do not look for a simpler one."""
    for item in items:
        function = getattr(item, "function", None)
        used = getattr(function, "_hypothesis_internal_use_settings", None)
        if used is not None:
            function._hypothesis_internal_use_settings = settings(
                used,
                max_examples=min(used.max_examples, _EXAMPLES),
                derandomize=True,
                database=None,
                phases=(Phase.explicit, Phase.generate),
            )
