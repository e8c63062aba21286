"""One program at one size, in a process of its own: ``python -m benchmarks.scale_child SECONDS``.

The settings are in its environment. It reads the tenant, plans and files everything, then writes
for at most SECONDS (0: to the end). Prints one JSON line.

Written to the end, two cycles follow: one that repeats the first read, as it is due two minutes
later, and one that finds nothing changed.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from benchmarks import resident
from provisioning.bootstrap import SystemClock, build
from provisioning.errors import LeaseUnavailable
from provisioning.operations.cycles import run_cycle
from provisioning.record import CycleKind, CycleRecord, CycleStatus
from provisioning.services import Services
from provisioning.settings import load_settings

_LATER = 200.0
"""Seconds after which the first read is repeated, and a bit."""

_PATIENCE = 10
"""Leases that may be lost before a cycle is given up."""


@dataclass
class Scaled:
    """Bytes, CPU seconds of this process, and requests. ``done`` of ``filed`` items were written.

    ``idle_cpu`` and ``idle_graph`` are of a cycle that finds nothing changed; -1: none was run.
    """

    peak: int = 0
    peak_reading: int = 0
    peak_writing: int = 0
    stood_still: float = 0.0
    reading_cpu: float = 0.0
    reading_seconds: float = 0.0
    writing_cpu: float = 0.0
    lost: int = 0
    """How often the lease was lost: the loop, or the thread of the store, was busy too long."""
    filed: int = 0
    done: int = 0
    graph: int = 0
    scim: int = 0
    idle_cpu: float = -1.0
    idle_graph: int = -1
    idle_scim: int = -1


class _LaterClock(SystemClock):
    """The machine's time, put forward. What is measured by ``monotonic`` does not notice."""

    ahead = 0.0

    def time(self) -> float:
        """Seconds since the epoch."""
        return super().time() + self.ahead


class _Phases:
    """Notes when reading and planning are over: from then on everything is filed."""

    def __init__(self, found: Scaled) -> None:
        self._found = found
        self._began = time.process_time(), time.perf_counter()
        self.writing_began: float | None = None

    def note(self, record: CycleRecord) -> None:
        """Told of progress."""
        if record.phase == "provisioning" and self.writing_began is None:
            self.writing_began = time.process_time()
            self._found.reading_cpu = self.writing_began - self._began[0]
            self._found.reading_seconds = time.perf_counter() - self._began[1]
            self._found.peak_reading = resident.peak()
            self._found.filed = record.left
            resident.forget_peak()


async def measured(seconds: float) -> Scaled:
    """Runs the cycles. Raises ``RuntimeError`` if one does not end as it should."""
    found, clock = Scaled(), _LaterClock()
    made = replace(build(load_settings(os.environ)), clock=clock)
    try:
        # Loads the libraries: the loop stands still for them once in a process, and not by size.
        await made.source.service_principal()
        async with resident.Heart() as heart:
            await _initial(made, found, seconds)
        found.stood_still = heart.longest
        found.peak = max(found.peak_reading, found.peak_writing)
        if found.done >= found.filed:
            clock.ahead = _LATER
            await _completed(made)
            began = time.process_time()
            record = await _completed(made)
            found.idle_cpu = time.process_time() - began
            found.idle_graph, found.idle_scim = record.requests.graph, record.requests.scim
    finally:
        await made.close()
    return found


async def _initial(made: Services, found: Scaled, seconds: float) -> None:
    phases = _Phases(found)
    stop = asyncio.Event()

    def progress(record: CycleRecord) -> None:
        phases.note(record)
        found.done, found.scim = record.done, record.requests.scim
        found.graph = record.requests.graph
        if phases.writing_began is not None and seconds:
            stop.set()

    cycle = asyncio.create_task(_cycle(made, found, progress))
    if seconds:
        await _first_of((stop.wait(), cycle))
        await _first_of((asyncio.sleep(seconds), cycle))
    if seconds and not cycle.done():
        cycle.cancel()
        await asyncio.gather(cycle, return_exceptions=True)
    else:
        record = await cycle
        found.done = record.done
        _check(record)
    found.writing_cpu = time.process_time() - (phases.writing_began or 0.0)
    found.peak_writing = resident.peak()


async def _cycle(
    made: Services, found: Scaled, progress: Callable[[CycleRecord], None]
) -> CycleRecord:
    """The cycle, gone on with whenever the lease was lost, as the next timer would."""
    while True:
        try:
            record, _ = await run_cycle(made, CycleKind.INITIAL, progress=progress)
        except LeaseUnavailable:
            found.lost += 1
            if found.lost > _PATIENCE:
                raise
        else:
            return record


async def _first_of(waiting: tuple[object, ...]) -> None:
    tasks = [asyncio.ensure_future(each) for each in waiting]  # type: ignore[arg-type]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks[:1]:
        task.cancel()


async def _completed(made: Services) -> CycleRecord:
    record, _ = await run_cycle(made, CycleKind.INCREMENTAL)
    _check(record)
    return record


def _check(record: CycleRecord) -> None:
    if record.status is not CycleStatus.COMPLETED:
        raise RuntimeError(f"the cycle ended as {record.status}: {record.error}")


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(asyncio.run(measured(float(sys.argv[1]))))) + "\n")
