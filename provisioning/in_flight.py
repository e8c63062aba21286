"""What the engine works on at this moment, and the wait until there is something to be done.

One event is waited for, whatever sets it: to hand all tasks to ``asyncio.wait`` at each turn would
cost as much as there are tasks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from functools import partial
from typing import Any

from provisioning.lanes import WorkItem
from provisioning.model import Key
from provisioning.ports import Clock


class InFlight:
    """Items that are worked on, one for each key, each in a task of its own."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tasks: dict[Key, tuple[WorkItem, asyncio.Task[None]]] = {}
        self._ended: list[Key] = []
        self._something = asyncio.Event()
        self._timer: asyncio.Task[None] | None = None
        self._arriving: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """How many there are."""
        return len(self._tasks)

    def __contains__(self, key: Key) -> bool:
        """Whether the key is worked on."""
        return key in self._tasks

    def of(self, key: Key) -> WorkItem | None:
        """The item of the key that is worked on."""
        found = self._tasks.get(key)
        return None if found is None else found[0]

    @property
    def items(self) -> Iterable[WorkItem]:
        """All of them."""
        return [item for item, _ in self._tasks.values()]

    def start(self, item: WorkItem, work: Coroutine[Any, Any, None]) -> None:
        """Works on an item whose key is not worked on."""
        task = asyncio.create_task(work)
        task.add_done_callback(partial(self._note, item.key))
        self._tasks[item.key] = (item, task)

    async def wait(self, seconds: float, arriving: asyncio.Task[None] | None) -> None:
        """Until one of them or ``arriving`` has ended, or ``seconds`` have passed: of the wait
        that began to count, as long as that count goes on.
        """
        if self._timer is None or self._timer.done():
            self._timer = asyncio.create_task(self._clock.sleep(seconds))
            self._timer.add_done_callback(self._wake)
        if arriving is not None and arriving.done():
            return
        if arriving is not None and arriving is not self._arriving:
            arriving.add_done_callback(self._wake)
            self._arriving = arriving
        await self._something.wait()
        self._something.clear()

    def take_ended(self) -> list[WorkItem]:
        """Those whose work has ended since the last call. Raises what it raised."""
        ended, self._ended = self._ended, []
        found: list[WorkItem] = []
        for key in ended:
            item, task = self._tasks.pop(key)
            task.result()
            found.append(item)
        return found

    async def abandon(self) -> None:
        """Ends all work as it is."""
        tasks = [task for _, task in self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def close(self) -> None:
        """Nothing is waited for any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _note(self, key: Key, _: asyncio.Task[None]) -> None:
        self._ended.append(key)
        self._something.set()

    def _wake(self, _: asyncio.Task[None]) -> None:
        self._something.set()
