"""Commands that the documentation names are there, and every command is in ``docs/cli.md``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from provisioning.cli.app import app
from tests.documentation.test_links import PAGES, ROOT

_CALL = re.compile(r"python -m provisioning((?: [a-z][a-z-]+)+)")
_TARGET = re.compile(r"(?:^|`)make ([a-z-]+)", re.MULTILINE)
_MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
COMMANDS: Any = typer.main.get_command(app)
READERS = [page for page in PAGES if page.name != "CHANGELOG.md"]


def test_every_command_is_listed() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    cells = " ".join(re.findall(r"^\| ((?:\\\||[^|])+)\|", page, re.MULTILINE))
    for name, command in COMMANDS.commands.items():
        assert re.search(rf"`{name}\b", cells), name
        for child in getattr(command, "commands", {}):
            assert re.search(rf"`{name} [^`]*\b{child}\b", cells) or child == "list", child


@pytest.mark.parametrize("page", READERS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_that_is_named_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for called in _CALL.findall(text):
        command: Any = COMMANDS
        for word in called.split():
            children = getattr(command, "commands", {})
            if not children:
                break
            assert word in children, called
            command = children[word]
    for target in _TARGET.findall(text):
        assert re.search(rf"^{target}:", _MAKEFILE, re.MULTILINE), target
