"""Simulated time, and death at any step."""

from __future__ import annotations

import asyncio
import gc
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

import pytest

from tests.simulated_time import (
    EPOCH,
    Deadlock,
    SimulatedClock,
    SimulatedLoop,
    discard_abandoned,
    run_simulated,
)


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """Warnings of what a test abandoned belong to that test."""
    yield
    discard_abandoned()
    gc.collect()


def _clock() -> SimulatedClock:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop)
    return SimulatedClock(loop)


def test_sleepers_wake_in_the_order_of_their_times() -> None:
    woken: list[tuple[str, float]] = []

    async def sleeper(clock: SimulatedClock, name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.time() - EPOCH))

    async def main() -> float:
        clock = _clock()
        await asyncio.gather(
            sleeper(clock, "last", 86_400), sleeper(clock, "first", 0.5), sleeper(clock, "mid", 30)
        )
        return clock.monotonic()

    assert run_simulated(main).result == 86_400
    assert woken == [("first", 0.5), ("mid", 30), ("last", 86_400)]


def test_ten_thousand_sleeps_take_no_time() -> None:
    async def main() -> float:
        for _ in range(10_000):
            await asyncio.sleep(60)
        return _clock().time()

    before = time.perf_counter()
    result = run_simulated(main).result
    assert result == pytest.approx(EPOCH + 600_000)
    assert time.perf_counter() - before < 10


def test_time_continues_where_an_earlier_run_ended() -> None:
    async def main() -> float:
        await asyncio.sleep(5)
        return _clock().time()

    first = run_simulated(main).result
    assert run_simulated(main, start=first).result == EPOCH + 10


def _program(log: list[str]) -> Callable[[], Coroutine[Any, Any, str]]:
    """Two tasks that note each piece of work between two awaits, and their clean-up."""

    async def child() -> None:
        try:
            log.append("child 1")
            await asyncio.sleep(1)
            log.append("child 2")
            await asyncio.sleep(10)
            log.append("child 3")
        finally:
            log.append("child cleanup")
            await asyncio.sleep(0)
            log.append("child cleanup after await")

    async def numbers() -> AsyncIterator[int]:
        try:
            for number in range(2):
                await asyncio.sleep(2)
                yield number
        finally:
            log.append("numbers cleanup")

    async def main() -> str:
        async with asyncio.TaskGroup() as group:
            group.create_task(child())
            async for number in numbers():
                log.append(f"main {number}")
        log.append("main end")
        return "done"

    return main


def test_killed_program_stops_between_any_two_awaits_without_cleanup() -> None:
    whole: list[str] = []
    run = run_simulated(_program(whole))
    assert (run.finished, run.result) == (True, "done")
    assert "child cleanup after await" in whole
    seen = set()
    for steps in range(run.steps_used):
        log: list[str] = []
        killed = run_simulated(_program(log), steps=steps)
        assert killed == (False, None, steps)
        gc.collect()
        assert log == whole[: len(log)]
        seen.add(len(log))
    # No await lies between these: what precedes each is always done together with it.
    together = {"numbers cleanup", "child cleanup"}
    assert seen == {n for n in range(len(whole) + 1) if n == len(whole) or whole[n] not in together}
    assert run_simulated(_program([]), steps=run.steps_used) == run


def test_abandoned_cleanup_waits_until_discarded_and_passes_no_await() -> None:
    log: list[str] = []
    run_simulated(_program(log), steps=3)
    gc.collect()
    assert log == ["child 1"]
    discard_abandoned()
    assert log[0] == "child 1"
    # Whether the generator inside is finalised too is up to the Python version.
    assert "child cleanup" in log[1:]
    assert set(log[1:]) <= {"child cleanup", "numbers cleanup"}


def test_kill_leaves_unstarted_tasks_and_pending_futures_without_warning() -> None:
    async def worker() -> None:
        await asyncio.get_running_loop().create_future()

    async def main() -> None:
        async with asyncio.timeout(5):
            await asyncio.gather(*(asyncio.create_task(worker()) for _ in range(3)))

    for steps in range(8):
        assert not run_simulated(main, steps=steps).finished
        discard_abandoned()
        gc.collect()


def test_exception_of_the_program_propagates() -> None:
    async def main() -> None:
        await asyncio.sleep(1)
        raise ValueError("from main")

    with pytest.raises(ValueError, match="from main"):
        run_simulated(main)


def test_task_group_raises_together_and_cancels() -> None:
    cancelled: list[float] = []

    async def waits() -> None:
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            cancelled.append(_clock().monotonic())
            raise

    async def fails() -> None:
        await asyncio.sleep(2)
        raise KeyError("failed")

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(waits())
            group.create_task(fails())

    with pytest.raises(ExceptionGroup) as raised:
        run_simulated(main)
    assert raised.group_contains(KeyError)
    assert cancelled == [2]


def test_other_tasks_are_cancelled_at_the_end() -> None:
    ended: list[str] = []

    async def background() -> None:
        try:
            await asyncio.sleep(1000)
        finally:
            ended.append("background")

    async def main() -> float:
        task = asyncio.create_task(background())
        await asyncio.sleep(1)
        assert not task.done()
        return _clock().monotonic()

    assert run_simulated(main).result == 1
    assert ended == ["background"]


def test_timeout_counts_simulated_time() -> None:
    async def main() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await asyncio.get_running_loop().create_future()
        return _clock().monotonic()

    assert run_simulated(main).result == 3600


def test_deadlock_shows_where_each_task_waits() -> None:
    async def waits_for_ever(event: asyncio.Event) -> None:
        await event.wait()

    async def main() -> None:
        event = asyncio.Event()
        task = asyncio.create_task(waits_for_ever(event), name="sleeper")
        await task

    with pytest.raises(Deadlock) as raised:
        run_simulated(main)
    dump = str(raised.value)
    assert "Task main:" in dump
    assert "Task sleeper:" in dump
    assert "await event.wait()" in dump
    assert "waits for <_asyncio.FutureIter" in dump or "waits for <Future" in dump


def test_threads_are_refused() -> None:
    async def in_a_thread() -> None:
        await asyncio.to_thread(time.time)

    async def in_an_executor() -> None:
        await asyncio.get_running_loop().run_in_executor(None, time.time)

    for main in (in_a_thread, in_an_executor):
        with pytest.raises(RuntimeError, match="Simulated time has no threads"):
            run_simulated(main)


def test_sockets_work_and_take_no_time() -> None:
    async def main() -> tuple[bytes, float]:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readline())
            writer.close()
            await writer.wait_closed()

        near, far = socket.socketpair()
        server = asyncio.create_task(echo(*await asyncio.open_connection(sock=far)))
        reader, writer = await asyncio.open_connection(sock=near)
        writer.write(b"hello\n")
        answer = await reader.readline()
        writer.close()
        await writer.wait_closed()
        await server
        return answer, _clock().monotonic()

    assert run_simulated(main).result == (b"hello\n", 0)


async def test_running_loop_is_refused() -> None:
    async def main() -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="inside a running loop"):
        run_simulated(main)
