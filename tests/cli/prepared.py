"""A command in a process of its own that has the program imported already.

Importing costs a second of a core, and the suite runs some hundred commands. The server imports
once and forks for each command. What a process does from its first instruction on is tested by
those commands that are started for real (``World.start``, ``test_usage``).
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(["tests.cli.imported"])

_STANDARD_OUTPUT, _STANDARD_ERROR = 1, 2


def run(
    arguments: list[str], environment: dict[str, str], folder: Path
) -> tuple[int, bytes, bytes]:
    """Runs a command to its end. Returns its exit status and what it printed.

    Args:
        arguments: those after ``python -m provisioning``.
        environment: the whole of it, nothing is inherited.
        folder: the working directory.
    """
    with TemporaryDirectory() as printed:
        out, err = Path(printed, "out"), Path(printed, "err")
        child = _server.Process(target=_command, args=(arguments, environment, folder, out, err))
        child.start()
        child.join()
        assert child.exitcode is not None
        return child.exitcode, out.read_bytes(), err.read_bytes()


def _command(
    arguments: list[str], environment: dict[str, str], folder: Path, out: Path, err: Path
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    _print_to(out, _STANDARD_OUTPUT)
    _print_to(err, _STANDARD_ERROR)
    sys.stdout = os.fdopen(_STANDARD_OUTPUT, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(_STANDARD_ERROR, "w", encoding="utf-8", closefd=False)
    os.chdir(folder)
    sys.argv = ["provisioning", *arguments]

    from provisioning.cli.app import main

    main()


def _print_to(path: Path, descriptor: int) -> None:
    opened = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.dup2(opened, descriptor)
    os.close(opened)
