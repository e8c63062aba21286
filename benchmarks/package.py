"""Cold starts of the deployment package: as installed, pruned, compiled, and both.

Each start is a fresh process that sees the package, the worker's library and nothing else, and
writes no bytecode, as in Azure. *Warm* has the package in the file cache. *Cold* has its files
dropped from the cache before (``posix_fadvise``); folders, the interpreter and the worker's library
stay in it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import servers
from benchmarks.figure import Figure, Size
from tools.package.build import Options, build
from tools.package.bytecode import compile_all
from tools.package.isolation import command, make_host, runs_here

MEASURE = "package"
_SHIPPED = "pruned, compiled"
_PROGRAM = Path(__file__).with_name("cold_start.py")
_PHASES = {
    "import": "import of function_app",
    "indexed": "worker: functions indexed",
    "health": "first health call answered",
    "status": "first status call answered",
    "graph": "first Graph read done",
    "credential": "credential loaded",
}
_BUDGET = 0.5
_PATIENCE = 120.0
_MB = 1_000_000


def measure(size: Size) -> list[Figure]:
    """The least of some starts for each variant: a busy machine is not what is measured.

    Nothing where the package cannot be loaded.
    """
    if not runs_here():
        sys.stderr.write("package: NOT MEASURED, it needs Python 3.13 on Linux x86-64.\n")
        return []
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as name, servers.entra(10, 1) as entra:
        app, host = Path(name) / "app", Path(name) / "host"
        make_host(host)
        for prune in (False, True) if size.unpruned else (True,):
            build(servers.ROOT, app, Options(prune=prune, compile=False))
            variant = "pruned" if prune else "as installed"
            figures += _measured(variant, app, host, entra, size)
            compile_all(app)
            figures += _measured(f"{variant}, compiled", app, host, entra, size)
    return figures


def _measured(
    variant: str, app: Path, host: Path, entra: servers.Entra, size: Size
) -> list[Figure]:
    os.sync()  # only what is on the disk can be dropped from the cache
    files = [path for path in app.rglob("*") if path.is_file()]
    figures = _size(variant, files)
    for cache, dropped in (("cold", files), ("warm", [])):
        runs = [_run(app, host, entra, dropped) for _ in range(max(2, size.imports // 2))]
        figures += _times(variant, cache, runs)
    return figures


def _size(variant: str, files: Sequence[Path]) -> list[Figure]:
    measure = f"{MEASURE}, {variant}"
    return [
        Figure(measure, "files", len(files), ""),
        Figure(measure, "size", sum(path.stat().st_size for path in files) / _MB, "MB"),
    ]


def _times(variant: str, cache: str, runs: list[dict[str, float]]) -> list[Figure]:
    bound = _BUDGET if (variant, cache) == (_SHIPPED, "warm") else None
    measure = f"{MEASURE}, {variant}"
    least = {key: min(run[key] for run in runs) for key in runs[0]}
    figures = [
        Figure(
            measure,
            f"{text}, {cache}",
            least[key],
            "s",
            bound if key == "import" else None,
            source="budget of import" if bound and key == "import" else "",
        )
        for key, text in _PHASES.items()
    ]
    if cache == "warm":
        figures.append(Figure(measure, "resident set then", least["resident"] / _MB, "MB"))
    return figures


def _run(app: Path, host: Path, entra: servers.Entra, dropped: Sequence[Path]) -> dict[str, float]:
    """An import and a start, each in its own process, with these files out of the cache."""
    results: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as state:
        environ = _environment(entra, state)
        for what in ("import", "start"):
            for path in dropped:
                _drop(path)
            child = subprocess.run(
                command(app, host, _PROGRAM, what),
                env=environ,
                cwd=state,
                stdout=subprocess.PIPE,
                check=True,
                timeout=_PATIENCE,
            )
            results.update(json.loads(child.stdout))
    return results


def _environment(entra: servers.Entra, state: str) -> Mapping[str, str]:
    return {
        "ENTRA_SERVICE_PRINCIPAL_ID": entra.service_principal_id,
        "GRAPH_BASE_URL": entra.graph_url,
        "ZSCLOUD_SCIM_BASE_URL": "https://scim.example.com/1/2/scim",
        "ZSCLOUD_SCIM_TOKEN": "not-sent",
        "STATE_STORE": f"sqlite:///{state}/provisioning.db",
    }


def _drop(path: Path) -> None:
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
