"""The program beside its peers in the same run: requests, time at five a second, what is wrong.

Seconds without a limit are measured at the latency of a real server. The time at five requests a
second is the requests divided by five, since nobody may send faster; where a limit is in force, it
is measured.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from benchmarks import bare, servers
from benchmarks.figure import Figure, Size
from benchmarks.peers import g2g, naive
from benchmarks.peers.wanted import Said, Wanted, Wrong, change, wanted, wrong
from benchmarks.program import environment
from benchmarks.servers import Entra, ZSCloud
from provisioning.bootstrap import build
from provisioning.operations.cycles import run_cycle
from provisioning.record import CycleKind, CycleStatus
from provisioning.settings import load_settings
from provisioning.state.memory import MemoryStore
from tests.scenarios.test_scale import floor

MEASURE = "peers"
_RATE = 5
_DISCOVERY = 1
"""One GET a tenant asks what the server can do."""

_LIMITED = (100, 5)
"""Users and departments where the limit is in force: a load of twenty seconds."""

_FAILING = (200, 5)
_EVERY = 20

Sync = Callable[[ZSCloud, Wanted], Said]
Results = dict[tuple[str, str], "_Ran"]
"""By scenario and system."""

_PROGRAM = "program"


@dataclass(frozen=True, slots=True)
class _Ran:
    """One synchronization. ``said`` is what it has to say about failures."""

    requests: int
    refused: int
    seconds: float
    said: str
    wrong: Wrong


class _Program:
    """The program, with what it has stored. It reads Entra instead of the list."""

    def __init__(self, entra: Entra, rate: int = 0) -> None:
        self._entra = entra
        self._rate = str(rate)
        self._store = MemoryStore()

    def __call__(self, zscloud: ZSCloud, _: Wanted) -> Said:
        """Runs one cycle; the first is an initial one."""
        return asyncio.run(self._cycle(zscloud))

    async def _cycle(self, zscloud: ZSCloud) -> Said:
        environ = environment(self._entra, zscloud)
        environ["ZSCLOUD_REQUESTS_PER_SECOND"] = self._rate
        services = replace(build(load_settings(environ)), store=self._store, leases=self._store)
        try:
            record, _ = await run_cycle(services, CycleKind.INCREMENTAL)
        finally:
            await services.close()
        done = record.status is CycleStatus.COMPLETED
        return Said("" if done else f"{record.status}: {record.error}")


def measure(size: Size) -> list[Figure]:
    """All scenarios, each with everybody; g2g-scim-sync where its environment is there."""
    peers: dict[str, Sync] = {"naive": naive.synchronize}
    if g2g.is_installed():
        peers["g2g-scim-sync"] = g2g.synchronize
    else:
        sys.stderr.write("peers: g2g-scim-sync NOT MEASURED, `make bench` installs it (3.12+).\n")
    results: Results = {}
    with servers.zscloud() as zscloud:
        bare_seconds = _life(zscloud, peers, size, results)
        _limited(zscloud, peers, results)
        _failing(zscloud, peers, results)
    least = floor(size.peers, _departments(size))
    first = _FIRST.format(size.peers)
    return [
        Figure(MEASURE, f"{first}; bare loop; requests", least, "", source="the least possible"),
        Figure(MEASURE, f"{first}; bare loop; seconds", bare_seconds, "s"),
        Figure(MEASURE, f"{first}; bare loop; at 5/s", least / _RATE, "s"),
        *_figures(results, {first: least * 1.02 + _DISCOVERY, _SAME: 0.0}),
    ]


_FIRST = "first load, {:,} users"
_SAME = "nothing changed"
_CHANGED = "1 % changed"
_NOBODY = "source shows nobody"
_AT_LIMIT = "first load of {:,} behind 5/s"
_503 = "every 20th write fails, {:,} users"


def _life(zscloud: ZSCloud, peers: Mapping[str, Sync], size: Size, results: Results) -> float:
    """First load, nothing changed, 1 % changed, and a source that shows nobody. Gives the seconds
    of the bare loop.
    """
    users, departments = size.peers, _departments(size)
    people, first = wanted(users, departments), _FIRST.format(users)
    with servers.entra(users, departments) as entra:
        program = _Program(entra)
        _begin(zscloud, size.latency)
        results[first, _PROGRAM] = _run(zscloud, program, people)
        recording = bare.record(zscloud)
        results[_SAME, _PROGRAM] = _run(zscloud, program, people)
        changed = change(entra, people, departments)
        results[_CHANGED, _PROGRAM] = _run(zscloud, program, changed)
        entra.change("knobs", kept_share=0.0)
        results[_NOBODY, _PROGRAM] = _run(zscloud, program, changed)
    for name, peer in peers.items():
        _begin(zscloud, size.latency)
        results[first, name] = _run(zscloud, peer, people)
        results[_SAME, name] = _run(zscloud, peer, people)
        results[_CHANGED, name] = _run(zscloud, peer, changed)
        results[_NOBODY, name] = _run(zscloud, peer, Wanted(()), expected=changed)
    _begin(zscloud, size.latency)
    began = time.perf_counter()
    asyncio.run(bare.replay(zscloud, recording))
    return time.perf_counter() - began


def _departments(size: Size) -> int:
    """Groups of about twenty."""
    return max(3, size.peers // 20)


def _limited(zscloud: ZSCloud, peers: Mapping[str, Sync], results: Results) -> None:
    """A first load where ZSCloud answers 429 to who sends too fast."""
    users, departments = _LIMITED
    people = wanted(users, departments)
    with servers.entra(users, departments) as entra:
        for name, sync in {_PROGRAM: _Program(entra, rate=_RATE), **peers}.items():
            zscloud.reset()
            zscloud.set_options(rate=_RATE, burst=_RATE)
            results[_AT_LIMIT.format(users), name] = _run(zscloud, sync, people)
            zscloud.set_options(rate=0)


def _failing(zscloud: ZSCloud, peers: Mapping[str, Sync], results: Results) -> None:
    """A first load where every twentieth write is answered 500, and works when it is repeated."""
    users, departments = _FAILING
    people = wanted(users, departments)
    with servers.entra(users, departments) as entra:
        for name, sync in {_PROGRAM: _Program(entra), **peers}.items():
            zscloud.reset(fail_every_write=_EVERY)
            results[_503.format(users), name] = _run(zscloud, sync, people)


def _begin(zscloud: ZSCloud, latency: float) -> None:
    zscloud.reset(latency=latency)


def _run(zscloud: ZSCloud, sync: Sync, source: Wanted, *, expected: Wanted | None = None) -> _Ran:
    before = len(zscloud.requests())
    began = time.perf_counter()
    said = sync(zscloud, source)
    seconds = time.perf_counter() - began if said.seconds is None else said.seconds
    requests = zscloud.requests()[before:]
    refused = sum(request["status"] == 429 for request in requests)
    return _Ran(len(requests), refused, seconds, said.text, wrong(zscloud, expected or source))


def _figures(results: Results, bounds: Mapping[str, float]) -> list[Figure]:
    """``bounds`` are those of the program's requests; elsewhere the best peer's are one, if it
    left nothing wrong.
    """
    found: list[Figure] = []
    for (scenario, system), ran in results.items():
        ours = system == _PROGRAM
        bound = bounds.get(scenario, _best_peer(results, scenario)) if ours else None
        place = f"{scenario}; {system}"
        is_limited = scenario == _AT_LIMIT.format(_LIMITED[0])
        at_rate = ran.seconds if is_limited else ran.requests / _RATE
        words = "; ".join(part for part in (ran.wrong.what, ran.said) if part)
        found += [
            Figure(MEASURE, f"{place}; requests", ran.requests, "", bound),
            Figure(MEASURE, f"{place}; seconds", ran.seconds, "s"),
            Figure(MEASURE, f"{place}; at 5/s", at_rate, "s"),
            Figure(MEASURE, f"{place}; 429", ran.refused, ""),
            Figure(
                MEASURE,
                f"{place}; wrong",
                ran.wrong.objects + ran.wrong.attributes,
                "",
                0.0 if ours else None,
                source=words,
            ),
        ]
    return found


def _best_peer(results: Results, scenario: str) -> float | None:
    right = [
        ran.requests
        for (where, system), ran in results.items()
        if where == scenario and system != _PROGRAM and not ran.wrong.objects
    ]
    return float(min(right)) if right else None
