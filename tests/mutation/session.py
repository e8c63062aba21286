"""A pytest session that collects the tests once, and tries the mutants in forked children."""

from __future__ import annotations

import gc
import mmap
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from types import CodeType

import pytest

from tests.mutation.again import passes_again
from tests.mutation.child import Verdict, run_forked
from tests.mutation.chosen import test_files
from tests.mutation.lanes import side_by_side
from tests.mutation.mutants import Mutant, Source
from tests.mutation.passing import Outcomes, Passing, make_repeatable, run_item
from tests.mutation.swap import LiveFunctions

OPTIONS = [
    *("-o", "addopts=--import-mode=importlib", "-s"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # Imported for the first run.
    *("-p", "no:terminal", "-p", "no:cacheprovider", "-p", "no:xdist"),
]
_ENOUGH = 8.0
"""Seconds of processor time for the tests of one mutant; the slowest are left out beyond. Whatever
reads a schema file passes through most of its reader: only one test of hundreds may look at it.
"""
_AGAIN = 4.0
"""Seconds that importing everything again takes."""

_KILLERS = 12
"""Tests that are tried first, since they noticed the last mutants of that module."""

_NO_CODE, _NO_TEST = "no code", "no test"

Told = Callable[[Mutant, Verdict | None], None]
"""What became of a mutant; ``None``: no test passes through it."""


class Session:
    """A plugin that runs mutants in place of the tests."""

    def __init__(
        self, sources: list[Source], mutants: list[Mutant], files: list[str], told: Told
    ) -> None:
        self._sources = {source.module: source for source in sources}
        self._mutants = mutants
        self._files = files
        self._told = told
        self._passing = Passing({source.path for source in sources})
        self._outcomes = Outcomes()
        self._killers: dict[str, list[str]] = defaultdict(list)
        self._items: dict[str, pytest.Item] = {}
        self._killer: mmap.mmap | None = None  # Shared with the child that tries a mutant.
        self.failed: list[str] = []
        self.baseline_seconds = 0.0

    def pytest_configure(self, config: pytest.Config) -> None:
        """Registers what notes failures."""
        config.pluginmanager.register(self._outcomes)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """All tests once, then all mutants."""
        make_repeatable(session.items)
        began = time.monotonic()
        self._passing.run(session.items, self._outcomes)
        self.baseline_seconds = time.monotonic() - began
        self.failed = self._passing.failed
        if self.failed:
            return True
        self._items = {item.nodeid: item for item in session.items}
        live = LiveFunctions({source.path for source in self._sources.values()})
        gc.collect()
        gc.freeze()  # What there is by now is not copied when a child collects garbage.
        lanes = min(os.cpu_count() or 1, len(self._mutants)) or 1
        for at, became in side_by_side(len(self._mutants), lanes, partial(self._became, live)):
            if became != _NO_CODE:
                self._told(self._mutants[at], Verdict(became) if became != _NO_TEST else None)
        return True

    def _became(self, live: LiveFunctions, at: int) -> str:
        """In a process of its own: what the killers are, each of these learns for itself."""
        if self._killer is None:
            self._killer = mmap.mmap(-1, mmap.PAGESIZE)
        mutant = self._mutants[at]
        source = self._sources[mutant.module]
        code = source.mutated(mutant)
        if code is None:
            return _NO_CODE
        verdict = self._verdict(mutant, source, code, live)
        return _NO_TEST if verdict is None else verdict.value

    def _verdict(
        self, mutant: Mutant, source: Source, code: CodeType, live: LiveFunctions
    ) -> Verdict | None:
        file, span = source.path, (mutant.statement, mutant.last_line)
        tests = self._enough(self._passing.through(file, *span))
        if mutant.at_import:
            return self._again(mutant, source, code)
        if tests:
            verdict = self._in_place(mutant, source, code, live, tests)
            if verdict is not Verdict.SURVIVED or not self._passing.at_import(file, *span):
                return verdict
        elif not self._passing.at_import(file, *span):
            return None
        return self._again(mutant, source, code)

    def _in_place(
        self, mutant: Mutant, source: Source, code: CodeType, live: LiveFunctions, tests: list[str]
    ) -> Verdict:
        """First those tests that killed the neighbours."""
        known, killer_at = self._killers[mutant.module], self._killer
        assert killer_at is not None
        tests = list(dict.fromkeys([*(test for test in known if test in tests), *tests]))

        def work() -> bool:
            if not live.swap(source.code, code):
                return passes_again(tests, str(source.path), code, OPTIONS)
            for at, test in enumerate(tests):
                killer_at[:4] = at.to_bytes(4)
                if not self._passes(test):
                    return False
            return True

        killer_at[:4] = bytes(4)
        verdict = run_forked(
            work, seconds=3 + 3 * sum(self._passing.seconds[test] for test in tests)
        )
        if verdict is Verdict.KILLED:
            killer = tests[int.from_bytes(killer_at[:4])]
            known[:] = [killer, *(test for test in known if test != killer)][:_KILLERS]
        return verdict

    def _passes(self, test: str) -> bool:
        self._outcomes.failed = False
        run_item(self._items[test])
        return not self._outcomes.failed

    def _again(self, mutant: Mutant, source: Source, code: CodeType) -> Verdict | None:
        tests = self._enough(self._passing.around_file(source.path, self._beside(source.module)))
        if not tests:
            return None
        seconds = 3 * (_AGAIN + sum(self._passing.seconds[test] for test in tests))
        return run_forked(
            lambda: passes_again(tests, str(source.path), code, OPTIONS), seconds=seconds
        )

    def _beside(self, module: str) -> list[str]:
        return self._files or test_files([module])

    def _enough(self, tests: list[str]) -> list[str]:
        taken, chosen = 0.0, []
        for test in tests:
            taken += self._passing.seconds[test]
            if taken > _ENOUGH and chosen:
                break
            chosen.append(test)
        return chosen


def run(sources: list[Source], mutants: list[Mutant], files: list[str], told: Told) -> Session:
    """Runs the mutants; what it returns knows whether the tests passed with nothing wrong.

    ``files``: the tests that are tried; none: those chosen for the modules.
    """
    session = Session(sources, mutants, files, told)
    collected = files or test_files(source.module for source in sources)
    status = pytest.main([*OPTIONS, *collected], plugins=[session])
    if session.failed or status not in {0, pytest.ExitCode.TESTS_FAILED}:
        sys.stderr.write(f"Without a mutant these fail: {session.failed or status}\n")
        raise SystemExit(2)
    return session
