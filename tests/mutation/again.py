"""Imports everything again in a child, with the code of a mutant: for what runs at import."""

from __future__ import annotations

import importlib.machinery
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any

import pytest

_FORGOTTEN = ("provisioning", "tests", "simulator", "handlers", "demo", "devhost", "tools")


class _Stops:
    """Runs only the tests chosen, the fastest first, until one fails."""

    def __init__(self, tests: list[str]) -> None:
        self._order = {test: at for at, test in enumerate(tests)}
        self.passed = 0

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keeps the tests chosen."""
        items[:] = sorted(
            (item for item in items if item.nodeid in self._order),
            key=lambda item: self._order[item.nodeid],
        )


def passes_again(tests: list[str], file: str, code: CodeType, options: list[str]) -> bool:
    """Whether the tests pass when this file has this code. Only in a child: nothing stays."""
    for name in [each for each in sys.modules if each.partition(".")[0] in _FORGOTTEN]:
        if not name.startswith("tests.mutation"):
            del sys.modules[name]
    files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
    with _instead(file, code):
        return pytest.main([*options, "-x", *files], plugins=[_Stops(tests)]) == 0


@contextmanager
def _instead(file: str, code: CodeType) -> Iterator[None]:
    loader = importlib.machinery.SourceFileLoader
    usual = loader.get_code

    def get_code(self: Any, fullname: str) -> Any:
        return code if self.get_filename(fullname) == file else usual(self, fullname)

    loader.get_code = get_code  # type: ignore[method-assign]
    try:
        yield
    finally:
        loader.get_code = usual  # type: ignore[method-assign]
