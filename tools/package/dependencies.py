"""What ``requirements.txt`` names, installed as Azure's workers need it: wheels for their Python
and platform, each checked against its hash.
"""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from uv import find_uv_bin

from tools.package.errors import PackageError

PYTHON = "3.13"
PLATFORM = "x86_64-manylinux_2_28"
SITE_PACKAGES = Path(".python_packages/lib/site-packages")
"""Where the worker looks for them (Azure Functions: build your Python apps)."""

_PATIENCE = 600.0
_ENVIRONMENT = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": f"{PYTHON}.0",
    "python_version": PYTHON,
    "sys_platform": "linux",
}
"""What environment markers are compared with (PyPA: dependency specifiers)."""


def install(requirements: Path, target: Path) -> None:
    """Installs the lock into ``target``, without the scripts that wheels bring.

    Raises ``PackageError`` when a wheel is missing or its hash is another.
    """
    command = [
        *(find_uv_bin(), "pip", "install", "--quiet", "--no-config", "--python", sys.executable),
        *("--target", str(target), "--python-version", PYTHON, "--python-platform", PLATFORM),
        *("--only-binary", ":all:", "--require-hashes", "--requirement", str(requirements)),
    ]
    # What `make setup` has installed is in the cache: the registry is asked for the rest only.
    if _run([*command, "--offline"]).returncode != 0:
        done = _run(command)
        if done.returncode != 0:
            raise PackageError(f"The dependencies could not be installed.\n{done.stderr.strip()}")
    # Scripts name the interpreter of this machine, and nobody can call them there.
    shutil.rmtree(target / "bin", ignore_errors=True)
    (target / ".lock").unlink(missing_ok=True)


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE)


def owners(site_packages: Path) -> dict[str, str]:
    """The distribution of each installed file, by its path in ``site_packages``."""
    return {
        row[0]: name
        for found in distributions(path=[str(site_packages)])
        # Once for each: a distribution reads its whole metadata every time it is asked its name.
        for name in [canonicalize_name(found.name)]
        for row in csv.reader((found.read_text("RECORD") or "").splitlines())
    }


def required(requirements: Path, site_packages: Path, *, without: frozenset[str]) -> set[str]:
    """The installed distributions that a list of requirements needs, directly or not.

    ``requirements`` is the list that people write (``requirements.in``); those ``without`` are
    passed over in it, not where another distribution asks for them.
    """
    installed: dict[str, Distribution] = {
        canonicalize_name(found.name): found for found in distributions(path=[str(site_packages)])
    }
    reached: set[tuple[str, str]] = set()
    waiting = [each for each in _listed(requirements) if each.name not in without]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) not in reached:
                reached.add((name, extra))
                waiting += _requirements(installed, name, extra)
    return {name for name, _ in reached}


def _listed(requirements: Path) -> Iterator[Requirement]:
    for line in requirements.read_text(encoding="utf-8").splitlines():
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        if text and _applies(requirement := Requirement(text), ""):
            yield requirement


def _requirements(
    installed: Mapping[str, Distribution], name: str, extra: str
) -> Iterator[Requirement]:
    if name not in installed:
        raise PackageError(f"{name} is needed and not installed: run `make lock`.")
    for text in installed[name].requires or ():
        if _applies(requirement := Requirement(text), extra):
            yield requirement


def _applies(requirement: Requirement, extra: str) -> bool:
    marker = requirement.marker
    return marker is None or marker.evaluate({**_ENVIRONMENT, "extra": extra})
