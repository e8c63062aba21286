"""Cold starts of the deployment package: as installed, pruned, compiled, and both.

Each start is a fresh process that sees the package, the worker's library and nothing else, and
writes no bytecode, as in Azure. *Warm* has the package in the file cache. *Cold* has its files
dropped from the cache before (``posix_fadvise``); folders, the interpreter and the worker's library
stay in it; ``--full`` only. The state is in a SQLite file, and then in Azure Storage (Azurite).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import servers
from benchmarks.figure import Figure, Size
from tests.servers import azurite
from tools.package.build import Options, build
from tools.package.isolation import command, make_host, runs_here

MEASURE = "package"
_SHIPPED = Options()
_INSTALLED = Options(prune=False, compile=False)
_PACKAGES = {
    "shipped": (_SHIPPED,),
    "installed": (_INSTALLED, _SHIPPED),
    "all": (_INSTALLED, Options(prune=False), Options(compile=False), _SHIPPED),
}
_PROGRAM = Path(__file__).with_name("cold_start.py")
_PHASES = {
    "import": "import of function_app",
    "host": "worker library loaded",
    "indexed": "functions indexed",
    "health": "first health call answered",
    "status": "first status call answered",
    "lease": "first lease taken and given back",
    "queue": "first message sent",
    "graph": "first Graph read done",
    "credential": "credential loaded",
}
_WITH_STORE = ("status", "lease", "queue")
"""Where the storage SDKs are loaded."""

_BUDGET = 0.5
_PATIENCE = 120.0
_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class _Bench:
    """A package and what it is started beside. ``runs`` of each kind: the least of them counts.

    ``cold``: it is started with its files out of the cache too.
    """

    app: Path
    host: Path
    entra: servers.Entra
    storage: Mapping[str, str]
    runs: int
    cold: bool


def measure(size: Size) -> list[Figure]:
    """The least of some starts for each package: a busy machine is not what is measured.

    Nothing where the package cannot be loaded.
    """
    if not runs_here():
        sys.stderr.write("package: NOT MEASURED, it needs Python 3.13 on Linux x86-64.\n")
        return []
    figures: list[Figure] = []
    with (
        tempfile.TemporaryDirectory() as name,
        servers.entra(10, 1) as entra,
        azurite.running() as emulator,
    ):
        make_host(Path(name) / "host")
        bench = _Bench(
            app=Path(name) / "app",
            host=Path(name) / "host",
            entra=entra,
            storage=emulator.environ,
            runs=max(2, size.imports // 2),
            cold=size.packages == "all",
        )
        for options in _PACKAGES[size.packages]:
            build(servers.ROOT, bench.app, options)
            figures += _measured(options, bench)
    return figures


def _measured(options: Options, bench: _Bench) -> list[Figure]:
    os.sync()  # only what is on the disk can be dropped from the cache
    files = [path for path in bench.app.rglob("*") if path.is_file()]
    name = f"{MEASURE}, {_name(options)}"
    figures = [
        Figure(name, "files", len(files), ""),
        Figure(name, "size", sum(path.stat().st_size for path in files) / _MB, "MB"),
    ]
    for cache, dropped in (("cold", files), ("warm", [])):
        if cache == "warm" or bench.cold:
            bound = _BUDGET if (options, cache) == (_SHIPPED, "warm") else None
            figures += _times(name, cache, [_run(bench, dropped) for _ in range(bench.runs)], bound)
    return figures


def _name(options: Options) -> str:
    if options == _INSTALLED:
        return "as installed"
    words = ("pruned", options.prune), ("compiled", options.compile)
    return ", ".join(word for word, done in words if done)


def _times(
    measure: str, cache: str, runs: list[dict[str, float]], bound: float | None
) -> list[Figure]:
    least = {key: min(run[key] for run in runs) for key in runs[0]}
    figures = [
        Figure(measure, f"{text}, {cache}", least[key], "s") for key, text in _PHASES.items()
    ]
    if bound is not None:
        imported = figures[0].subject
        figures[0] = Figure(
            measure, imported, least["import"], "s", bound, source="budget of import"
        )
    figures += [
        Figure(measure, f"{_PHASES[key]}, Azure Storage, {cache}", least[f"azure {key}"], "s")
        for key in _WITH_STORE
    ]
    if cache == "warm":
        for key, text in (("", ""), ("azure ", ", Azure Storage")):
            resident = least[f"{key}resident"] / _MB
            figures.append(Figure(measure, f"resident set then{text}", resident, "MB"))
    return figures


def _run(bench: _Bench, dropped: Sequence[Path]) -> dict[str, float]:
    """An import and two starts, each in its own process, with these files out of the cache."""
    with tempfile.TemporaryDirectory() as folder:
        file = {"STATE_STORE": f"sqlite:///{folder}/provisioning.db"}
        azure = {"STATE_STORE": "azure", **bench.storage}
        results = _child(bench, "import", file, folder, dropped)
        results |= _child(bench, "start", file, folder, dropped)
        with_store = _child(bench, "start", azure, folder, dropped)
    return results | {f"azure {key}": value for key, value in with_store.items()}


def _child(
    bench: _Bench, what: str, storage: Mapping[str, str], folder: str, dropped: Sequence[Path]
) -> dict[str, float]:
    for path in dropped:
        _drop(path)
    child = subprocess.run(
        command(bench.app, bench.host, _PROGRAM, what),
        env={
            "ENTRA_SERVICE_PRINCIPAL_ID": bench.entra.service_principal_id,
            "GRAPH_BASE_URL": bench.entra.graph_url,
            "ZSCLOUD_SCIM_BASE_URL": "https://scim.example.com/1/2/scim",
            "ZSCLOUD_SCIM_TOKEN": "not-sent",
            **storage,
        },
        cwd=folder,
        stdout=subprocess.PIPE,
        check=True,
        timeout=_PATIENCE,
    )
    marks: dict[str, float] = json.loads(child.stdout)
    return marks


def _drop(path: Path) -> None:
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
