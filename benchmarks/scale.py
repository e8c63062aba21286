"""What a program holds and uses, by users in scope and store.

Each size runs in a process of its own (``scale_child``). What is not written to the end shows the
peak of reading, planning and filing, and of a while of writing: writing works through a window.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack

from benchmarks import servers
from benchmarks.company import departments_of
from benchmarks.figure import Figure, Size
from benchmarks.program import environment
from benchmarks.resident import MIB
from benchmarks.scale_child import Scaled
from benchmarks.servers import Entra, ZSCloud
from tests.servers import azurite

MEASURE = "scale"
_BUDGET_MIB = 400.0
_BUDGET_USERS = 200_000
_GROWTH = 1.5
"""The resident set above ``_BUDGET_USERS``, as a multiple of that there."""

_IDLE_CPU = 2.0
STOOD_STILL = 0.25
"""Seconds: the lanes are looked at so often. A lease of 30 s, renewed every 5, stands more."""


def measure(size: Size) -> list[Figure]:
    """All sizes with the state in SQLite, and some with Azurite."""
    figures: list[Figure] = []
    at_budget: float | None = None
    for users in size.scopes:
        scaled = _scaled(users, size)
        bound = _BUDGET_MIB
        if users > _BUDGET_USERS and at_budget is not None:
            bound = at_budget * _GROWTH
        if users == _BUDGET_USERS:
            at_budget = scaled.peak / MIB
        figures += _figures("SQLite", users, scaled, bound)
    for users in size.azure_scopes:
        with azurite.running() as emulator:
            scaled = _scaled(users, size, {"STATE_STORE": "azure", **emulator.environ})
        figures += _figures("Azurite", users, scaled, _BUDGET_MIB)
    return figures


def _figures(store: str, users: int, scaled: Scaled, bound: float) -> list[Figure]:
    subject = f"{users:,} users, {store}"
    whole = scaled.done >= scaled.filed
    extent = "all written" if whole else f"{scaled.done:,} of {scaled.filed:,} written"

    def figure(what: str, value: float, unit: str, **more: object) -> Figure:
        return Figure(MEASURE, f"{subject}: {what}", value, unit, at=users, **more)  # type: ignore[arg-type]

    source = "budget of memory"
    if users > _BUDGET_USERS and bound != _BUDGET_MIB:
        source = f"{_GROWTH} x that at {_BUDGET_USERS:,}"
    found = [
        figure("resident set", scaled.peak / MIB, "MiB", bound=bound, source=f"{source}; {extent}"),
        figure("of it reading", scaled.peak_reading / MIB, "MiB"),
        figure("reading, CPU a user", scaled.reading_cpu / users * 1000, "ms"),
        figure("writing, CPU a user", scaled.writing_cpu / max(1, scaled.done) * 1000, "ms"),
        figure("loop at a stretch", scaled.stood_still, "s", bound=STOOD_STILL, source="lanes"),
        figure("leases lost", scaled.lost, "", bound=0.0),
        figure("Graph requests, initial", scaled.graph, ""),
    ]
    if scaled.idle_cpu >= 0:
        found += [
            figure(
                "nothing changed, CPU",
                scaled.idle_cpu,
                "s",
                bound=_IDLE_CPU,
                source="budget at 200,000 users",
            ),
            figure("nothing changed, Graph requests", scaled.idle_graph, ""),
            figure("nothing changed, ZSCloud requests", scaled.idle_scim, "", bound=0.0),
        ]
    return found


def _scaled(users: int, size: Size, settings: Mapping[str, str] | None = None) -> Scaled:
    seconds = 0.0 if users <= size.written else size.sampled
    with ExitStack() as stack:
        entra = stack.enter_context(servers.entra(users, departments_of(users)))
        zscloud = stack.enter_context(servers.zscloud(bodies=False))
        return scaled(entra, zscloud, seconds, settings)


def scaled(
    entra: Entra, zscloud: ZSCloud, seconds: float, settings: Mapping[str, str] | None = None
) -> Scaled:
    """One program between the two tenants, in a process of its own: it writes for ``seconds``, or
    (0) to the end. Without ``settings`` the state is in SQLite.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        state = settings or {"STATE_STORE": f"sqlite:///{folder}/provisioning.db"}
        child = subprocess.run(
            [sys.executable, "-m", "benchmarks.scale_child", str(seconds)],
            cwd=servers.ROOT,
            env={**os.environ, **environment(entra, zscloud), **state},
            stdout=subprocess.PIPE,
            check=True,
        )
    return Scaled(**json.loads(child.stdout))
