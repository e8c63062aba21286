"""Intents: before a POST it is stored what is about to be made.

One that is found open tells of a crash: its key is looked for before it is made again. Those of
creates that were never sent are taken back, so that nobody looks for them.
"""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.case import Case
from provisioning.job import Job
from provisioning.lanes import Aspect, WorkItem
from provisioning.links import Intent
from provisioning.model import Key
from provisioning.resolve import resolve
from provisioning.rows.order import in_steps
from provisioning.scope import GroupGraph


class Intents:
    """The intents of one drain."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._announced: set[str] = set()
        self._open: dict[Key, Intent] = {}
        self._unsent: set[Key] = set()

    async def announce(self, items: Sequence[WorkItem], graph: GroupGraph) -> None:
        """Stores the intents of creates that are near, in one write, before any is sent."""
        new = [item for item in items if item.generation not in self._announced]
        if not new:
            return
        self._announced.update(item.generation for item in new)
        keys = {item.key for item in new if item.aspect is Aspect.OBJECT}
        linked = await self._job.links.get_many(keys)
        unlinked = sorted(key for key in keys if key not in linked)
        stored = await self._job.links.intents.get_many(str(key) for key in unlinked)
        rows = []
        for key in unlinked:
            if str(key) in stored:
                if key not in self._unsent:
                    self._open.setdefault(key, stored[str(key)])
                continue
            case = await resolve(self._job, graph, key)
            if case is not None and case.verdict.active and case.mapped.name:
                rows.append(self._job.links.intents.put(str(key), self._intent(case)))
                self._unsent.add(key)
        if rows:
            await self._job.store.write(in_steps(rows))

    def take_open(self, key: Key) -> Intent | None:
        """The intent that an earlier process left open, once."""
        return self._open.pop(key, None)

    async def sending(self, case: Case) -> None:
        """The POST is about to be sent: its intent is stored under the name that is sent."""
        stored = await self._job.links.intents.get(str(case.key))
        if stored is None or stored.name != case.name:
            row = self._job.links.intents.put(str(case.key), self._intent(case))
            await self._job.store.write([row])
        self._unsent.discard(case.key)

    def withdraw(self, key: Key) -> None:
        """The create was not sent: nothing has to be looked for."""
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
