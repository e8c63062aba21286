"""``make console``: one command from nothing to a console with something to look at."""

from __future__ import annotations

import subprocess
import sys

from tests.devhost.served import ROOT, environment


def test_one_command_opens_the_console_and_says_what_there_is_to_see() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "demo.console", "--port", "0", "--rate", "0", "--once"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    if sys.version_info < (3, 13):
        assert (done.returncode, "Python 3.13" in done.stdout) == (1, True)
        return
    assert done.returncode == 0, done.stdout + done.stderr
    for said in ("/api/console", "to be decided: 9 people", "sam@unknown.example", "missing"):
        assert said in done.stdout
