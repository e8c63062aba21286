"""CPU of the engine, against a bare aiohttp loop that sends the same writes."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from benchmarks import bare, servers
from benchmarks.figure import Figure, Size
from benchmarks.program import Load, environment, initial_cycle
from benchmarks.servers import Entra, ZSCloud
from provisioning.state.memory import MemoryStore
from provisioning.state.sqlite import SqliteStore

MEASURE = "CPU"


def measure(size: Size) -> list[Figure]:
    """CPU seconds of the engine with each store, and their ratios to the bare loop."""
    with servers.entra(size.users, size.departments) as entra, servers.zscloud() as zscloud:
        rounds = [asyncio.run(_round(entra, zscloud)) for _ in range(size.repeats)]
    bare_cpu = min(cpu for cpu, _, _ in rounds)
    memory = min((load for _, load, _ in rounds), key=lambda load: load.engine_cpu_seconds)
    sqlite = min((load for _, _, load in rounds), key=lambda load: load.engine_cpu_seconds)
    writes = memory.record.requests.scim
    return [
        Figure(MEASURE, f"bare loop, {size.users:,} users", bare_cpu, "s"),
        _ratio("engine / bare, memory", memory, bare_cpu, 1.3),
        _ratio("engine / bare, SQLite", sqlite, bare_cpu, 2.5),
        Figure(MEASURE, "engine per request, memory", _ms(memory, writes), "ms"),
        Figure(MEASURE, "engine per request, SQLite", _ms(sqlite, writes), "ms"),
        Figure(
            MEASURE,
            "whole cycle, memory",
            memory.cpu_seconds,
            "s",
            source="reads Graph and loads its SDK too",
        ),
    ]


async def _round(entra: Entra, zscloud: ZSCloud) -> tuple[float, Load, Load]:
    """The three in turn, so that a busy moment of the machine does not hit one of them alone."""
    environ = environment(entra, zscloud)
    zscloud.reset()
    memory = await initial_cycle(environ, MemoryStore())
    recording = bare.record(zscloud)
    zscloud.reset()
    cpu = await bare.replay(zscloud, recording)
    zscloud.reset()
    with tempfile.TemporaryDirectory() as folder:
        sqlite = await initial_cycle(environ, SqliteStore(Path(folder) / "provisioning.db"))
    return cpu, memory, sqlite


def _ratio(subject: str, load: Load, bare_cpu: float, budget: float) -> Figure:
    ratio = load.engine_cpu_seconds / bare_cpu
    return Figure(MEASURE, subject, ratio, "x", budget, source="budget of CPU")


def _ms(load: Load, requests: int) -> float:
    return load.engine_cpu_seconds / requests * 1000
