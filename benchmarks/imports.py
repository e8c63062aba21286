"""How long a cold start takes to import the program; files are in the page cache."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

from benchmarks.figure import Figure, Size
from benchmarks.servers import ROOT

_BUDGET = 0.5
_MODULES = ("function_app", "provisioning.cli.app")
_TIMED = """\
import time
began = time.perf_counter()
import {module}
print(time.perf_counter() - began)
"""


def measure(size: Size) -> list[Figure]:
    """The median of several imports, each in a new process, after one that warms up."""
    return [
        Figure(
            "import",
            f"{module} (median of {size.imports})",
            statistics.median(_times(module, size.imports)),
            "s",
            _BUDGET,
            source="budget of import",
        )
        for module in _MODULES
    ]


def _times(module: str, repeats: int) -> list[float]:
    _seconds(module)
    return [_seconds(module) for _ in range(repeats)]


def _seconds(module: str) -> float:
    child = subprocess.run(
        [sys.executable, "-c", _TIMED.format(module=module)],
        cwd=ROOT,
        env={"PATH": os.environ.get("PATH", "")},
        stdout=subprocess.PIPE,
        check=True,
    )
    return float(child.stdout)
