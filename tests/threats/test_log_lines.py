"""Texts from outside in the log: one entry is one line."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from provisioning.alerts.lines import AlertCode, alert
from provisioning.cli.log_lines import OneLine
from tests.devhost.served import environment

EVIL = (
    "Eve\n2030-01-01T00:00:00Z ERROR provisioning.alerts: ALERT held: forged\r\x1b[2J\u202e\u2028x"
)


@pytest.fixture
def lines() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger in the form of ``serve``, and what it has written."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(OneLine("%(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("test")
    logger.addHandler(handler)
    yield logger, written
    logger.removeHandler(handler)


def test_a_name_makes_no_entry_of_its_own(lines: tuple[logging.Logger, io.StringIO]) -> None:
    logger, written = lines
    logger.warning("provisioning %s failed", EVIL)
    text = written.getvalue()
    assert text.splitlines() == [text.rstrip("\n")]
    assert text.removesuffix("\n").isprintable()
    assert "\\x1b[2J\\u202e" in text


def test_nor_does_the_text_of_an_error(lines: tuple[logging.Logger, io.StringIO]) -> None:
    """A stack trace is several lines, and each shows that it is a part of one."""
    logger, written = lines
    try:
        raise ValueError(EVIL)
    except ValueError:
        logger.exception("it failed")
    first, *more = written.getvalue().splitlines()
    assert first == "ERROR test: it failed"
    assert more
    assert all(line.startswith("  | ") and line.isprintable() for line in more)


def test_the_command_line_and_serve_write_their_log_in_this_form() -> None:
    """Also what libraries log, and an error that nothing expected."""
    code = (
        "import logging, sys\n"
        "from provisioning.cli import app, serve\n"
        "sys.argv = ['provisioning', '--help']\n"
        "try: app.main()\n"
        "except SystemExit: pass\n"
        f"logging.getLogger('x').warning('%s', {EVIL!r})\n"
        "serve._log_to_stderr()\n"
        f"logging.getLogger('aiohttp').warning('%s', {EVIL!r})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment()
    )
    first, second = done.stderr.splitlines()
    assert first.startswith("Eve\\n2030")
    assert second.partition(" ")[2].startswith("WARNING aiohttp: Eve\\n2030")


def test_an_alert_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """The rules of Azure Monitor look at how a message begins: what is in it makes no other."""
    alert(AlertCode.POISON, f"It was {EVIL}")
    assert caplog.records[-1].getMessage().isprintable()
