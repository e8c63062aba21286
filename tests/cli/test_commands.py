"""What all commands have in common."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import typer

from provisioning.cli import output
from provisioning.cli.app import app
from tests.cli.world import World

_WIDTH = 45
"""Characters of the words about a command in the list of commands."""


def _walk(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    yield " ".join(path), command
    for name, child in getattr(command, "commands", {}).items():
        yield from _walk(child, (*path, name))


COMMANDS = dict(_walk(typer.main.get_command(app)))


def test_every_command_is_walked_over() -> None:
    assert {"", "cycle", "held", "held approve", "schema import"} <= COMMANDS.keys()
    assert len(COMMANDS) > 30


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_answer_with_json(name: str) -> None:
    command = COMMANDS[name]
    if getattr(command, "no_args_is_help", False) and not command.invoke_without_command:
        return  # It has commands, and is none.
    assert any("--json" in parameter.opts for parameter in command.params)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name])
def test_every_command_is_explained_in_full_where_it_is_listed(name: str) -> None:
    """And so is each of its options and arguments."""
    said = COMMANDS[name].get_short_help_str(_WIDTH)
    assert said
    assert not said.endswith("..."), said
    for parameter in COMMANDS[name].params:
        assert parameter.name == "shell" or parameter.help, parameter.name


async def test_json_before_the_command_is_refused(world: World) -> None:
    """It would not count, and whoever reads the output would not know why."""
    for arguments in (("--json", "status"), ("held", "--json", "list")):
        said = await world.run(*arguments)
        assert said.status == 2
        assert said.json["errors"][0]["field"] == "--json"


class _Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "coloured"),
    [
        (_Terminal, {}, True),
        (_Terminal, {"NO_COLOR": "1"}, False),
        (_Terminal, {"TERM": "dumb"}, False),
        (StringIO, {}, False),
    ],
    ids=["terminal", "NO_COLOR", "dumb", "pipe"],
)
@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_colours_are_for_terminals(
    name: str,
    stream: type[StringIO],
    environ: dict[str, str],
    coloured: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in {"TERM": "xterm-256color", **environ}.items():
        monkeypatch.setenv(variable, value)
    made = stream()
    monkeypatch.setattr(f"sys.{name}", made)
    console = output.answers() if name == "stdout" else output.notices()
    console.print(output.status_text("failure"))
    assert ("\x1b[31m" in made.getvalue()) is coloured
    assert "failure" in made.getvalue()
