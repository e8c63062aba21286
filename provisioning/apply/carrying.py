"""Carrying out what is planned for one item: each request waits for its slot.

Where writes share requests, those that only add members to one group, or only take some out, wait
at once: in which order they are executed makes no difference.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import takewhile

import msgspec

from provisioning.apply.choosing import Choosing
from provisioning.apply.execution import Execution
from provisioning.apply.recording.outcome import Recorder
from provisioning.apply.sending.batch import Seat
from provisioning.apply.sending.pacer import Turn
from provisioning.apply.sending.sender import Sender, Stopped
from provisioning.case import Case
from provisioning.errors import AnswerLost, Conflict, NotFound, Rejected
from provisioning.job import Job
from provisioning.lanes import WorkItem
from provisioning.model import AddMembers, Key, ObjectType, RemoveMembers
from provisioning.plan import Planned, Skipped
from provisioning.resolve import resolve
from provisioning.scope import GroupGraph

Stopping = Callable[[], bool]


class Later(Exception):
    """The item stays in the work set: the engine is stopping, or a removal goes first."""


class Carrying:
    """Carries out plans. ``most_of_one`` is how many writes of one object go into one request."""

    def __init__(
        self,
        job: Job,
        sender: Sender,
        execution: Execution,
        recorder: Recorder,
        choosing: Choosing,
        most_of_one: Callable[[], int],
    ) -> None:
        self._job = job
        self._sender = sender
        self._execution = execution
        self._recorder = recorder
        self._choosing = choosing
        self._most_of_one = most_of_one
        self._preempted: set[Key] = set()

    def begin(self, key: Key) -> None:
        """The key's work begins anew."""
        self._preempted.discard(key)
        self._execution.forget(key)

    def preempt(self, key: Key) -> None:
        """What is more urgent of the same key goes after its request in flight, at most."""
        self._preempted.add(key)
        self._sender.send_away(key)

    async def carry_out(
        self,
        case: Case,
        plans: list[Planned],
        item: WorkItem,
        stopping: Stopping,
        graph: GroupGraph,
    ) -> bool:
        """Executes the plans in order, and those that a large group has beyond them. True when
        the item is done with. ``graph`` is what they were chosen by. Raises ``Later``.
        """
        single = len(plans) == 1 and case.key.type is ObjectType.USER
        rest: Sequence[Planned] | Skipped = plans
        more = len(plans) >= self._choosing.at_once
        while rest and not isinstance(rest, Skipped):
            await self._job.store.room()
            some = await self._at_once(rest)
            if len(some) > 1:
                if not await self._execute_at_once(case, some, item, stopping):
                    return False
            elif not await self._execute(case, plans, some[0], item, stopping, graph, last=single):
                return False
            rest = rest[len(some) :]
            if rest or more:
                case = await self._after(case, some)
            if more and not rest:
                rest = await self._choosing.plans(case, item)
                more = not isinstance(rest, Skipped) and len(rest) >= self._choosing.at_once
        return single

    async def _execute(
        self,
        case: Case,
        plans: list[Planned],
        plan: Planned,
        item: WorkItem,
        stopping: Stopping,
        graph: GroupGraph,
        *,
        last: bool,
    ) -> bool:
        """Executes one of the plans. False when they are to be chosen anew."""
        proven = await self._execution.is_proven(plan)
        async with self._execution.alone(proven=proven):
            if not proven and await self._execution.is_proven(plan):
                # While it waited another was proven, and by that it may carry more.
                return False
            shared = await self._execution.goes_with_others(plan)
            turn = await self.turn(item, stopping, shared=shared)
            try:
                # The slot has come: what is sent is decided now, not when the wait began.
                late = turn is not None and turn.waited and last
                if late and await self._choosing.again(case, plans, item, graph) != plans:
                    return False
                return await self._execution.execute(case, plan, item, turn, last=last)
            finally:
                if turn is not None:
                    turn.give_back()  # unless it was used

    async def turn(
        self, item: WorkItem, stopping: Stopping, *, shared: bool = False
    ) -> Turn | None:
        """The send slot; a dry run needs none. Raises ``Later`` if the item must wait."""
        turn = None
        if not self._execution.is_dry_run:
            try:
                turn = await self._sender.turn(item.urgency, item.key, shared=shared)
            except Stopped:
                if item.key not in self._preempted:
                    raise
        if stopping() or item.key in self._preempted:
            if turn is not None:
                turn.give_back()
            raise Later
        return turn

    async def ride(
        self, item: WorkItem, stopping: Stopping, until: Callable[[], Awaitable[None]]
    ) -> Seat | None:
        """A seat in a request of others; ``None`` once ``until`` returns. Raises ``Later``."""
        try:
            seat = await self._sender.ride(item.urgency, item.key, until)
        except Stopped:
            if item.key not in self._preempted:
                raise
            raise Later from None
        if stopping() or item.key in self._preempted:
            if seat is not None:
                seat.give_back()
            raise Later
        return seat

    # --- several at once -----------------------------------------------------------------------

    async def _at_once(self, plans: Sequence[Planned]) -> Sequence[Planned]:
        """The first of the plans, with those that may wait beside it."""
        kind, most = type(plans[0].write), self._most_of_one()
        if most < 2 or kind not in (AddMembers, RemoveMembers):
            return plans[:1]
        if not await self._execution.goes_with_others(plans[0]):
            return plans[:1]
        return list(takewhile(lambda plan: type(plan.write) is kind, plans[:most]))

    async def _execute_at_once(
        self, case: Case, plans: Sequence[Planned], item: WorkItem, stopping: Stopping
    ) -> bool:
        recording = asyncio.Lock()

        async def one(plan: Planned) -> bool:
            turn = await self.turn(item, stopping, shared=True)
            try:
                done = await self._execution.send(case, plan, item, turn)
            finally:
                if turn is not None:
                    turn.give_back()  # unless it was used
            if done is not None:
                # What is recorded of one key keeps its order.
                async with recording:
                    await self._execution.record(case, item, done)
            return done is not None

        outcomes = await asyncio.gather(*map(one, plans), return_exceptions=True)
        failures = [
            (plan, outcome)
            for plan, outcome in zip(plans, outcomes, strict=True)
            if isinstance(outcome, BaseException)
        ]
        if failures:
            plan, error = min(failures, key=lambda failure: _gravity(failure[1]))
            self._execution.failed(item.key, plan)
            raise error
        return False not in outcomes

    async def _after(self, case: Case, plans: Sequence[Planned]) -> Case:
        """The case after executed plans: its members in place, since a group may be large."""
        recorded, ours = dict(case.recorded), dict(case.ours)
        for plan in plans:
            write = plan.write
            if isinstance(write, AddMembers):
                recorded.update(dict.fromkeys(write.members, True))
            elif isinstance(write, RemoveMembers):
                recorded.update(dict.fromkeys(write.added, True))
                for id in write.members:
                    recorded.pop(id, None)
                    ours.pop(id, None)
            else:
                return await resolve(self._job, self._recorder.graph, case.key) or case
        return msgspec.structs.replace(case, recorded=recorded, ours=ours)


def _gravity(error: BaseException) -> int:
    """Which of several errors is dealt with first: what ends all work, what has to be looked at,
    what is wrong with one of the requests; and whatever can wait.
    """
    if isinstance(error, Later):
        return 3
    if isinstance(error, NotFound | Conflict | Rejected):
        return 2
    return 1 if isinstance(error, AnswerLost) else 0
