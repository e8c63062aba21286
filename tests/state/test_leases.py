"""The lease: at most one holder at any time, and what the last one left."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.ports import LeasePort, LeaseState
from provisioning.state import leases
from provisioning.state.azure import BlobLeases
from provisioning.state.memory import MemoryStore
from provisioning.state.sqlite import SqliteStore
from tests.servers import azurite
from tests.state import azure_storage
from tests.state.clock import ManualClock

_Port = SqliteStore | MemoryStore | BlobLeases

_MAKE: dict[str, Callable[[Path, Callable[[], float]], _Port]] = {
    "threaded": lambda path, time: SqliteStore(path, time=time),
    "inline": lambda path, time: SqliteStore(path, threaded=False, time=time),
    "memory": lambda path, time: MemoryStore(time=time),
    "azure": lambda path, time: BlobLeases(
        azure_storage.account(), container=azure_storage.new_name(), time=time
    ),
}


class _Clock(ManualClock):
    """A clock that takes another along: in Azure, the service keeps the time of a lease."""

    def __init__(self) -> None:
        super().__init__()
        self.others: list[Callable[[float], None]] = []

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        for other in self.others:
            other(seconds)


@pytest.fixture
def clock() -> ManualClock:
    return _Clock()


@pytest.fixture(params=_MAKE)
async def port(
    request: pytest.FixtureRequest, tmp_path: Path, clock: _Clock
) -> AsyncIterator[LeasePort]:
    store = _MAKE[request.param](tmp_path / "state.db", clock.time)
    if isinstance(store, BlobLeases):
        clock.others.append(azurite.shared().put_clock_forward)
    yield store
    await store.close()


async def test_the_first_holder_gets_it_with_nothing_left(port: LeasePort) -> None:
    assert await port.read("tenant") is None
    state = await port.acquire("tenant", "one", 30.0)
    assert state == LeaseState("one", 1030.0, b"")
    assert await port.read("tenant") == state


async def test_another_gets_it_when_it_has_run_out(port: LeasePort, clock: ManualClock) -> None:
    await port.acquire("tenant", "one", 30.0)
    clock.advance(29.0)
    assert await port.acquire("tenant", "two", 30.0) is None
    clock.advance(1.0)
    assert await port.acquire("tenant", "two", 30.0) == LeaseState("two", 1060.0, b"")


async def test_renewing_prolongs_it(port: LeasePort, clock: ManualClock) -> None:
    await port.acquire("tenant", "one", 30.0)
    clock.advance(20.0)
    assert await port.renew("tenant", "one", 30.0)
    clock.advance(20.0)
    assert await port.acquire("tenant", "two", 30.0) is None
    # The latest that it may last: a blob does not say when it was renewed.
    until = 1070.0 if isinstance(port, BlobLeases) else 1050.0
    assert await port.read("tenant") == LeaseState("one", until, b"")


async def test_a_lost_lease_cannot_be_renewed_or_released(
    port: LeasePort, clock: ManualClock
) -> None:
    await port.acquire("tenant", "one", 30.0)
    clock.advance(30.0)
    await port.acquire("tenant", "two", 30.0)
    assert not await port.renew("tenant", "one", 30.0)
    await port.release("tenant", "one", b"of one")
    assert await port.read("tenant") == LeaseState("two", 1060.0, b"")


async def test_a_lease_that_ran_out_untaken_is_renewed(port: LeasePort, clock: ManualClock) -> None:
    await port.acquire("tenant", "one", 30.0)
    clock.advance(45.0)
    assert await port.renew("tenant", "one", 30.0)
    assert await port.acquire("tenant", "two", 30.0) is None


async def test_a_lease_that_nobody_held_cannot_be_renewed_or_released(port: LeasePort) -> None:
    assert not await port.renew("tenant", "one", 30.0)
    await port.release("tenant", "one", b"left")
    assert await port.read("tenant") is None


async def test_what_is_left_reaches_the_next_holder_and_the_one_after(
    port: LeasePort, clock: ManualClock
) -> None:
    await port.acquire("tenant", "one", 30.0)
    await port.release("tenant", "one", b"\x00left")
    assert await port.read("tenant") == LeaseState("", 0.0, b"\x00left")
    taken = await port.acquire("tenant", "two", 30.0)
    assert taken == LeaseState("two", 1030.0, b"\x00left", released=True)
    assert not await port.renew("tenant", "one", 30.0)
    clock.advance(30.0)  # The second holder dies without a word.
    assert await port.acquire("tenant", "three", 30.0) == LeaseState("three", 1060.0, b"\x00left")


async def test_leases_of_other_names_are_apart(port: LeasePort) -> None:
    await port.acquire("tenant", "one", 30.0)
    assert await port.acquire("other", "two", 30.0) is not None


async def test_asking_again_is_answered_again(port: LeasePort, clock: ManualClock) -> None:
    """An acquire whose answer was lost."""
    await port.acquire("tenant", "one", 30.0)
    clock.advance(5.0)
    assert await port.acquire("tenant", "one", 30.0) == LeaseState("one", 1035.0, b"")


_STEPS = st.tuples(
    st.sampled_from(["acquire", "renew", "release", "wait"]),
    st.sampled_from(["one", "two", "three"]),
    st.floats(0.0, 40.0),
)


@given(st.lists(_STEPS, max_size=40))
def test_there_is_never_a_second_holder(steps: list[tuple[str, str, float]]) -> None:
    """Each believes in its lease until the time it was told; no two beliefs overlap."""
    state: LeaseState | None = None
    now, believed = 1000.0, dict[str, float]()
    for verb, holder, seconds in steps:
        change: LeaseState | None = None
        if verb == "wait":
            now += seconds
        elif verb == "release":
            change = leases.released(state, holder, b"")
            believed.pop(holder, None)
        else:
            ask = leases.acquired if verb == "acquire" else leases.renewed
            change = ask(state, holder, now, 30.0)
            if change is not None:
                believed[holder] = change.until
        state = change or state
        assert sum(until > now for until in believed.values()) <= 1
