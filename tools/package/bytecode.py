"""Bytecode beside the sources: Azure runs the package read-only, so none would ever be kept there.

The files are marked ``unchecked-hash`` (PEP 552): they hold whatever times the sources have after
unpacking, and the sources are not even looked at.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools.package.dependencies import PYTHON
from tools.package.errors import PackageError

_WWWROOT = "/home/site/wwwroot"
"""Where Azure runs the package: tracebacks name files from there."""


def compile_all(folder: Path) -> None:
    """Compiles every source below ``folder``.

    Raises ``PackageError`` without an interpreter of the version that Azure runs: bytecode of
    another one is ignored there.
    """
    command = [
        *(_interpreter(), "-S", "-s", "-m", "compileall", "-q", "-f", "-j0"),
        *("--invalidation-mode", "unchecked-hash"),
        *("-s", str(folder), "-p", _WWWROOT, str(folder)),
    ]
    # Sets among the constants of a module are written in the order of their hashes.
    environ = {"PATH": os.environ.get("PATH", ""), "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PackageError(f"Not everything could be compiled.\n{done.stdout}{done.stderr}")


def _interpreter() -> str:
    if sys.version_info[:2] == tuple(int(part) for part in PYTHON.split(".")):
        return sys.executable
    found = shutil.which(f"python{PYTHON}")
    if found is None:
        raise PackageError(f"Bytecode needs Python {PYTHON}: install it, or use --no-compile.")
    return found
