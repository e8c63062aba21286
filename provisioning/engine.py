"""Works the lanes empty: most urgent first, one request for each send slot, one task for each key.

A key leaves the work set only after its outcome is recorded. Whatever stops the engine, the next
one goes on from what is stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from provisioning.apply.attempts import Attempts
from provisioning.apply.provision import Provisioner
from provisioning.apply.read_ahead import ReadAhead
from provisioning.apply.ready import Ready
from provisioning.apply.standing_back import StandingBack
from provisioning.drained import Drained, DrainEnd
from provisioning.errors import ProvisioningError
from provisioning.in_flight import InFlight
from provisioning.job import Job
from provisioning.lanes import Aspect, Lane, WorkItem
from provisioning.resolve import load_graph
from provisioning.unsure import MOST_AT_ONCE

LOOK_EVERY = 0.25
"""Seconds between looks at the urgent lanes of the store, at most."""

_WINDOW = 48
"""Keys that are worked on at once, at least; at most ``MOST_AT_ONCE``."""
_BATCHES_AT_ONCE = 8
"""That are prepared, sent or recorded at once, where writes share requests."""
_GRAPH_AGE = 5.0


class Incoming(Protocol):
    """What arrives while the lanes are drained, and files work of its own."""

    async def look(self) -> None:
        """Begins to take up what waits; does not wait for it."""
        ...

    def under_way(self) -> asyncio.Task[None] | None:
        """What is being taken up, and files its work when it is done."""
        ...

    async def settle(self) -> None:
        """Returns when nothing waits any more."""
        ...

    async def stop(self) -> None:
        """Ends what is under way."""
        ...


async def _never() -> bool:
    """Nobody ends it."""
    return False


class Engine:
    """Drains the work set of one job. ``lanes`` limits it to the most urgent ones; ``batch`` says
    how many writes go into one request, ``may_refer`` whether one may name what another creates.
    """

    def __init__(
        self,
        job: Job,
        provisioner: Provisioner,
        *,
        deadline: float | None = None,
        lanes: tuple[Lane, ...] = tuple(Lane),
        progress: Callable[[], None] = lambda: None,
        dry_run: bool = False,
        arrivals: Incoming | None = None,
        failing: Callable[[], ProvisioningError | None] = lambda: None,
        halted: Callable[[], Awaitable[bool]] = _never,
        batch: Callable[[], int] = lambda: 1,
        may_refer: Callable[[], bool] = lambda: False,
    ) -> None:
        self._job = job
        self._batch = batch
        self._failing = failing
        self._halted = halted
        self._arrivals = arrivals
        self._provisioner = provisioner
        self._deadline = deadline
        self._lanes = lanes
        self._progress = progress
        self._dry_run = dry_run
        self._read_ahead = ReadAhead(job)
        self._stop: Drained | None = None
        self._active = InFlight(job.clock)
        self._standing_back = StandingBack()
        self._ready = Ready(self._active, self._standing_back, may_refer)
        self._attempts = Attempts(
            job,
            provisioner,
            self._active,
            self._ready,
            self._standing_back,
            stopping=lambda: self._stop is not None,
            end=self._end,
        )
        self._cursor: dict[Lane, str] = {}
        self._looked_at = self._graph_at = float("-inf")
        self._graph_time = 0.0
        """When the groups were loaded, by the clock that items are filed by."""
        self._took_up = False
        """Whether something was read from Entra since then."""
        self._take_up: asyncio.Task[None] | None = None
        """What was taken up last: it counts once."""

    async def drain(self) -> Drained:
        """Works until nothing is left, the budget is spent, or ZSCloud refuses or is away.

        ``failing``, given to the engine, says whether too many of those tried have failed;
        ``halted`` whether an operator wants it to end.
        """
        try:
            while True:
                await self._look(self._arrivals)
                if self._stop is None:
                    self._ready.begin(self._window, self._attempts.work)
                else:
                    self._ready.clear()
                if not self._active:
                    if self._stop or not await self._anything_to_begin():
                        break
                    continue
                await self._wait()
                self._check_budget()
                self._check_failures()
        except BaseException:
            await self._active.abandon()
            raise
        finally:
            self._active.close()
            if self._arrivals is not None:
                await self._arrivals.stop()
        self._provisioner.intents.withdraw_all()
        await self._job.store.flush()
        return self._stop or Drained(DrainEnd.EMPTY)

    # --- choosing ------------------------------------------------------------------------------

    async def _look(self, arrivals: Incoming | None) -> None:
        """Takes new items from the lanes: the urgent ones at every look, the rest as they fit."""
        now, window = self._job.clock.monotonic(), self._window
        if self._stop is not None:
            return
        if now - self._graph_at >= _GRAPH_AGE:
            await self._load_graph()
        if now - self._looked_at >= LOOK_EVERY:
            self._looked_at = now
            if await self._halted():
                self._end(Drained(DrainEnd.HALTED))
                return
            await self._look_at_urgent(arrivals, window)
        for lane in (Lane.LIVE, Lane.BULK):
            if lane in self._lanes and len(self._ready.items) + len(self._active) < window:
                await self._fill(lane, window)
        self._note_take_up(arrivals)
        if self._took_up and self._needs_what_it_read():
            await self._load_graph()
        if self._ready.unannounced:
            await self._announce()

    async def _load_graph(self) -> None:
        self._graph_at, self._graph_time = self._job.clock.monotonic(), self._job.clock.time()
        self._took_up = self._is_taking_up()
        graph = await load_graph(self._job)
        if graph != self._provisioner.graph:
            # What was decided by an equal one still holds.
            self._provisioner.graph = graph

    def _note_take_up(self, arrivals: Incoming | None) -> None:
        task = None if arrivals is None else arrivals.under_way()
        if task is not None and task is not self._take_up:
            self._take_up, self._took_up = task, True

    def _is_taking_up(self) -> bool:
        task = None if self._arrivals is None else self._arrivals.under_way()
        return task is not None and not task.done()

    def _needs_what_it_read(self) -> bool:
        """Whether the groups are to be loaded anew for what is ready. By the groups as they were
        before, nothing would be left to do of what was filed since; and whom nothing was filed for,
        since there is nothing to be taken away yet, would be let in.
        """
        items = self._ready.items.values()
        if items and not self._is_taking_up():
            return True
        return any(item.filed_at >= self._graph_time for item in items)

    async def _look_at_urgent(self, arrivals: Incoming | None, window: int) -> None:
        await self._promote_due()
        if arrivals is not None:
            await arrivals.look()
        for lane in (Lane.LEAVERS, Lane.ON_DEMAND):
            if lane in self._lanes:
                self._take(await self._job.work.page(lane, limit=window))

    async def _announce(self) -> None:
        """Reads ahead for what is near, and stores its intents; a dry run has none."""
        items = self._ready.announced()
        graph = self._provisioner.graph
        known = await self._read_ahead.read(items, graph)
        self._provisioner.know(known)
        if not self._dry_run:
            await self._provisioner.intents.announce(items, graph, known)

    async def _promote_due(self) -> None:
        due = await self._job.work.due(self._job.clock.time())
        rows = [
            row
            for entry in due
            if entry.item.lane in self._lanes
            for row in self._job.work.promote(entry)
        ]
        if rows:
            await self._job.store.write(rows)

    @property
    def _window(self) -> int:
        """Keys that are worked on at once, but for urgent ones."""
        return max(_WINDOW, min(MOST_AT_ONCE, (self._batch() - 1) * _BATCHES_AT_ONCE))

    async def _fill(self, lane: Lane, window: int) -> None:
        items = await self._job.work.page(lane, self._cursor.get(lane, ""), window)
        self._cursor[lane] = items[-1].position if items else ""
        self._take(items)

    def _take(self, items: list[WorkItem]) -> None:
        for item in items:
            active = self._active.of(item.key)
            if active == item:
                continue
            if active is not None and (
                item.aspect is Aspect.REMOVAL or item.lane < min(active.lane, Lane.LIVE)
            ):
                # What is urgent does not wait behind the same key's additions, or for their slot.
                self._provisioner.preempt(item.key)
            self._ready.add(item)

    async def _anything_to_begin(self) -> bool:
        """Whether anything is left, while nothing is under way. If all that is ready stands back,
        those whom it waits for have items in the store; if not, nobody is waited for any more.
        """
        if self._ready.waits_in_vain():
            return True
        if self._arrivals is not None:
            await self._arrivals.settle()
            self._took_up = True
        self._cursor.clear()
        self._looked_at = float("-inf")
        await self._look(arrivals=None)
        return bool(self._ready.items)

    # --- waiting -------------------------------------------------------------------------------

    async def _wait(self) -> None:
        """Until a task has ended, something has arrived, or a look is due."""
        if not self._active:
            return
        # Once it is to end nobody asks what came, and what is done would end each wait at once.
        arriving = None if self._arrivals is None or self._stop else self._arrivals.under_way()
        left = self._looked_at + LOOK_EVERY - self._job.clock.monotonic()
        await self._active.wait(left if left > 0 else LOOK_EVERY, arriving)
        if arriving is not None and arriving.done():
            self._looked_at = float("-inf")  # What it filed may be urgent.
        for item in self._active.take_ended():
            self._read_ahead.forget(item)
            self._standing_back.worked(item.key)
        self._progress()

    def _check_budget(self) -> None:
        over = self._deadline is not None and self._job.clock.monotonic() >= self._deadline
        if over:
            self._end(Drained(DrainEnd.BUDGET))

    def _check_failures(self) -> None:
        error = self._failing()
        if error is not None:
            self._end(Drained(DrainEnd.FAILING, error))

    def _end(self, end: Drained) -> None:
        """No more work begins; who waits for a slot is sent away, who has sent is awaited."""
        if self._stop is None:
            self._stop = end
            self._provisioner.stop()
