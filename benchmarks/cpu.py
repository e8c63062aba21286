"""CPU of the engine, against a bare aiohttp loop that sends the same writes.

CPU time of this process, not seconds: the servers are processes of their own, and of some rounds
the least counts.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import bare, servers
from benchmarks.figure import Figure, Size
from benchmarks.program import Load, environment, initial_cycle
from benchmarks.servers import Entra, ZSCloud
from provisioning.bootstrap import build
from provisioning.settings import load_settings
from provisioning.state.memory import MemoryStore
from provisioning.state.sqlite import SqliteStore
from tests.servers import azurite

MEASURE = "CPU"
_BUDGETS = {"memory": 1.3, "SQLite": 2.5}


@dataclass(frozen=True, slots=True)
class _Round:
    """CPU seconds of the bare loop, and the load with each store."""

    bare: float
    loads: Mapping[str, Load]


def measure(size: Size) -> list[Figure]:
    """CPU seconds of the engine with each store, and their ratios to the bare loop."""
    with servers.entra(size.users, size.departments) as entra, servers.zscloud() as zscloud:
        rounds = [asyncio.run(_round(entra, zscloud)) for _ in range(size.repeats)]
        azure = asyncio.run(_on_azurite(entra, zscloud))
    bare_cpu = min(each.bare for each in rounds)
    figures = [Figure(MEASURE, f"bare loop, {size.users:,} users", bare_cpu, "s")]
    for store in rounds[0].loads:
        load = min((each.loads[store] for each in rounds), key=lambda load: load.engine_cpu_seconds)
        figures += _figures(store, load, bare_cpu)
    return figures + _figures("Azurite, once", azure, bare_cpu)


def _figures(store: str, load: Load, bare_cpu: float) -> list[Figure]:
    engine, requests = load.engine_cpu_seconds, load.record.requests.scim
    budget = _BUDGETS.get(store)
    source = "" if budget is None else "budget of CPU"
    whole = "reads Graph and loads its SDK too"
    return [
        Figure(MEASURE, f"engine / bare, {store}", engine / bare_cpu, "x", budget, source=source),
        Figure(MEASURE, f"engine per request, {store}", engine / requests * 1000, "ms"),
        Figure(MEASURE, f"whole cycle, {store}", load.cpu_seconds, "s", source=whole),
    ]


async def _round(entra: Entra, zscloud: ZSCloud) -> _Round:
    """One after the other, so that a busy moment of the machine does not hit one of them alone."""
    environ = environment(entra, zscloud)
    zscloud.reset()
    store = MemoryStore()
    memory = await initial_cycle(environ, store, store)
    recording = bare.record(zscloud)
    zscloud.reset()
    cpu = await bare.replay(zscloud, recording)
    zscloud.reset()
    with tempfile.TemporaryDirectory() as folder:
        file = SqliteStore(Path(folder) / "provisioning.db")
        sqlite = await initial_cycle(environ, file, file)
    return _Round(cpu, {"memory": memory, "SQLite": sqlite})


async def _on_azurite(entra: Entra, zscloud: ZSCloud) -> Load:
    environ = environment(entra, zscloud)
    zscloud.reset()
    with azurite.running() as emulator:
        made = build(load_settings({**environ, "STATE_STORE": "azure", **emulator.environ}))
        return await initial_cycle(environ, made.store, made.leases)
