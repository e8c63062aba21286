"""Queues in memory, for tests that deliver the messages themselves."""

from __future__ import annotations

from collections.abc import Callable

from provisioning.errors import QueueUnavailable


class MemoryQueue:
    """``messages`` are what was sent: the time at which each appears, the queue, the text."""

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self.messages: list[tuple[float, str, str]] = []
        self.is_down = False

    async def send(self, name: str, text: str, *, delay: float = 0.0) -> None:
        if self.is_down:
            raise QueueUnavailable("The queue is down.")
        self.messages.append((self._time() + delay, name, text))

    def take(self) -> str | None:
        """The text of a message that has appeared, oldest first."""
        now = self._time()
        ready = sorted(message for message in self.messages if message[0] <= now)
        if not ready:
            return None
        self.messages.remove(ready[0])
        return ready[0][2]

    def take_any(self) -> tuple[str, str] | None:
        """Queue and text of a message that has appeared, oldest first."""
        now = self._time()
        ready = sorted(message for message in self.messages if message[0] <= now)
        if not ready:
            return None
        self.messages.remove(ready[0])
        return ready[0][1:]

    async def close(self) -> None:
        """Keeps the messages: they outlive a process."""
