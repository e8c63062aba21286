"""What the README promises a newcomer: one command to a console, and three clicks to an answer."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.console.found import CHROMIUM
from tests.devhost.served import PATIENCE, ROOT, environment

_COMMAND = [sys.executable, "-m", "demo.console", "--port", "0", "--rate", "0"]
_MOST_CLICKS = 3


@contextmanager
def console() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``make console`` on a free port and without a limit, and what it says until all is there."""
    with subprocess.Popen(
        _COMMAND,
        cwd=ROOT,
        env={**environment(), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = ""
        try:
            for line in process.stdout:
                said += line
                if "Ctrl-C" in line:
                    break
            yield process, said
        finally:
            process.kill()


def test_one_command_says_what_there_is_to_see_and_ends_by_ctrl_c() -> None:
    """And why somebody is missing is found in three clicks. The pictures are those of the docs."""
    if sys.version_info < (3, 13):
        done = subprocess.run(
            _COMMAND, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert (done.returncode, "Python 3.13" in done.stdout) == (1, True)
        return
    with console() as (process, said):
        for words in ("to be decided: 9 people", "sam@unknown.example"):
            assert words in said
        address = re.search(r"open (http://\S+/api/console)", said)
        missing = re.search(r"missing, and why: type (\S+) into", said)
        assert address is not None, said
        assert missing is not None, said
        if CHROMIUM is not None:
            clicks = _clicks_to_the_answer(address[1], missing[1])
            assert clicks <= _MOST_CLICKS
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0


def _clicks_to_the_answer(address: str, missing: str) -> int:
    """How often somebody clicks who has only read what the command printed."""
    from playwright.sync_api import expect, sync_playwright

    from tests.console.chromium import FLAGS, PICTURES

    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1060, "height": 860}, color_scheme="light")
        loading = page.locator("[aria-busy=true], main .loading")
        page.add_init_script(
            "window.clicks = 0; addEventListener('click', () => { window.clicks += 1; }, true)"
        )
        page.goto(address)
        expect(page.get_by_role("link", name="In escrow")).to_be_visible()
        expect(loading).to_have_count(0)
        page.screenshot(path=PICTURES / "docs-now.png")
        field = page.get_by_label("Find a user or a group")
        field.click()
        field.fill(missing)
        page.get_by_role("button", name="Find").click()
        verdict = page.locator(".verdict")
        expect(verdict).to_contain_text(re.compile("assign the user, or a group"))
        expect(loading).to_have_count(0)
        clicks = int(page.evaluate("window.clicks"))
        page.screenshot(path=PICTURES / "docs-why.png")
        page.goto(f"{address}#held")
        page.get_by_role("link", name="Review and decide").click()
        page.get_by_label(re.compile("Select all")).check()
        expect(loading).to_have_count(0)
        page.screenshot(path=PICTURES / "docs-held.png")
        browser.close()
    return clicks
