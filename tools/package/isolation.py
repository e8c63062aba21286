"""A process that sees a package, the worker's library and the standard library, and nothing else.

It finds modules in the order in which Azure's worker does: the app, its dependencies, the worker's
own library. It writes no bytecode, since Azure runs the package read-only. What drives the worker
here shares a few types with the app, and takes them from the package too.
"""

from __future__ import annotations

import platform
import sys
from importlib.util import find_spec
from pathlib import Path

from tools.package.dependencies import PLATFORM, PYTHON, SITE_PACKAGES
from tools.package.errors import PackageError

_HOST = ("azure_functions_runtime", "azurefunctions", "devhost")
_BEGIN = """\
import runpy, sys
sys.path[:0] = sys.argv[1:4]
del sys.argv[:4]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def runs_here() -> bool:
    """Whether this interpreter can load the package."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return (version, sys.platform) == (PYTHON, "linux") and platform.machine() in PLATFORM


def make_host(folder: Path) -> None:
    """Makes a folder of links to what stands for the host: the worker's library and its driver.

    Raises ``PackageError`` where they are not installed.
    """
    folder.mkdir()
    for name in _HOST:
        found = find_spec(name)
        if found is None or not found.submodule_search_locations:
            raise PackageError(f"{name} is not installed: run `make setup` with Python {PYTHON}.")
        (folder / name).symlink_to(next(iter(found.submodule_search_locations)))


def command(app: Path, host: Path, program: Path, *arguments: str) -> list[str]:
    """What to run for a program whose ``sys.argv`` is its path, the app's folder and arguments."""
    paths = (app, app / SITE_PACKAGES, host, program, app)
    return [sys.executable, "-I", "-S", "-B", "-c", _BEGIN, *map(str, paths), *arguments]
