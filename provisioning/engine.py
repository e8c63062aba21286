"""Works the lanes empty: most urgent first, one request for each send slot, one task for each key.

A key leaves the work set only after its outcome is recorded. Whatever stops the engine, the next
one goes on from what is stored.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from provisioning.apply.naming import Blocked
from provisioning.apply.outage import Follow, Outage
from provisioning.apply.provision import Provisioner
from provisioning.apply.read_ahead import ReadAhead
from provisioning.apply.sending.sender import Halted, Stopped
from provisioning.apply.standing_back import StandingBack, Step
from provisioning.drained import Drained, DrainEnd
from provisioning.errors import (
    Conflict,
    CredentialsRefused,
    EndpointGone,
    LeaseUnavailable,
    ProvisioningError,
    RemoteError,
    StoreUnavailable,
)
from provisioning.in_flight import InFlight
from provisioning.job import Job
from provisioning.lanes import Aspect, Lane, Rank, WorkItem
from provisioning.model import Key, ObjectType
from provisioning.resolve import load_graph
from provisioning.unsure import MOST_AT_ONCE

_log = logging.getLogger(__name__)

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
        self._may_refer = may_refer
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
        self._active = InFlight(job.clock)
        self._ready: dict[str, WorkItem] = {}
        self._unannounced = False
        """Whether there are items among those ready that nothing was read ahead for."""
        self._standing_back = StandingBack()
        self._looked_in_vain = False
        """Whether all that was ready stood back, and nothing has begun since a look for more."""
        self._outage = Outage()
        self._cursor: dict[Lane, str] = {}
        self._stop: Drained | None = None
        self._looked_at = self._graph_at = float("-inf")
        self._graph_time = 0.0
        """When the groups were loaded, by the clock that items are filed by."""
        self._took_up = False
        """Whether something was read from Entra since then."""

    async def drain(self) -> Drained:
        """Works until nothing is left, the budget is spent, or ZSCloud refuses or is away.

        ``failing``, given to the engine, says whether too many of those tried have failed;
        ``halted`` whether an operator wants it to end.
        """
        try:
            while True:
                await self._look(self._arrivals)
                self._start_ready()
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
            if lane in self._lanes and len(self._ready) + len(self._active) < window:
                await self._fill(lane, window)
        self._took_up |= arrivals is not None and arrivals.under_way() is not None
        if self._took_up and any(i.filed_at >= self._graph_time for i in self._ready.values()):
            # By the groups as they were before, nothing would be left to do of what they brought.
            await self._load_graph()
        if self._unannounced:
            await self._announce()

    async def _load_graph(self) -> None:
        self._graph_at, self._graph_time = self._job.clock.monotonic(), self._job.clock.time()
        self._took_up = self._arrivals is not None and self._arrivals.under_way() is not None
        graph = await load_graph(self._job)
        if graph != self._provisioner.graph:
            # What was decided by an equal one still holds.
            self._provisioner.graph = graph

    async def _look_at_urgent(self, arrivals: Incoming | None, window: int) -> None:
        await self._promote_due()
        if arrivals is not None:
            await arrivals.look()
        for lane in (Lane.LEAVERS, Lane.ON_DEMAND):
            if lane in self._lanes:
                self._take(await self._job.work.page(lane, limit=window))

    async def _announce(self) -> None:
        """Reads ahead for what is near, and stores its intents; a dry run has none."""
        self._unannounced = False
        items = list(self._ready.values())
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
            self._make_ready(item)

    def _make_ready(self, item: WorkItem) -> None:
        if self._ready.setdefault(item.position, item) is item:
            self._unannounced = True

    async def _anything_to_begin(self) -> bool:
        """Whether anything is left, while nothing is under way. If all that is ready stands back,
        those whom it waits for have items in the store; if not, nobody is waited for any more.
        """
        if self._ready and self._looked_in_vain:
            self._standing_back.give_up_waiting()
            return True
        self._looked_in_vain = bool(self._ready)
        if self._arrivals is not None:
            await self._arrivals.settle()
            self._took_up = True
        self._cursor.clear()
        self._looked_at = float("-inf")
        await self._look(arrivals=None)
        return bool(self._ready)

    # --- working -------------------------------------------------------------------------------

    def _start_ready(self) -> None:
        if self._stop is not None:
            self._ready.clear()
            return
        window, first = self._window, dict[Lane, Lane | None]()
        for position in sorted(self._ready):
            item = self._ready[position]
            if len(self._active) >= window and item.lane > Lane.ON_DEMAND:
                return
            if item.key in self._active or self._waits(item, first):
                continue
            del self._ready[position]
            self._looked_in_vain = False
            self._active.start(item, self._work(item))

    def _waits(self, item: WorkItem, first: dict[Lane, Lane | None]) -> bool:
        """Users go before the groups of their lane: their ids are wanted there. ``first`` keeps for
        each lane what is found when its first group is looked at, after its users.
        """
        if item.key in self._standing_back:
            return True
        if item.rank < Rank.GROUPS:
            return False
        if item.lane not in first:
            first[item.lane] = self._first_users()
        users = first[item.lane]
        return users is not None and users <= item.lane

    def _first_users(self) -> Lane | None:
        """The most urgent lane that has users in flight or ready. Those in flight do not count
        where a group may travel with them.
        """
        active = [] if self._may_refer() else self._active.items
        items = [*active, *self._ready.values()]
        return min((item.lane for item in items if item.key.type is ObjectType.USER), default=None)

    async def _work(self, item: WorkItem) -> None:
        key, lane = item.key, item.lane.value
        with self._job.telemetry.item(key.type.value, key.id, lane, item.origins):
            await self._attempt(item)

    async def _attempt(self, item: WorkItem) -> None:
        try:
            await self._provisioner.provision(item, stopping=lambda: self._stop is not None)
            self._outage.got_through()
        except Blocked as blocked:
            await self._block(item, blocked)
        except Halted:
            self._end(Drained(DrainEnd.HALTED))
        except Stopped:
            self._end(Drained(DrainEnd.BUDGET))
        except CredentialsRefused as error:
            self._end(Drained(DrainEnd.REFUSED, error))
        except LeaseUnavailable as error:
            self._end(Drained(DrainEnd.LEASE_LOST, error))
        except EndpointGone as error:
            self._end(Drained(DrainEnd.UNAVAILABLE, error))
        except RemoteError as error:
            await self._unreachable(item, error)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  the boundary of one object's work
            # A fault of ours in one object must not stop everybody else's work.
            _log.exception("provisioning %s failed", item.key)
            await self._provisioner.set_aside(item, _internal(item, error))

    async def _unreachable(self, item: WorkItem, error: RemoteError) -> None:
        """The item stays where it is, unless it alone cannot be reached, time and again."""
        follow = self._outage.missed(item.key, error)
        if follow is Follow.END:
            self._end(Drained(DrainEnd.UNAVAILABLE, error))
        elif follow is Follow.SET_ASIDE:
            await self._provisioner.set_aside(item, error)

    async def _block(self, item: WorkItem, blocked: Blocked) -> None:
        """The newcomer waits for the holder of its name; a ring is broken by a name of our own, and
        so does a holder give its name up.
        """
        holder, step = blocked.holder, self._standing_back.blocked(item.key, blocked)
        if step is Step.HOPELESS:
            await self._provisioner.set_aside(item, _name_taken(item, holder))
            return
        if step is Step.RING:
            self._provisioner.ring(item.key)
        elif holder not in self._active:
            if step is Step.GIVE_UP:
                self._standing_back.giving_up(holder)
                self._provisioner.give_up(holder)
            await self._file_first(item, holder)
        self._make_ready(item)

    async def _file_first(self, item: WorkItem, holder: Key) -> None:
        first = msgspec.structs.replace(
            item,
            key=holder,
            aspect=Aspect.OBJECT,
            cause="name",
            generation=self._job.ids.new(),
        )
        await self._job.store.write(self._job.work.file([first]))
        self._make_ready(first)

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


def _name_taken(item: WorkItem, holder: Key) -> Conflict:
    return Conflict(
        "ZSCloud",
        f"provision {item.key}",
        f"its name in ZSCloud is still that of {holder}, which could not be renamed",
        remedy=f"See why in the log of {holder.id}; this object follows by itself.",
    )


def _internal(item: WorkItem, error: Exception) -> RemoteError:
    return RemoteError(
        "ZSCloud",
        f"provision {item.key}",
        f"a fault of this program: {error!r}",
        remedy="Report this with the log; the object is tried again.",
    )
