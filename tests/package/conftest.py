"""The package as it is shipped, built once for all processes of a test run."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from tools.package.build import Options, build
from tools.package.isolation import runs_here

ROOT = Path(__file__).parents[2]

collect_ignore_glob = [] if runs_here() else ["test_built.py"]


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the package, which no test changes."""
    shared = tmp_path_factory.getbasetemp()
    if shared.name.startswith("popen-"):  # one of several processes (pytest-xdist)
        shared = shared.parent
    app, done = shared / "package", shared / "package.done"
    with (shared / "package.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            build(ROOT, app, Options())
            done.touch()
    return app
