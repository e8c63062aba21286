"""What every kind of queue promises: the embedded one, and Azure's on Azurite."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devhost.azure_queues import AzureReceiver
from provisioning.queues.embedded import EmbeddedQueue
from provisioning.queues.messages import LARGEST, LONGEST_DELAY, Message, Receiver, StaleReceipt
from provisioning.setting_values import Secret
from provisioning.storage.account import StorageAccount

LONG = 60.0


@pytest.fixture(params=["embedded", "azure"])
async def queue(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Receiver]:
    made: Receiver
    if request.param == "embedded":
        made = EmbeddedQueue(tmp_path / "queues.db")
    else:
        secret = Secret(request.getfixturevalue("storage"))
        made = AzureReceiver(StorageAccount(connection_string=secret))
    yield made
    await made.close()


@pytest.fixture
def name() -> str:
    return f"test-{secrets.token_hex(6)}"


async def _one(queue: Receiver, name: str, visibility: float = LONG) -> Message:
    [message] = await queue.receive(name, 1, visibility)
    return message


async def _eventually(queue: Receiver, name: str) -> Message:
    for _ in range(150):
        if found := await queue.receive(name, 1, LONG):
            return found[0]
        await asyncio.sleep(0.02)
    raise AssertionError("the message did not come")


async def test_queue_that_does_not_exist_is_empty(queue: Receiver, name: str) -> None:
    assert list(await queue.receive(name, 32, LONG)) == []


async def test_message_comes_as_it_was_sent_and_once_while_hidden(
    queue: Receiver, name: str
) -> None:
    text = ' {"name": "Ünïcödé <&> \U0001f600", "lines": "a\tb\nc"} '
    await queue.send(name, text)
    message = await _one(queue, name)
    assert (message.text, message.dequeue_count) == (text, 1)
    assert message.inserted < message.next_visible < message.expires
    assert list(await queue.receive(name, 32, LONG)) == []


async def test_at_most_as_many_come_as_are_asked_for(queue: Receiver, name: str) -> None:
    for number in range(5):
        await queue.send(name, str(number))
    first = await queue.receive(name, 3, LONG)
    rest = await queue.receive(name, 32, LONG)
    assert (len(first), len(rest)) == (3, 2)
    assert sorted(each.text for each in [*first, *rest]) == ["0", "1", "2", "3", "4"]


async def test_queues_are_apart(queue: Receiver, name: str) -> None:
    await queue.send(name, "here")
    assert list(await queue.receive(f"{name}-poison", 32, LONG)) == []
    await queue.send(f"{name}-poison", "there")
    assert (await _one(queue, name)).text == "here"


async def test_deleted_message_is_gone_and_its_receipt_too(queue: Receiver, name: str) -> None:
    await queue.send(name, "once")
    message = await _one(queue, name)
    await queue.delete(name, message)
    with pytest.raises(StaleReceipt):
        await queue.delete(name, message)
    with pytest.raises(StaleReceipt):
        await queue.hide(name, message, LONG)
    assert list(await queue.receive(name, 1, LONG)) == []


async def test_message_that_was_not_deleted_comes_again(queue: Receiver, name: str) -> None:
    await queue.send(name, "again")
    first = await _one(queue, name, visibility=1)
    second = await _eventually(queue, name)
    assert (second.id, second.text, second.dequeue_count) == (first.id, "again", 2)
    for call in (queue.delete(name, first), queue.hide(name, first, 0)):
        with pytest.raises(StaleReceipt):
            await call
    await queue.delete(name, second)


async def test_hidden_message_keeps_its_text_and_gets_a_new_receipt(
    queue: Receiver, name: str
) -> None:
    await queue.send(name, "kept")
    first = await _one(queue, name, visibility=1)
    renewed = await queue.hide(name, first, LONG)
    assert renewed.receipt != first.receipt
    with pytest.raises(StaleReceipt):
        await queue.delete(name, first)
    await queue.hide(name, renewed, 0)
    back = await _eventually(queue, name)
    assert (back.text, back.dequeue_count) == ("kept", 2)


async def test_delayed_message_is_not_there_yet(queue: Receiver, name: str) -> None:
    await queue.send(name, "later", delay=0.2)
    assert list(await queue.receive(name, 1, LONG)) == []
    assert (await _eventually(queue, name)).text == "later"


async def test_longest_delay_is_taken(queue: Receiver, name: str) -> None:
    await queue.send(name, "next week", delay=LONGEST_DELAY)
    assert list(await queue.receive(name, 1, LONG)) == []


async def test_largest_message_comes_whole(queue: Receiver, name: str) -> None:
    text = "é" * (LARGEST // 2)
    await queue.send(name, text)
    assert (await _one(queue, name)).text == text


@pytest.mark.parametrize(
    ("text", "delay", "reason"),
    [
        ("x" * (LARGEST + 1), 0.0, "too large"),
        ("é" * (LARGEST // 2 + 1), 0.0, "too large"),
        ("bell \x07", 0.0, "control character"),
        ("x", -1.0, "cannot be delayed"),
        ("x", LONGEST_DELAY + 1.0, "cannot be delayed"),
        ("x", float("nan"), "cannot be delayed"),
    ],
)
async def test_what_no_queue_takes_is_refused(
    queue: Receiver, name: str, text: str, delay: float, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        await queue.send(name, text, delay=delay)


async def test_two_receivers_never_get_the_same_message(queue: Receiver, name: str) -> None:
    for number in range(20):
        await queue.send(name, str(number))
    taken: list[str] = []

    async def take() -> None:
        while found := await queue.receive(name, 3, LONG):
            taken.extend(each.text for each in found)

    await asyncio.gather(take(), take(), take())
    assert sorted(taken, key=int) == [str(number) for number in range(20)]
