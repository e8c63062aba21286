"""Intents: before a POST it is stored what is about to be made.

One that is found open tells of a crash: its key is looked for before it is made again. Those of
creates that were never sent are taken back, so that nobody looks for them.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Mapping, Sequence

from provisioning.case import Case
from provisioning.job import Job
from provisioning.lanes import Aspect, WorkItem
from provisioning.links import Intent
from provisioning.model import Key
from provisioning.resolve import outline
from provisioning.rows.order import in_steps
from provisioning.scope import GroupGraph


class Intents:
    """The intents of one drain. ``ahead`` of them are stored in one write: each that is stored
    when the process dies costs its successor a request. A batch takes them all in one.
    """

    def __init__(self, job: Job, ahead: Callable[[], int]) -> None:
        self._job = job
        self._ahead = ahead
        self._announced: set[str] = set()
        self._open: dict[Key, Intent] = {}
        self._coming: dict[Key, tuple[str, Intent]] = {}
        """Creates that are near, with the place of their item, not stored yet."""
        self._unsent: set[Key] = set()
        self._storing = asyncio.Lock()

    async def announce(
        self, items: Sequence[WorkItem], graph: GroupGraph, known: Mapping[Key, Case]
    ) -> None:
        """Notes the creates that are near, and those whose intent is stored already. ``known`` are
        cases that have just been read.
        """
        new = [item for item in items if item.generation not in self._announced]
        if not new:
            return
        self._announced.update(item.generation for item in new)
        items = [item for item in new if item.aspect is Aspect.OBJECT]
        linked = await self._job.links.get_many(item.key for item in items)
        unlinked = [item for item in items if item.key not in linked]
        stored = await self._job.links.intents.get_many(str(item.key) for item in unlinked)
        for item in unlinked:
            key = item.key
            if str(key) in stored:
                if key not in self._unsent:
                    self._open.setdefault(key, stored[str(key)])
                continue
            case = known.get(key) or await outline(self._job, graph, key)
            if case is not None and case.verdict.active and case.mapped.name:
                self._coming[key] = (item.position, self._intent(case))

    def forget(self, item: WorkItem) -> None:
        """The item is done with, and does not come again."""
        self._announced.discard(item.generation)

    def open(self, key: Key) -> Intent | None:
        """The intent that an earlier process left open, until it was looked for."""
        return self._open.get(key)

    async def reopen(self, key: Key) -> None:
        """The POST was sent, and what came of it could not be told: whoever comes to the key next
        looks first, in this process too.
        """
        intent = await self._job.links.intents.get(str(key))
        if intent is not None:
            self._open[key] = intent

    def looked_for(self, key: Key) -> None:
        """It is known what became of the open intent."""
        self._open.pop(key, None)

    def came_to_nothing(self, key: Key) -> None:
        """What an open intent announced was looked for, and was never made: nobody need look for
        it again.
        """
        self._job.store.defer([self._job.links.intents.drop(str(key))], str(key))

    async def sending(self, case: Case) -> None:
        """The POST is about to be sent: its intent is stored under the name that is sent, and
        those of the next ones with it.
        """
        self._coming.pop(case.key, None)
        # Another task's write may be under way that has this one in it, and not be durable yet.
        async with self._storing:
            stored = await self._job.links.intents.get(str(case.key))
            if stored is None or stored.name != case.name:
                await self._store({case.key: self._intent(case), **self._next()})
        self._unsent.discard(case.key)

    async def _store(self, intents: Mapping[Key, Intent]) -> None:
        rows = [self._job.links.intents.put(str(key), each) for key, each in intents.items()]
        await self._job.store.write(in_steps(rows))

    def _next(self) -> dict[Key, Intent]:
        """The creates that come next, as far as they are stored ahead."""
        coming = self._coming
        nearest = heapq.nsmallest(self._ahead() - 1, coming, key=lambda key: coming[key][0])
        self._unsent.update(nearest)
        return {key: self._coming.pop(key)[1] for key in nearest}

    def withdraw(self, key: Key) -> None:
        """The create was not sent: nothing has to be looked for."""
        self._coming.pop(key, None)
        if key in self._unsent:
            self._unsent.discard(key)
            self._job.store.defer([self._job.links.intents.drop(str(key))], str(key))

    def withdraw_all(self) -> None:
        """The same for all that was announced."""
        for key in list(self._unsent):
            self.withdraw(key)

    def _intent(self, case: Case) -> Intent:
        external = case.mapped.attributes.get("externalId")
        return Intent(case.name, external, self._job.clock.time())
