"""The program without a command: what to do first, or next."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from provisioning.cli import output
from provisioning.cli.environment import LOCAL_SETTINGS
from provisioning.cli.session import Outcome, run_alone
from provisioning.errors import ConfigurationError
from provisioning.operations.documents import Document

_ABOUT = "Keeps ZSCloud equal to the assignments of its enterprise application in Entra ID."


def show_first_steps(*, as_json: bool) -> None:
    """Prints the situation and the steps, and ends the program."""
    run_alone(lambda: asyncio.run(_looked_up()), as_json=as_json)


async def _looked_up() -> Outcome:
    from provisioning.bootstrap import close_services, services
    from provisioning.operations.first_steps import first_steps, without_settings

    try:
        document = await first_steps(await services())
    except ConfigurationError as error:
        document = without_settings(error, [name for name, value in os.environ.items() if value])
    finally:
        await close_services()
    path = Path.cwd() / LOCAL_SETTINGS
    document["settings_file"] = {"path": str(path), "found": path.is_file()}
    return Outcome(document, lambda out: _show(out, document))


def _show(out: Console, document: Document) -> None:
    out.print(_ABOUT, soft_wrap=True)
    out.print()
    out.print(output.plain(document["sentence"], "bold"), soft_wrap=True)
    for problem in document["problems"]:
        line = (output.plain(problem["field"], "red"), f": {problem['message']} ")
        out.print(Text.assemble("  ", *line, problem["remedy"]), soft_wrap=True)
    if document["situation"] in {"unset", "unfit"}:
        out.print(output.plain(_where(document["settings_file"])), soft_wrap=True)
    out.print()
    program = invocation()
    shown = [_step(step, program) for step in document["steps"]]
    width = max(len(command) for command, _ in shown)
    for number, (command, text) in enumerate(shown, 1):
        padded = f"{command:<{width}}  {text}" if command else text
        out.print(output.plain(f"{number}. {padded}"), soft_wrap=True)
    out.print()
    if document["situation"] == "unset":
        out.print("To try it out without any account: `make demo`, or `make console` for a page.")
    out.print(output.plain(f"All commands: {program} --help"), soft_wrap=True)


def _where(file: Document) -> str:
    found = "is read" if file["found"] else f"is not there; {LOCAL_SETTINGS}.example is a start"
    return f"Settings come from the environment and from {file['path']}, which {found}."


def _step(step: Document, program: str) -> tuple[str, str]:
    text = f"{step['text']} (done)" if step["done"] else step["text"]
    return ("", text) if step["command"] is None else (f"{program} {step['command']}", text)


def invocation() -> str:
    """How this program is called from the working directory, so that a command can be copied."""
    interpreter = Path(sys.executable)
    if shutil.which("python") == str(interpreter):
        called = "python"
    elif interpreter.is_relative_to(Path.cwd()):
        called = shlex.quote(str(interpreter.relative_to(Path.cwd())))
    else:
        called = shlex.quote(str(interpreter))
    return f"{called} -m provisioning"
