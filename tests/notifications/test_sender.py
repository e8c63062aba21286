"""Hints on their way to the queue, on simulated time."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from provisioning.errors import QueueUnavailable
from provisioning.notifications.message import HintMessage, decode
from provisioning.notifications.sender import PAUSE, HintSender
from tests.scenarios.simulation import RunningClock
from tests.simulated_time import run_simulated
from tests.support.memory_queue import MemoryQueue


class SlowQueue(MemoryQueue):
    """Takes a while for each message."""

    def __init__(self, seconds: float = 0.005) -> None:
        clock = RunningClock()
        super().__init__(clock.time)
        self._seconds = seconds
        self.users: set[str] = set()
        """Whom the messages named."""

    async def send(self, name: str, text: str, *, delay: float = 0.0) -> None:
        await asyncio.sleep(self._seconds)
        await super().send(name, text, delay=delay)
        self.users |= set(decode(text.encode()).users)

    @property
    def sent(self) -> list[HintMessage]:
        return [decode(text.encode()) for _, _, text in self.messages]


def told(*users: str, **more: Any) -> HintMessage:
    return HintMessage(told=RunningClock().time(), users=dict.fromkeys(users, 0), **more)


def run(story: Any) -> Any:
    return run_simulated(story).result


def test_a_single_hint_goes_at_once() -> None:
    async def story() -> None:
        queue = SlowQueue()
        began = asyncio.get_running_loop().time()
        await HintSender(queue, RunningClock()).send(told("a"))
        assert asyncio.get_running_loop().time() - began < 0.01
        assert [set(message.users) for message in queue.sent] == [{"a"}]

    run(story)


def test_a_flood_makes_few_messages_and_nobody_is_answered_too_early() -> None:
    async def story() -> None:
        queue = SlowQueue()
        sender = HintSender(queue, RunningClock())
        early = []

        async def call(number: int) -> None:
            await asyncio.sleep(number * 0.0006)
            key = str(number % 700)
            await sender.send(told(key))
            if key not in queue.users:
                early.append(key)

        await asyncio.gather(*(call(number) for number in range(10_000)))
        assert early == []
        assert len(queue.sent) <= 6 / PAUSE + 2  # the flood lasts six seconds
        assert max(len(text) for _, _, text in queue.messages) < 48 * 1024

    run(story)


def test_more_keys_than_a_message_takes_are_several() -> None:
    async def story() -> None:
        queue = SlowQueue()
        users = dict.fromkeys((f"{n:036d}" for n in range(1500)), 14_400_000)
        groups = dict.fromkeys((f"{n:036d}" for n in range(900)), 14_400_000)
        message = HintMessage(told=1.0, users=users, groups=groups, feeds=True)
        await HintSender(queue, RunningClock()).send(message)
        assert [len(each.users) + len(each.groups) for each in queue.sent] == [1000, 1000, 400]
        assert [each.feeds for each in queue.sent] == [True, False, False]
        assert {id for each in queue.sent for id in each.users} == set(users)
        assert {id for each in queue.sent for id in each.groups} == set(groups)
        assert max(len(text) for _, _, text in queue.messages) < 48 * 1024

    run(story)


def test_what_waits_is_bounded_and_the_feeds_know_the_rest() -> None:
    async def story() -> None:
        queue = SlowQueue(seconds=1.0)
        sender = HintSender(queue, RunningClock())
        calls = [
            asyncio.create_task(sender.send(told(*(f"{start}-{n}" for n in range(1000)))))
            for start in range(30)
        ]
        await asyncio.sleep(20.0)
        await asyncio.gather(*calls, return_exceptions=True)
        keys = sum(len(message.users) for message in queue.sent)
        assert keys <= 10_000
        assert any(message.feeds for message in queue.sent)

    run(story)


def test_nobody_waits_for_longer_than_graph_does() -> None:
    """The queue takes 8 seconds for each: whoever comes while one is under way waits for it too."""

    async def story() -> list[float]:
        queue = SlowQueue(seconds=8.0)
        sender = HintSender(queue, RunningClock())
        times: list[float] = []

        async def call(number: int) -> None:
            await asyncio.sleep(number)
            began = asyncio.get_running_loop().time()
            with pytest.raises(QueueUnavailable, match="5 seconds"):
                await sender.send(told(str(number)))
            times.append(asyncio.get_running_loop().time() - began)

        await asyncio.gather(*(call(number) for number in range(10)))
        await asyncio.sleep(30.0)
        # Who gave up did not take the hint away: it came late.
        assert {id for message in queue.sent for id in message.users} == set("0123456789")
        return times

    assert max(run(story)) <= 5.001


def test_at_the_end_of_the_process_nobody_hangs() -> None:
    async def story() -> None:
        sender = HintSender(SlowQueue(seconds=3.0), RunningClock())
        calls = [asyncio.create_task(sender.send(told(str(n)))) for n in range(3)]
        await asyncio.sleep(1.0)
        calls.append(asyncio.create_task(sender.send(told("late"))))
        await asyncio.sleep(0)
        assert sender._sending is not None
        sender._sending.cancel()
        done = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(each) for each in done] == [asyncio.CancelledError] * 4
        assert asyncio.get_running_loop().time() < 1.1

    run(story)


def test_a_failed_send_fails_those_who_waited_for_it_and_nobody_else() -> None:
    async def story() -> None:
        queue = SlowQueue()
        sender = HintSender(queue, RunningClock())
        queue.is_down = True
        failed = await asyncio.gather(
            *(sender.send(told(str(n))) for n in range(5)), return_exceptions=True
        )
        assert [type(each) for each in failed] == [QueueUnavailable] * 5
        queue.is_down = False
        await sender.send(told("again"))
        assert {id for message in queue.sent for id in message.users} == {"again"}

    run(story)


def test_a_caller_who_goes_away_takes_nothing_from_the_others() -> None:
    async def story() -> None:
        queue = SlowQueue()
        sender = HintSender(queue, RunningClock())
        calls = [asyncio.create_task(sender.send(told(str(n)))) for n in range(5)]
        await asyncio.sleep(0)
        calls[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await calls[0]
        await asyncio.gather(*calls[1:])
        assert {id for message in queue.sent for id in message.users} >= set("1234")

    run(story)


def test_messages_are_json_that_the_function_decodes() -> None:
    async def story() -> None:
        queue = SlowQueue()
        await HintSender(queue, RunningClock()).send(told("a", lifecycle={"s": "missed"}))
        [(_, name, text)] = queue.messages
        assert name == "provisioning-hints"
        assert json.loads(text)["lifecycle"] == {"s": "missed"}

    run(story)
