"""One browser and one world for each module. Without Chromium, or below Python 3.13, where there
is no ``serve``, these tests are reported as not run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.console.found import CHROMIUM

if CHROMIUM is None or sys.version_info < (3, 13):
    collect_ignore_glob = ["test_*.py"]
else:
    from playwright.sync_api import Browser, sync_playwright

    from tests.console.chromium import FLAGS, Watched, watched
    from tests.console.world import World, world

    @pytest.fixture(scope="package")
    def browser() -> Iterator[Browser]:
        with sync_playwright() as playwright:
            made = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            yield made
            made.close()

    @pytest.fixture(scope="package")
    def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
        """A job with ten thousand log entries, a held plan, somebody in escrow, and drift: for
        tests that change nothing of it.
        """
        with world(tmp_path_factory.mktemp("console"), past=True) as made:
            yield made

    @pytest.fixture(scope="module")
    def tab(browser: Browser, past: World) -> Iterator[Watched]:
        with watched(browser, past) as made:
            made.enter()
            yield made

    @pytest.fixture
    def console(tab: Watched) -> Iterator[Watched]:
        """The tab in which the console is open, at its first panel."""
        tab.at("now")
        yield tab
        tab.page.unroute_all(behavior="ignoreErrors")
        assert tab.complaints == []
