"""``completion``: the script that makes a shell complete the commands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from provisioning.cli import output
from provisioning.cli.options import Json

VARIABLE = "_PROVISIONING_COMPLETE"
"""Set by the scripts: the program prints candidates instead of running a command."""


def enable() -> None:
    """Makes the program answer the scripts. Costs nothing where none asks."""
    if VARIABLE in os.environ:
        # Registered by the library only along with its two options, which cannot work here.
        from typer._completion_classes import completion_init

        completion_init()


def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(metavar="bash|zsh|fish")],
    *,
    as_json: Json = False,
) -> None:
    """Print a script that completes commands, options and values in the shell.

    bash: `source <(python -m provisioning completion bash)`, in ~/.bashrc to keep it. zsh the same,
    in ~/.zshrc after compinit. fish: `python -m provisioning completion fish | source`.
    """
    script = Path(__file__).with_name(f"script.{shell}").read_text(encoding="utf-8")
    if as_json:
        output.print_json({"shell": shell, "script": script})
    else:
        typer.echo(script, nl=False)
