"""The embedded queue between processes: none loses what it was told, and none is alone."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provisioning.queues.embedded import EmbeddedQueue
from tests.devhost.served import ROOT, environment

RECEIVE = """
import asyncio, sys
from provisioning.queues.embedded import EmbeddedQueue

async def main():
    queue = EmbeddedQueue(sys.argv[1])
    while found := await queue.receive("work", 2, 60):
        for message in found:
            print(message.text, message.dequeue_count, flush=True)
            if message.text == "stop":
                sys.stdin.readline()
            await queue.delete("work", message)
    await queue.close()

asyncio.run(main())
"""


@contextmanager
def _receiver(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that prints and deletes messages, and waits when it has got ``stop``."""
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", RECEIVE, str(path)],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


async def test_message_of_a_killed_receiver_comes_again(tmp_path: Path) -> None:
    path, ahead = tmp_path / "queues.db", 0.0
    queue = EmbeddedQueue(path, time=lambda: time.time() + ahead)
    await queue.send("work", "stop")
    with _receiver(path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "stop 1\n"
    assert list(await queue.receive("work", 1, 60)) == []
    ahead = 61.0
    [message] = await queue.receive("work", 1, 60)
    assert (message.text, message.dequeue_count) == ("stop", 2)
    await queue.close()


async def test_processes_share_the_messages(tmp_path: Path) -> None:
    path = tmp_path / "queues.db"
    queue = EmbeddedQueue(path)
    for number in range(60):
        await queue.send("work", str(number))
    with _receiver(path) as one, _receiver(path) as two:
        printed = [process.communicate(timeout=30)[0].split() for process in (one, two)]
        assert (one.returncode, two.returncode) == (0, 0)
    texts = [int(text) for lines in printed for text in lines[::2]]
    assert sorted(texts) == list(range(60))
    assert {count for lines in printed for count in lines[1::2]} == {"1"}
    await queue.close()


async def test_message_outlives_its_sender(tmp_path: Path) -> None:
    path = tmp_path / "queues.db"
    sender = EmbeddedQueue(path)
    await sender.send("work", "kept")
    await sender.close()
    assert path.stat().st_mode & 0o077 == 0
    receiver = EmbeddedQueue(path)
    [message] = await receiver.receive("work", 1, 60)
    assert message.text == "kept"
    await receiver.close()


async def test_message_that_nobody_took_expires(tmp_path: Path) -> None:
    now = 1000.0
    queue = EmbeddedQueue(tmp_path / "queues.db", time=lambda: now)
    await queue.send("work", "old", delay=100)
    now += 100 + 7 * 24 * 3600 - 1
    assert len(await queue.receive("work", 1, 0)) == 1
    now += 1
    assert list(await queue.receive("work", 1, 0)) == []
    await queue.close()
