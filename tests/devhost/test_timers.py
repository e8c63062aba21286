"""Timers on simulated time: each tick fires once, in one of the processes, and none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from devhost.invocations import InvocationFailed, InvocationStopped
from devhost.timers import LEASE_SECONDS, Timer
from provisioning.errors import StoreUnavailable
from provisioning.ncrontab import parse_schedule
from provisioning.state.memory import MemoryStore
from tests.simulated_time import (
    SimulatedClock,
    SimulatedLoop,
    discard_abandoned,
    run_simulated,
)

MINUTE = datetime(2026, 3, 1, 10, 0, 10, tzinfo=UTC).timestamp()
"""Ten seconds past a full minute."""


class World:
    """Leases that outlive processes, and every tick: seconds since 10:00, holder, past due."""

    def __init__(self) -> None:
        self.now = MINUTE
        self.leases = MemoryStore(time=self._time)
        self.clock: SimulatedClock
        self.ticks: list[tuple[float, str, bool]] = []
        self.lasts = 0.0
        self.fails: list[Exception] = []

    def process(self, *holders: str, seconds: float, schedule: str = "0 * * * * *") -> None:
        """Processes that run for so many seconds and end."""
        self._run(lambda: self._serve(holders, seconds, schedule))

    def killed(self, holder: str, steps: int, schedule: str = "0 * * * * *") -> None:
        self._run(lambda: self._serve((holder,), 1000, schedule), steps)

    def _run(self, main: Callable[[], Any], steps: int | None = None) -> None:
        async def timed() -> None:
            loop = asyncio.get_running_loop()
            assert isinstance(loop, SimulatedLoop)
            self.clock = SimulatedClock(loop)
            await main()

        run_simulated(timed, steps=steps, start=self.now)
        self.now = self.clock.time()

    async def _serve(self, holders: tuple[str, ...], seconds: float, schedule: str) -> None:
        stop = asyncio.Event()
        timers = [self._timer(holder, schedule) for holder in holders]
        running = [asyncio.create_task(timer.run(stop)) for timer in timers]
        await asyncio.sleep(seconds)
        stop.set()
        await asyncio.gather(*running)

    def _timer(self, holder: str, schedule: str) -> Timer:
        async def call(past_due: bool) -> None:
            self.ticks.append((self.seconds, holder, past_due))
            await asyncio.sleep(self.lasts)
            if self.fails:
                raise self.fails.pop()

        parsed = parse_schedule(schedule)
        return Timer("tick", parsed, self.leases, holder, call, time=self._time)

    def _time(self) -> float:
        return self.clock.time()

    @property
    def seconds(self) -> float:
        """Seconds since 10:00."""
        return self.clock.time() - MINUTE + 10

    @property
    def times(self) -> list[float]:
        return [round(time) for time, _, _ in self.ticks]


@pytest.fixture
def world() -> Iterator[World]:
    yield World()
    # Not before: the clean-up of what was killed would release its leases.
    discard_abandoned()


def test_timer_fires_at_its_times_and_not_at_the_start(world: World) -> None:
    world.process("a", seconds=200)
    assert world.ticks == [(60.0, "a", False), (120.0, "a", False), (180.0, "a", False)]


def test_each_tick_fires_in_one_of_the_processes(world: World) -> None:
    world.lasts = 3.0
    world.process("a", "b", "c", seconds=600)
    assert world.times == [60.0 * n for n in range(1, 11)]
    assert not any(past_due for _, _, past_due in world.ticks)


def test_missed_ticks_fire_once_past_due_at_the_next_start(world: World) -> None:
    world.process("a", seconds=60)
    world.now += 1000
    world.process("b", seconds=60)
    assert [past_due for _, _, past_due in world.ticks] == [False, True, False]
    assert world.times == [60, 1070, 1080]


def test_restart_without_a_missed_tick_fires_nothing(world: World) -> None:
    world.process("a", seconds=60)
    world.process("b", seconds=20)
    assert world.times == [60]


def test_new_schedule_begins_afresh(world: World) -> None:
    world.process("a", seconds=60)
    world.now += 1000
    world.process("b", seconds=105, schedule="30 * * * * *")
    assert world.ticks[1:] == [(1110.0, "b", False), (1170.0, "b", False)]


def test_ticks_during_a_long_run_are_left_out(world: World) -> None:
    world.lasts = 150.0
    world.process("a", "b", seconds=420)
    assert world.times == [60, 240, 420]


def test_failed_tick_is_not_repeated(world: World) -> None:
    world.fails = [InvocationFailed()]
    world.process("a", seconds=150)
    assert world.times == [60, 120]


def test_stopped_tick_fires_past_due_later(world: World) -> None:
    world.fails = [InvocationStopped()]
    world.lasts = 5.0
    world.process("a", seconds=52)
    world.now += 20
    world.process("b", seconds=10)
    assert [(holder, past_due) for _, holder, past_due in world.ticks] == [
        ("a", False),
        ("b", True),
    ]


def test_tick_of_a_killed_process_fires_past_due_in_another(world: World) -> None:
    """Killed while the function runs: the tick was begun, and nobody knows how far it came."""
    world.lasts = 1e6
    world.killed("a", 40)
    killed_at = world.seconds
    assert [(time, holder) for time, holder, _ in world.ticks] == [(60.0, "a")]
    world.lasts = 1.0
    world.process("b", seconds=300)
    again, *others = world.ticks[1:]
    assert again[1:] == ("b", True)
    # As soon as the lease has run out, which was renewed every third of its length.
    assert 0 < again[0] - killed_at <= LEASE_SECONDS + 2
    assert len(others) >= 3
    assert all(time % 60 == 0 and not past_due for time, _, past_due in others)


def test_killed_at_any_moment_the_next_process_takes_over(world: World) -> None:
    world.lasts = 5.0
    for steps in range(2, 40):
        world.killed("a", steps)
        killed_at, before = world.seconds, len(world.ticks)
        world.process("b", seconds=100)
        first = world.ticks[before][0]
        assert first - killed_at <= 60 + LEASE_SECONDS, steps


def test_storage_that_is_away_delays_a_tick(world: World, caplog: pytest.LogCaptureFixture) -> None:
    acquire, away = world.leases.acquire, [True] * 4

    async def failing(name: str, holder: str, seconds: float) -> Any:
        if world.clock.time() > MINUTE + 45 and away:
            away.pop()
            raise StoreUnavailable("The state store is away.")
        return await acquire(name, holder, seconds)

    world.leases.acquire = failing  # type: ignore[method-assign]
    world.process("a", seconds=130)
    assert world.ticks == [(64.0, "a", True), (120.0, "a", False)]
    assert caplog.text.count("tick does not tick now: The state store is away.") == 4


def test_call_by_hand_waits_for_the_one_that_runs(world: World) -> None:
    async def story() -> None:
        world.lasts = 5.0
        timer = world._timer("a", "0 * * * * *")
        await asyncio.gather(timer.fire_by_hand(), timer.fire_by_hand())

    world._run(story)
    assert [round(time - 10) for time, _, _ in world.ticks] == [0, 5]
