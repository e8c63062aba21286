"""The pump of a queue trigger, on simulated time and a queue in a file."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest

from devhost.host_json import QueueOptions
from devhost.invocations import InvocationFailed, InvocationStopped
from devhost.pump import LOCK_SECONDS, Pump
from provisioning.errors import QueueUnavailable
from provisioning.queues.embedded import EmbeddedQueue
from provisioning.queues.messages import Message
from tests.simulated_time import SimulatedClock, SimulatedLoop, run_simulated

OPTIONS = QueueOptions(
    batch_size=1,
    new_batch_threshold=0,
    max_dequeue_count=3,
    max_polling_interval=2.0,
    visibility_timeout=30.0,
)


@dataclass
class World:
    """A queue, and what a function saw of it: texts with the seconds since the start."""

    queue: EmbeddedQueue
    clock: SimulatedClock
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    seen: list[tuple[str, int, float]] = field(default_factory=list)

    def see(self, message: Message) -> None:
        self.seen.append((message.text, message.dequeue_count, round(self.clock.monotonic(), 1)))

    async def left(self, name: str = "work") -> list[tuple[str, int]]:
        """What is on a queue, visible or not."""
        self.queue._time = lambda: self.clock.time() + 1e5  # when all locks have run out
        found = await self.queue.receive(name, 100, 1)
        return [(each.text, each.dequeue_count) for each in found]

    async def pump(
        self,
        call: Callable[[Message], Awaitable[None]],
        seconds: float,
        options: QueueOptions = OPTIONS,
        name: str = "work",
    ) -> None:
        """Pumps for so many seconds, then to the end of what runs."""
        pump = Pump(name, self.queue, call, options)
        running = asyncio.create_task(pump.run(self.stop))
        await asyncio.sleep(seconds)
        self.stop.set()
        await running


def simulate(folder: Path, story: Callable[[World], Awaitable[None]]) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedLoop)
        clock = SimulatedClock(loop)
        queue = EmbeddedQueue(folder / "queues.db", threaded=False, time=clock.time)
        await story(World(queue, clock))
        await queue.close()

    run_simulated(main)


def test_message_is_handled_once_and_deleted(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        async def call(message: Message) -> None:
            world.see(message)

        await world.queue.send("work", "one")
        await world.queue.send("work", "two")
        await world.pump(call, 100)
        assert sorted(world.seen) == [("one", 1, 0.0), ("two", 1, 0.0)]
        assert await world.left() == []

    simulate(tmp_path, story)


def test_one_at_a_time_when_the_batch_is_one(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        async def call(message: Message) -> None:
            world.see(message)
            await asyncio.sleep(5)

        for text in "abc":
            await world.queue.send("work", text)
        await world.pump(call, 12)
        assert [start for _, _, start in world.seen] == [0.0, 5.0, 10.0]
        assert await world.left() == []

    simulate(tmp_path, story)


def test_next_batch_comes_when_few_are_left(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        async def call(message: Message) -> None:
            world.see(message)
            await asyncio.sleep(len(world.seen))

        for text in "abcdefg":
            await world.queue.send("work", text)
        options = QueueOptions(batch_size=4, new_batch_threshold=1)
        await world.pump(call, 20, options)
        starts = [start for _, _, start in world.seen]
        # Four at once; the next four when three of them are done.
        assert starts == [0.0] * 4 + [3.0] * 3

    simulate(tmp_path, story)


def test_empty_queue_is_looked_at_less_and_less_often(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        looks: list[float] = []
        found: list[int] = []
        receive = world.queue.receive

        async def looking(name: str, count: int, visibility: float) -> object:
            looks.append(world.clock.monotonic())
            return await receive(name, count, visibility)

        async def call(message: Message) -> None:
            found.append(len(looks))

        world.queue.receive = looking  # type: ignore[assignment,method-assign]
        await world.pump(call, 30)
        pauses = [later - earlier for earlier, later in pairwise(looks)]
        assert 0.08 <= pauses[0] <= 0.1
        assert all(1.6 <= pause <= 2.0 for pause in pauses[5:])
        looks.clear()
        world.stop.clear()
        await world.queue.send("work", "news", delay=10)
        await world.pump(call, 15)
        [at] = found
        assert looks[at + 1] - looks[at - 1] <= 0.1

    simulate(tmp_path, story)


def test_woken_pump_looks_at_once(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        async def call(message: Message) -> None:
            world.see(message)

        pump = Pump("work", world.queue, call, QueueOptions(max_polling_interval=1000.0))
        running = asyncio.create_task(pump.run(world.stop))
        await asyncio.sleep(500)
        await world.queue.send("work", "now")
        pump.wake()
        await asyncio.sleep(0.1)
        assert world.seen == [("now", 1, 500.0)]
        world.stop.set()
        await running

    simulate(tmp_path, story)


def test_message_stays_invisible_while_its_function_works(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        async def call(message: Message) -> None:
            world.see(message)
            await asyncio.sleep(20 * LOCK_SECONDS)

        await world.queue.send("work", "long")
        other = World(world.queue, world.clock, world.stop, world.seen)
        await asyncio.gather(world.pump(call, 700), other.pump(call, 700))
        assert world.seen == [("long", 1, 0.0)]
        assert await world.left() == []

    simulate(tmp_path, story)


def test_failed_message_is_tried_again_and_then_set_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(world: World) -> None:
        async def call(message: Message) -> None:
            world.see(message)
            raise InvocationFailed

        await world.queue.send("work", "bad")
        await world.pump(call, 200)
        assert [(text, count) for text, count, _ in world.seen] == [
            ("bad", 1),
            ("bad", 2),
            ("bad", 3),
        ]
        starts = [start for _, _, start in world.seen]
        # Times are rounded to tenths.
        assert all(29.9 < later - earlier < 32.1 for earlier, later in pairwise(starts))
        assert await world.left() == []
        assert await world.left("work-poison") == [("bad", 1)]

    simulate(tmp_path, story)
    assert "failed 3 times and is now on work-poison" in caplog.text


def test_message_whose_processes_died_is_set_aside_unseen(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        async def call(message: Message) -> None:
            world.see(message)

        await world.queue.send("work", "deadly")
        for _ in range(3):
            await world.queue.receive("work", 1, 0)
        await world.pump(call, 10)
        assert world.seen == []
        assert await world.left("work-poison") == [("deadly", 1)]

    simulate(tmp_path, story)


def test_poison_queue_has_no_poison_queue(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        async def call(message: Message) -> None:
            world.see(message)
            raise InvocationFailed

        await world.queue.send("work-poison", "worse")
        await world.pump(call, 290, name="work-poison")
        assert 9 <= len(world.seen) <= 10
        assert await world.left("work-poison-poison") == []
        assert len(await world.left("work-poison")) == 1

    simulate(tmp_path, story)


def test_stopped_message_comes_back_at_once(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        async def call(message: Message) -> None:
            world.stop.set()
            raise InvocationStopped

        await world.queue.send("work", "half done")
        await world.pump(call, 1)
        [message] = await world.queue.receive("work", 1, 10)
        assert (message.text, message.dequeue_count) == ("half done", 2)

    simulate(tmp_path, story)


def test_message_that_arrives_with_the_end_is_given_back(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        receive = world.queue.receive

        async def late(name: str, count: int, visibility: float) -> object:
            found = await receive(name, count, visibility)
            world.stop.set()
            return found

        async def call(message: Message) -> None:
            world.see(message)

        world.queue.receive = late  # type: ignore[assignment,method-assign]
        await world.queue.send("work", "too late")
        await world.pump(call, 1)
        assert world.seen == []
        [message] = await receive("work", 1, 10)
        assert message.text == "too late"

    simulate(tmp_path, story)


def test_queue_that_is_away_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(world: World) -> None:
        async def call(message: Message) -> None:
            world.see(message)

        receive, away = world.queue.receive, [True] * 3

        async def failing(name: str, count: int, visibility: float) -> object:
            if away:
                away.pop()
                raise QueueUnavailable("The queue work cannot be reached.")
            return await receive(name, count, visibility)

        world.queue.receive = failing  # type: ignore[assignment,method-assign]
        await world.queue.send("work", "patient")
        await world.pump(call, 5)
        assert [text for text, _, _ in world.seen] == ["patient"]

    simulate(tmp_path, story)
    assert caplog.text.count("The queue work cannot be reached.") == 3
    assert all(record.levelno == logging.WARNING for record in caplog.records)


def test_message_taken_by_another_is_not_deleted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The process was paused beyond its lock: its work was done twice, and nothing is lost."""

    async def story(world: World) -> None:
        async def call(message: Message) -> None:
            world.see(message)
            time = world.queue._time
            world.queue._time = lambda: time() + 2 * LOCK_SECONDS
            await world.queue.receive("work", 1, 1000)

        await world.queue.send("work", "twice")
        await world.pump(call, 5)
        assert [text for text, _, _ in world.seen] == ["twice"]
        assert await world.left() == [("twice", 3)]

    simulate(tmp_path, story)
    assert "received again while it was handled" in caplog.text
