"""The send slots: never more than the rate, most urgent first, nothing lost to the unused."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.apply.sending.pacer import Pacer
from simulator.zscloud import max_in_any_second
from tests.scenarios.simulation import RunningClock
from tests.simulated_time import run_simulated


def test_slots_are_a_little_more_than_a_fifth_of_a_second_apart() -> None:
    """5 a second, with one per cent of room, and no burst after an idle time."""

    async def story() -> list[float]:
        pacer, times = Pacer(5, RunningClock()), []
        for number in range(20):
            if number == 10:
                await asyncio.sleep(30)
            turn = await pacer.turn((4,))
            times.append(asyncio.get_running_loop().time())
            turn.finish()
        return times

    times = run_simulated(story).result
    assert max_in_any_second(times) == 5
    assert min(b - a for a, b in pairwise(times)) > 0.2


def test_the_most_urgent_gets_the_next_slot() -> None:
    """A leaver that comes last goes first."""

    async def story() -> list[int]:
        pacer, order = Pacer(5, RunningClock()), []

        async def send(priority: int) -> None:
            turn = await pacer.turn((priority,))
            order.append(priority)
            turn.finish()

        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(send(4))
            await asyncio.sleep(0.3)
            group.create_task(send(1))
        return order

    order = run_simulated(story).result
    assert order.index(1) == 2


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.floats(0, 0.5), st.floats(0, 3), st.sampled_from("sgt")),
        max_size=40,
    ),
    st.sampled_from([1, 5, 20]),
)
def test_never_more_than_the_rate_whatever_happens(
    wishes: list[tuple[int, float, float, str]], rate: int
) -> None:
    """Latency, slots given back and refusals: everybody is served, at most at the rate."""

    async def story() -> list[float]:
        pacer, times = Pacer(rate, RunningClock()), []

        async def send(priority: int, latency: float, kind: str) -> None:
            turn = await pacer.turn((priority,))
            if kind == "g":
                turn.give_back()
                return
            times.append(asyncio.get_running_loop().time())
            await asyncio.sleep(latency)
            if kind == "t":
                pacer.refused(1.0)
            turn.finish()

        async with asyncio.TaskGroup() as group:
            for priority, pause, latency, kind in wishes:
                await asyncio.sleep(pause)
                group.create_task(send(priority, latency, kind))
        await pacer.close()
        return times

    times = run_simulated(story).result
    assert len(times) == sum(kind != "g" for *_, kind in wishes)
    assert max_in_any_second(sorted(times)) <= rate


def test_the_pace_is_kept_over_a_hand_over() -> None:
    """The next holder waits for the slot after the last one of the holder before."""

    async def story() -> float:
        clock = RunningClock()
        first, second = Pacer(5, clock), Pacer(5, clock)
        (await first.turn((4,))).finish()
        second.resume_after(first.sends())
        began = clock.time()
        (await second.turn((4,))).finish()
        return clock.time() - began

    assert run_simulated(story).result > 0.2


@given(st.lists(st.floats(0, 0.15), min_size=12, max_size=40))
@settings(max_examples=60, deadline=None)
def test_requests_that_are_held_up_before_the_wire_keep_their_distance(delays: list[float]) -> None:
    """The process is busy with something else between the slot and the first byte."""

    async def story() -> list[float]:
        clock = RunningClock()
        pacer, written = Pacer(5, clock), []

        async def send(delay: float) -> None:
            turn = await pacer.turn((4,))
            await turn.start()
            await clock.sleep(delay)
            turn.written()
            written.append(clock.monotonic())
            await clock.sleep(0.3)
            turn.finish()

        async with asyncio.TaskGroup() as group:
            for delay in delays:
                group.create_task(send(delay))
        return sorted(written)

    written = run_simulated(story).result
    assert max_in_any_second(written, 0.01) <= 5
