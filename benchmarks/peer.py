"""The program beside a naive synchronizer over scim2-client, at the latency of a real server."""

from __future__ import annotations

import asyncio

from benchmarks import naive, servers
from benchmarks.figure import Figure, Size
from benchmarks.program import environment, initial_cycle
from provisioning.state.memory import MemoryStore
from tests.scenarios.test_scale import floor

MEASURE = "peer"


def measure(size: Size) -> list[Figure]:
    """Requests and seconds of both for the same first load, neither with a limit."""
    with servers.entra(size.users, size.departments) as entra, servers.zscloud() as zscloud:
        zscloud.reset(latency=size.latency)
        source = naive.wanted(size.users, size.departments)
        naive_seconds = naive.synchronize(zscloud, source)
        naive_requests = len(zscloud.requests())
        again = naive.synchronize(zscloud, source)
        naive_no_change = len(zscloud.requests()) - naive_requests
        zscloud.reset(latency=size.latency)
        load = asyncio.run(initial_cycle(environment(entra, zscloud), MemoryStore()))
        requests = len(zscloud.requests())
    least = floor(size.users, size.departments)
    return [
        Figure(MEASURE, f"naive, {size.users:,} users: seconds", naive_seconds, "s"),
        Figure(MEASURE, "program: seconds", load.seconds, "s", naive_seconds, source="the naive"),
        Figure(MEASURE, "naive: requests", naive_requests, "", source="all members in one POST"),
        Figure(MEASURE, "program: requests", requests, "", least * 1.02, source=f"1.02 x {least}"),
        Figure(MEASURE, "naive, no change: requests", naive_no_change, "", source="program: 0"),
        Figure(MEASURE, "naive, no change: seconds", again, "s"),
    ]
