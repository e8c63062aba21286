"""The program under measure: an initial cycle over real sockets at unlimited rate."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from benchmarks.servers import Entra, ZSCloud
from provisioning.bootstrap import build
from provisioning.operations.cycles import run_cycle
from provisioning.ports import LeasePort, Store
from provisioning.record import CycleKind, CycleRecord, CycleStatus
from provisioning.settings import load_settings


@dataclass(frozen=True, slots=True)
class Load:
    """What an initial cycle took. ``cpu_seconds`` and ``engine_cpu_seconds`` are this process's
    user and system time: of the whole cycle, and of the draining alone.
    """

    record: CycleRecord
    seconds: float
    cpu_seconds: float
    engine_cpu_seconds: float


class _Beginning:
    """Notes the CPU time at which the engine begins: what comes before is reading."""

    def __init__(self, then: Callable[[], None]) -> None:
        self.cpu: float | None = None
        self._then = then

    def note(self, record: CycleRecord) -> None:
        if self.cpu is None and record.phase == "provisioning":
            self.cpu = time.process_time()
            self._then()


def environment(entra: Entra, zscloud: ZSCloud, **settings: str) -> dict[str, str]:
    """The settings that connect the program with the two tenants."""
    return {
        "ENTRA_SERVICE_PRINCIPAL_ID": entra.service_principal_id,
        "GRAPH_BASE_URL": entra.graph_url,
        "ZSCLOUD_SCIM_BASE_URL": zscloud.url,
        "ZSCLOUD_SCIM_TOKEN": zscloud.token,
        "ZSCLOUD_REQUESTS_PER_SECOND": "0",
        "PROVISIONING_STATUS": "on",
        **settings,
    }


async def initial_cycle(
    environ: Mapping[str, str],
    store: Store,
    leases: LeasePort,
    engine_begins: Callable[[], None] = lambda: None,
) -> Load:
    """Runs the first cycle of an empty store. ``engine_begins`` is called when all is read.

    Raises ``RuntimeError`` if the cycle does not complete.
    """
    services = replace(build(load_settings(environ)), store=store, leases=leases)
    beginning = _Beginning(engine_begins)
    cpu, wall = time.process_time(), time.perf_counter()
    try:
        record, _ = await run_cycle(services, CycleKind.INITIAL, progress=beginning.note)
    finally:
        await services.close()
    ended = time.process_time()
    if record.status is not CycleStatus.COMPLETED or beginning.cpu is None:
        raise RuntimeError(f"the cycle ended as {record.status}: {record.error}")
    return Load(record, time.perf_counter() - wall, ended - cpu, ended - beginning.cpu)
